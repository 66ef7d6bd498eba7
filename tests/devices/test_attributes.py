"""Whatever somebody asks for, only values inside every limit reach the wire."""

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.devices import Attribute, Limits, OutOfRangeError
from qkdctl.devices.session import Wire
from tests.devices.drivers import AcmeVoa

ANY_VALUE = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.text(max_size=8), st.none(), st.integers(-(10**400), 10**400),
    st.floats(-1.0, 61.0), st.floats(1199.0, 1701.0), st.integers(-1, 101), st.sampled_from(["cw", "pulse", "cw;*RST"]),
)  # fmt: skip
LIMITS = st.builds(
    Limits, st.floats(-10.0, 1400.0), st.floats(0.0, 1800.0), st.floats(0.001, 100.0) | st.just(math.inf)
)
WIRE_WORDS = {"ATT": "attenuation_db", "SHUT": "shutter_open", "WAV": "wavelength_nm", "AVER": "averages",
              "MODE": "mode"}  # fmt: skip
SCALE = {"wavelength_nm": 1e-9}


class Recorder(AcmeVoa):
    """Keeps what would go over the wire."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("voa", "tcp://192.0.2.1:5025", **settings)
        self.sent: list[str] = []
        self.stands_at = "10"

    async def command(self, command: str, timeout_s: float | None = None) -> None:
        self.sent.append(command)

    async def ask(self, command: str, timeout_s: float | None = None, wire: Wire | None = None) -> str:
        return self.stands_at


@given(name=st.sampled_from(sorted(WIRE_WORDS.values())), value=ANY_VALUE, configured=LIMITS)
def test_no_value_outside_the_limits_is_ever_sent(name: str, value: Any, configured: Limits) -> None:
    device = Recorder(limits={name: configured})
    limits = device.limits(name)
    try:
        asyncio.run(device.write(name, value))
    except OutOfRangeError:
        assert device.sent == []
        return
    ((word, _, text),) = [command.partition(" ") for command in device.sent]
    assert WIRE_WORDS[word] == name
    attribute = device.attribute(name)
    if attribute.type is str:
        assert text in attribute.choices
        return
    if attribute.type is bool:
        assert text in ("0", "1")
        assert isinstance(value, bool)
        return
    assert not isinstance(value, bool)
    number = float(text) / SCALE.get(name, 1.0)
    slack = 1e-9 * abs(number)
    assert limits.minimum - slack <= number <= limits.maximum + slack
    if name == "attenuation_db":
        assert abs(value - 10.0) <= limits.maximum_step


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, False, "30", None, 10**400])
def test_a_float_is_a_finite_number_and_nothing_else(value: Any) -> None:
    attribute = Attribute("attenuation_db", float, "dB", writable=True)
    with pytest.raises(OutOfRangeError, match="expected a finite float"):
        attribute.check(value, attribute.limits, who="voa")


@pytest.mark.parametrize("value", [True, 1.0, 1.5, "1", math.nan, 10**400])
def test_an_int_is_an_int(value: Any) -> None:
    attribute = Attribute("averages", int, writable=True)
    with pytest.raises(OutOfRangeError, match="expected a finite int"):
        attribute.check(value, attribute.limits, who="voa")


@pytest.mark.parametrize("value", [0, 1, 1.0, "true", None])
def test_a_bool_is_a_bool(value: Any) -> None:
    attribute = Attribute("shutter_open", bool, writable=True)
    with pytest.raises(OutOfRangeError):
        attribute.check(value, attribute.limits, who="voa")


@pytest.mark.parametrize("text", ["cw\n*RST", "cw;*RST", "cw\0", "é", "\x7f"])
def test_a_text_cannot_carry_a_second_command(text: str) -> None:
    attribute = Attribute("mode", str, writable=True)
    with pytest.raises(OutOfRangeError, match="printable ASCII"):
        attribute.check(text, attribute.limits, who="voa")


def test_the_message_says_what_was_refused_and_what_is_expected() -> None:
    device = Recorder(limits={"attenuation_db": Limits(maximum=45.0)})
    with pytest.raises(OutOfRangeError, match=r"voa.attenuation_db = 45.5 dB refused; the limits are 0 to 45 dB"):
        device.check("attenuation_db", 45.5)
    with pytest.raises(OutOfRangeError, match=r"temperature_degc cannot be written"):
        device.check("temperature_degc", 20.0)
    with pytest.raises(OutOfRangeError, match=r"expected one of cw, pulse"):
        device.check("mode", "burst")
    with pytest.raises(OutOfRangeError, match="no attribute 'attenuation'; it has"):
        device.check("attenuation", 1.0)


def test_a_value_that_rounds_out_of_the_limits_is_refused() -> None:
    device = Recorder(limits={"attenuation_db": Limits(maximum=12.347)})
    assert device.check("attenuation_db", 12.34) == 12.34
    with pytest.raises(OutOfRangeError, match=r"rounds to 12\.35 dB"):
        device.check("attenuation_db", 12.347)


def test_limits_for_an_attribute_that_does_not_exist_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match="limits for 'atenuation_db'"):
        Recorder(limits={"atenuation_db": Limits()})


def test_a_step_is_measured_from_where_the_device_stands() -> None:
    device = Recorder()
    with pytest.raises(OutOfRangeError, match="stands at 10 and the largest step is 20"):
        asyncio.run(device.write("attenuation_db", 30.01))
    asyncio.run(device.write("attenuation_db", 30.0))
    asyncio.run(device.write("attenuation_db", 50.0))
    assert device.sent == ["ATT 30.00", "ATT 50.00"]


def test_after_a_failed_write_the_step_is_measured_from_a_fresh_reading() -> None:
    device = Recorder()
    asyncio.run(device.write("attenuation_db", 30.0))

    async def fails(command: str, timeout_s: float | None = None) -> None:
        raise TimeoutError

    device.command = fails  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        asyncio.run(device.write("attenuation_db", 50.0))
    del device.command
    device.stands_at = "10"
    with pytest.raises(OutOfRangeError, match="stands at 10"):
        asyncio.run(device.write("attenuation_db", 50.0))


@given(LIMITS, LIMITS, st.floats(-100.0, 2000.0))
def test_an_intersection_admits_what_both_admit(first: Limits, second: Limits, value: float) -> None:
    both = first.intersect(second)
    assert both.admits(value) == (first.admits(value) and second.admits(value))
    assert both == second.intersect(first)
    assert not (both.is_empty and both.admits(value))


@pytest.mark.parametrize(
    ("set_point", "read_back", "shown"),
    [(1.0, 1.01, True), (1.0, 1.011, False), (1.0, math.nan, False), (True, True, True), (True, False, False),
     ("cw", "cw", True), ("cw", "pulse", False)],
)  # fmt: skip
def test_a_read_back_shows_a_set_point_within_the_tolerance(set_point: Any, read_back: Any, shown: bool) -> None:
    assert Attribute("x_db", float, "dB", tolerance=0.01).matches(set_point, read_back) is shown
