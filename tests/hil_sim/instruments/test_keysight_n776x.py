"""The N776x does what its programming guide says."""

import pytest

from hil_sim.instruments.keysight_n776x import MODEL, KeysightN776x
from hil_sim.instruments.keysight_n776x_state import N776xUnit
from hil_sim.scenario import unit_of
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.light import Light
from tests.hil_sim.scpi.dialogue import Dialogue


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def light() -> Light:
    return Light(laser_w=1e-3)


@pytest.fixture
def voa(clock: VirtualClock, light: Light) -> KeysightN776x:
    return KeysightN776x(clock, N776xUnit(speed_db_per_s=10.0), path=light)


@pytest.fixture
def talk(voa: KeysightN776x) -> Dialogue:
    return Dialogue(voa)


def number(talk: Dialogue, query: str) -> float:
    answer = talk.ask(query)
    assert answer is not None
    return float(answer)


def test_identity(talk: Dialogue) -> None:
    assert talk.ask("*IDN?") == "Keysight Technologies,N7762A,DE00000001,1.20"


def test_after_reset_it_is_dark_and_transparent(talk: Dialogue, light: Light) -> None:
    assert talk.ask("OUTP1:STAT?;:INP1:ATT?;OFFS?;WAV?") == "0;+0.00000000E+000;+0.00000000E+000;+1.55000000E-006"
    assert not light.shutter_open


@pytest.mark.parametrize("channel", [1, 3])
def test_the_channels_of_a_n7762a_are_1_and_3(talk: Dialogue, channel: int) -> None:
    talk.tell(f"INP{channel}:OFFS 1dB")
    assert number(talk, f"INP{channel}:OFFS?") == 1.0
    assert talk.error_of("INP2:ATT 1") == -114


@pytest.mark.asyncio
async def test_a_read_back_right_after_a_set_shows_the_filter_moving(
    clock: VirtualClock, talk: Dialogue, voa: KeysightN776x, light: Light
) -> None:
    talk.tell("INP1:ATT 20")
    assert number(talk, "INP1:ATT?") == 0.0
    await clock.advance(0.5)
    assert number(talk, "INP1:ATT?") == pytest.approx(5.0)
    assert talk.ask("STAT:OPER:COND?") == "2"
    voa.update_link()
    assert light.attenuation_db == pytest.approx(5.0)
    assert talk.delay_s("*OPC?") == pytest.approx(1.5)
    await clock.advance(1.5)
    assert number(talk, "INP1:ATT?") == 20.0
    assert talk.ask("STAT:OPER:COND?") == "0"


@pytest.mark.asyncio
async def test_a_change_of_mind_starts_from_where_the_filter_is(clock: VirtualClock, talk: Dialogue) -> None:
    talk.tell("INP1:ATT 20")
    await clock.advance(1.0)
    talk.tell("INP1:ATT 0")
    await clock.advance(0.5)
    assert number(talk, "INP1:ATT?") == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("INP1:ATT 45.001", -222),
        ("INP1:ATT -0.001", -222),
        ("INP1:ATT:SPE 0.05", -222),
        ("INP1:WAV 1250nm", -222),
        ("INP1:OFFS 201", -222),
        ("OUTP1:ATIM 2", -222),
        ("OUTP1:POW 21", -222),
        ("OUTP1:POW 1mA", -131),
    ],
)
def test_out_of_range_is_refused(talk: Dialogue, line: str, code: int) -> None:
    assert talk.error_of(line) == code


def test_the_wavelength_is_in_metres_and_takes_nanometres(talk: Dialogue) -> None:
    assert talk.ask("INP1:WAV 1310nm;WAV?") == "+1.31000000E-006"
    assert talk.error_of("INP1:WAV 1310") == -222


