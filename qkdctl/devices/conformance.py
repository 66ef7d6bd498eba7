"""What every driver must keep, in this tree or not; `check_driver` says what a class does not.

For a package of drivers one test is enough:

    from qkdctl.devices.conformance import check_driver

    def test_my_driver_conforms():
        assert check_driver(MyDriver) == []
"""

import inspect
import math
import re
from collections.abc import Iterator

from qkdctl.devices.address import parse_address
from qkdctl.devices.attributes import Attribute
from qkdctl.devices.device import MAXIMUM, Device, DeviceOptions
from qkdctl.devices.kinds import REQUIRED_ATTRIBUTES, DeviceKind
from qkdctl.devices.text import Line, LineDevice

#: Unit -> how attribute names end that carry it.
UNITS = {
    "dB": "_db", "dB/s": "_db_per_s", "dBm": "_dbm", "W": "_w", "A": "_a", "mA": "_ma", "uA": "_ua", "V": "_v",
    "mV": "_mv", "Hz": "_hz", "nm": "_nm", "m": "_m", "s": "_s", "ms": "_ms", "ns": "_ns", "ps": "_ps",
    "degC": "_degc", "ohm": "_ohm", "1e-6 photons": "_e6",
}  # fmt: skip
_NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
_REFUSED_OVERRIDES = ("connect", "identify", "read", "write", "write_verified", "check", "limits", "to_safe_state")


def check_driver(driver: type[Device]) -> list[str]:
    """Everything in which a driver class departs from the conventions, one sentence each; nothing when it conforms."""
    problems = [*_class_problems(driver), *_attribute_problems(driver), *_kind_problems(driver)]
    problems += [*_safety_problems(driver), *_construction_problems(driver)]
    return [f"{driver.__name__}: {problem}" for problem in problems]


def _class_problems(driver: type[Device]) -> Iterator[str]:
    if not (driver.__doc__ or "").strip():
        yield "has no docstring; expected what it is and what it does differently"
    module = inspect.getdoc(inspect.getmodule(driver)) or ""
    if "Source:" not in module:
        yield 'its module\'s docstring names no source; expected "Source: <manual>, <chapters>"'
    if not isinstance(getattr(driver, "kind", None), DeviceKind):
        yield "kind is no DeviceKind"
    try:
        re.compile(driver.identity_pattern)
    except (AttributeError, re.error, TypeError) as error:
        yield f"identity_pattern is no regular expression: {error}"
    try:
        parse_address(driver.address_example)
    except ValueError as error:
        yield f"address_example: {error}"
    for name in _REFUSED_OVERRIDES:
        if getattr(driver, name) is not getattr(Device, name):
            yield f"overrides {name}, where limits and read-back are kept; implement the hooks instead"


