"""Every registered driver keeps the conventions, and the suite notices those that do not."""

from typing import ClassVar

import pytest

from qkdctl.devices import Attribute, DeviceKind, Limits, Line, LineDevice, Value
from qkdctl.devices.conformance import check_driver
from qkdctl.devices.registry import driver_class, driver_names


@pytest.mark.parametrize("name", driver_names())
def test_registered_drivers_conform(name: str) -> None:
    assert check_driver(driver_class(name)) == []


def test_all_families_are_registered() -> None:
    assert {
        "idq-id900", "jdsu-ha9", "keysight-n776x", "koheron-ctl200", "ozoptics-dd100mc", "ozoptics-epc04", "polatis",
        "qkd-engine", "sfifteen-counter", "sfifteen-spd", "thorlabs-cld101x", "thorlabs-pm100d", "websq",
    } <= set(driver_names())  # fmt: skip


class Bad(LineDevice):
    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    identity_pattern: ClassVar[str] = r"("
    identity_command: ClassVar[str] = "*IDN?"
    address_example: ClassVar[str] = "nowhere"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("power_w", 0.0), ("current_a", False))
    attributes = (
        Attribute("current_a", float, "mA", "", Limits(0, 1), writable=True, wire=Line("I?", "I 5")),
        Attribute("Power", float, "furlong", "x", writable=True, readable=False, wire=Line("", "P {volts}")),
        Attribute("power_w", int, "W", "x", Limits(2, 1), wire=Line("P?", scale=0.0, pattern="(a)(b)")),
        Attribute("power_w", int, "W", "x", wire=Line("P?")),
    )

    async def write(self, name: str, value: Value) -> Value:  # type: ignore[misc]
        return value


@pytest.mark.parametrize(
    "expected",
    [
        "has no docstring",
        "names no source",
        "identity_pattern is no regular expression",
        "address_example",
        "overrides write",
        "declares power_w twice",
        "current_a: has no description",
        "current_a: is in mA; expected a name that ends in _ma",
        "current_a: has no tolerance",
        "current_a: set 'I 5' does not send the value",
        "Power: is not snake_case",
        "Power: unit 'furlong' is unknown",
        "Power: cannot be read back",
        "Power: has no upper limit",
        "Power: set 'P {volts}' cannot be filled",
        "power_w: has limits that admit nothing",
        "power_w: scale 0.0 is no positive number",
        "power_w: pattern has more than one group",
        "must declare emission_enabled",
        "a source must darken",
        "safe action power_w is no writable attribute",
        "safe action current_a = False; expected float",
        "cannot be made from a name",
    ],
)
def test_each_departure_is_named(expected: str) -> None:
    assert any(expected in problem for problem in check_driver(Bad)), check_driver(Bad)