def test_the_offset_moves_shown_attenuation_and_its_limits(talk: Dialogue) -> None:
    assert talk.ask("INP1:OFFS 5;ATT?;ATT? MIN;ATT? MAX") == "+5.00000000E+000;+5.00000000E+000;+5.00000000E+001"


def test_two_channels_in_series_give_up_to_90_db(clock: VirtualClock) -> None:
    light = Light()
    talk = Dialogue(KeysightN776x(clock, N776xUnit(cascade=(1, 3)), path=light))
    talk.tell("INP1:ATT 45;:INP3:ATT 45;:OUTP1 ON")
    assert not light.shutter_open
    talk.tell("OUTP3 ON;*WAI")
    assert light.shutter_open
    assert talk.ask("INP1:ATT?;:INP3:ATT?") == "+4.50000000E+001;+4.50000000E+001"


@pytest.mark.asyncio
async def test_the_monitor_reads_the_power_behind_filter_and_shutter(clock: VirtualClock, talk: Dialogue) -> None:
    assert number(talk, "READ1:POW?") == -80.0
    talk.tell("OUTP1:STAT 1;:INP1:ATT 10")
    await clock.advance(1.0)
    assert number(talk, "READ1:POW?") == pytest.approx(-10.0)
    assert number(talk, "OUTP1:POW:UN 1;:READ1:POW?") == pytest.approx(1e-4)
    assert talk.ask("OUTP1:POW:UN?") == "+1"
    assert number(talk, "OUTP1:POW:UN 0;OFFS 3;:READ1:POW?") == pytest.approx(-7.0)


@pytest.mark.asyncio
async def test_power_control_holds_the_output_power(
    clock: VirtualClock, talk: Dialogue, light: Light, voa: KeysightN776x
) -> None:
    talk.tell("OUTP1:STAT 1;POW -20;POW:CONTR 1")
    await clock.advance(3.0)
    assert number(talk, "READ1:POW?") == pytest.approx(-20.0)
    light.laser_w *= 10
    voa.update_link()
    await clock.advance(1.0)
    assert number(talk, "READ1:POW?") == pytest.approx(-20.0)
    assert talk.ask("STAT:QUES:COND?") == "0"
    light.laser_w = 1e-9
    assert talk.ask("STAT:QUES:COND?") == "8"
    talk.tell("INP1:ATT 1")
    assert talk.ask("OUTP1:POW:CONTR?") == "0"


def test_the_set_point_is_written_in_either_unit(talk: Dialogue) -> None:
    assert talk.ask("OUTP1:POW 1mW;POW?") == "+0.00000000E+000"
    assert talk.ask("OUTP1:POW:UN 1;:OUTP1:POW 1e-4;POW?") == "+1.00000000E-004"
    assert talk.ask("OUTP1:POW -10DBM;POW?") == "+1.00000000E-004"
    assert talk.error_of("OUTP1:POW 0.2") == -222


@pytest.mark.asyncio
async def test_zeroing_takes_long_and_is_pending(clock: VirtualClock, talk: Dialogue) -> None:
    talk.tell("OUTP1:CORR:COLL:ZERO:ALL")
    assert talk.ask("STAT:OPER:COND?") == "1"
    assert talk.delay_s("*OPC?") == pytest.approx(5.0)
    await clock.advance(5.0)
    assert talk.ask("STAT:OPER:COND?") == "0"


def test_a_power_cycle_closes_the_shutter(talk: Dialogue, voa: KeysightN776x, light: Light) -> None:
    talk.tell("OUTP1:STAT 1")
    assert light.shutter_open
    voa.power_cycle()
    assert not light.shutter_open
    assert talk.ask("OUTP1:STAT?") == "0"


@pytest.mark.parametrize(
    "options",
    [{"product": "N9999A"}, {"cascade": [2]}, {"cascade": []}, {"speed_db_per_s": 0}, {"speed_db_per_s": 2e3}],
)
def test_units_that_do_not_exist_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="must"):
        unit_of(MODEL, "voa", options)