def _attribute_problems(driver: type[Device]) -> Iterator[str]:
    names = [attribute.name for attribute in driver.attributes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"declares {name} twice"
    if not names:
        yield "declares no attribute"
    for attribute in driver.attributes:
        yield from (f"{attribute.name}: {problem}" for problem in _one_attribute(driver, attribute))


def _one_attribute(driver: type[Device], attribute: Attribute) -> Iterator[str]:
    if not _NAME.match(attribute.name):
        yield "is not snake_case"
    if not attribute.description:
        yield "has no description"
    if attribute.unit and attribute.unit not in UNITS:
        yield f"unit {attribute.unit!r} is unknown; known are {', '.join(UNITS)}"
    elif attribute.unit and not attribute.name.endswith(UNITS[attribute.unit]):
        yield f"is in {attribute.unit}; expected a name that ends in {UNITS[attribute.unit]}"
    elif not attribute.unit and attribute.has_magnitude and attribute.name.endswith(tuple(UNITS.values())):
        yield "has a unit in its name and none declared"
    if attribute.choices and attribute.type is not str:
        yield "has choices, which are for texts"
    yield from _directions(attribute)
    if issubclass(driver, LineDevice) and isinstance(attribute.wire, Line):
        yield from _one_line(driver, attribute, attribute.wire)


def _directions(attribute: Attribute) -> Iterator[str]:
    if not (attribute.readable or attribute.writable):
        yield "can neither be read nor written"
    if attribute.writable and not attribute.readable:
        yield "cannot be read back; every set-point must be shown"
    if attribute.limits.is_empty:
        yield "has limits that admit nothing"
    if attribute.writable and attribute.has_magnitude:
        if math.isinf(attribute.limits.minimum):
            yield "has no lower limit; expected the manual's"
        if math.isinf(attribute.limits.maximum):
            yield "has no upper limit; expected the manual's"
    if attribute.has_magnitude and (attribute.tolerance < 0 or attribute.settle_s < 0 or attribute.resolution < 0):
        yield "has a negative tolerance, settling time or resolution"
    if attribute.writable and attribute.type is float and attribute.tolerance == 0:
        yield "has no tolerance; a float is never read back exactly"


def _one_line(driver: type[Device], attribute: Attribute, line: Line) -> Iterator[str]:
    options = driver.Options().model_dump()
    sample = 1 if attribute.has_magnitude else "x"
    for what, template in (("query", line.query), ("set", line.set)):
        try:
            template.format(value=sample, **options)
        except (KeyError, ValueError, IndexError) as error:
            yield f"{what} {template!r} cannot be filled from the options: {error!r}"
        if not (template.isascii() and template.isprintable()):
            yield f"{what} {template!r} is not printable ASCII; terminators are added by the driver's base"
    if attribute.writable and not line.set:
        yield "is writable but has no set command"
    if attribute.writable and line.set and "{value" not in line.set:
        yield f"set {line.set!r} does not send the value"
    if attribute.readable and not line.query:
        yield "is readable but has no query"
    if line.scale <= 0 or not math.isfinite(line.scale):
        yield f"scale {line.scale} is no positive number"
    if line.pattern and re.compile(line.pattern).groups > 1:
        yield "pattern has more than one group"


def _kind_problems(driver: type[Device]) -> Iterator[str]:
    declared = {attribute.name: attribute for attribute in driver.attributes}
    for name, (expected, writable) in REQUIRED_ATTRIBUTES.get(driver.kind, {}).items():
        attribute = declared.get(name)
        if attribute is None:
            yield f"a {driver.kind.value} must declare {name}"
        elif attribute.type is not expected or (writable and not attribute.writable):
            yield f"{name} must be {'a writable' if writable else 'a'} {expected.__name__}"


def _safety_problems(driver: type[Device]) -> Iterator[str]:
    declared = {attribute.name: attribute for attribute in driver.attributes}
    if driver.kind in (DeviceKind.PHOTON_SOURCE, DeviceKind.ATTENUATOR) and not driver.safe_actions:
        yield f"a {driver.kind.value} must say how it goes safe"
    if driver.kind is DeviceKind.PHOTON_SOURCE and not driver.darkens:
        yield "a source must darken: its first safe action turns it off"
    for name, value in driver.safe_actions:
        attribute = declared.get(name)
        if attribute is None or not attribute.writable:
            yield f"safe action {name} is no writable attribute"
        elif value != MAXIMUM and type(value) is not attribute.type:
            yield f"safe action {name} = {value!r}; expected {attribute.type.__name__}"
        elif value == MAXIMUM and math.isinf(attribute.limits.maximum):
            yield f"safe action {name} goes to a maximum that is not stated"


def _construction_problems(driver: type[Device]) -> Iterator[str]:
    if not (isinstance(driver.Options, type) and issubclass(driver.Options, DeviceOptions)):
        yield "Options is no DeviceOptions"
        return
    described = " ".join(base.__doc__ or "" for base in driver.Options.__mro__ if issubclass(base, DeviceOptions))
    for name in driver.Options.model_fields:
        if not re.search(rf"\b{name}\b", described):
            yield f"option {name} is not described in the docstring of Options"
    try:
        device = driver("conformance", driver.address_example, options=driver.Options(), timeout_s=1.0)
    except Exception as error:  # noqa: BLE001 - whatever a constructor raises, it must not
        yield f"cannot be made from a name, its example address and default options: {error!r}"
        return
    for attribute in device.attributes:
        if attribute.writable and attribute.type is float and not math.isinf(attribute.limits.maximum):
            yield from _rounding_problems(device, attribute)


def _rounding_problems(device: Device, attribute: Attribute) -> Iterator[str]:
    """What the wire makes of a value must be within the tolerance, and as fine as the resolution."""
    low, high = attribute.limits.minimum, attribute.limits.maximum
    for value in (low, low + attribute.resolution, low + (high - low) / 3, high):
        lost = abs(float(device.as_sent(attribute, value)) - value)
        if lost > attribute.tolerance + 1e-9 * abs(value):
            yield f"{attribute.name}: {value:g} {attribute.unit} loses {lost:.2g} on the wire, beyond its tolerance"
            return
    step = low + attribute.resolution
    if abs(float(device.as_sent(attribute, step)) - step) > 0.01 * attribute.resolution + 1e-9 * abs(step):
        yield f"{attribute.name}: the set command drops digits of the resolution"
