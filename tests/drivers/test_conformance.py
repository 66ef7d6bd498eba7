"""Every registered driver keeps the conventions, and the suite notices those that do not."""

from typing import ClassVar

import pytest

from qkdctl.devices import Attribute, DeviceKind, DeviceOptions, Limits, Line, LineDevice, Value
from qkdctl.devices.conformance import check_driver
from qkdctl.devices.registry import driver_class, driver_names


@pytest.mark.parametrize("name", driver_names())
def test_registered_drivers_conform(name: str) -> None:
    assert check_driver(driver_class(name)) == []


def test_all_families_are_registered() -> None:
    assert {
        "idq-id900", "jdsu-ha9", "key-router", "keysight-n776x", "koheron-ctl200", "ozoptics-dd100mc",
        "ozoptics-epc04", "polatis", "qkd-engine", "sfifteen-counter", "sfifteen-spd", "thorlabs-cld101x",
        "thorlabs-pm100d", "websq",
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
        Attribute("mode", bool, "", "x", choices=("a", "b"), wire=Line("M?\n")),
        Attribute("offset_db", float, "", "x", wire=Line("O?")),
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
        "Power: has no lower limit",
        "Power: has no upper limit",
        "mode: has choices",
        "mode: query 'M?\\n' is not printable ASCII",
        "offset_db: has a unit in its name and none declared",
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


class Rough(LineDevice):
    """Sends fewer digits than it promises.

    Source: none; it does not exist.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = "ROUGH"
    identity_command: ClassVar[str] = "*IDN?"
    address_example: ClassVar[str] = "tcp://192.0.2.1:5025"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("attenuation_db", "maximum"),)

    class Options(DeviceOptions):
        """Attributes: channel: which one."""

        channel: int = 1
        speed: int = 1

    attributes = (
        Attribute(
            "attenuation_db", float, "dB", "x", Limits(0.0, 60.0), writable=True, resolution=0.01, tolerance=0.1,
            wire=Line("A?", "A {value:.1f}"),
        ),
        Attribute(
            "wavelength_nm", float, "nm", "x", Limits(1200.0, 1700.0), writable=True, tolerance=0.01,
            wire=Line("W?", "W {value:.0f}"),
        ),
    )  # fmt: skip


def test_options_without_a_word_and_digits_that_the_wire_drops_are_named() -> None:
    problems = check_driver(Rough)
    assert "names no source" in problems[0]
    assert "option speed is not described" in problems[1]
    assert "attenuation_db: the set command drops digits of the resolution" in problems[2]
    assert "wavelength_nm: 1366.67 nm loses 0.33 on the wire" in problems[3]
    assert len(problems) == 4, problems
