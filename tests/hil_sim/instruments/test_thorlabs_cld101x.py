"""The CLD101x does what the 4000 series programmer's reference says."""

import pytest

from hil_sim.instruments.thorlabs_cld101x import MODEL, ThorlabsCld101x
from hil_sim.scenario import unit_of
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.light import Light
from tests.hil_sim.scpi.dialogue import Dialogue

KEY, INTERLOCK, LIMIT, WINDOW, HOT = 1, 4, 8, 512, 16384


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def light() -> Light:
    return Light()


@pytest.fixture
def laser(clock: VirtualClock, light: Light) -> ThorlabsCld101x:
    return ThorlabsCld101x(clock, port=light)


@pytest.fixture
def talk(laser: ThorlabsCld101x) -> Dialogue:
    return Dialogue(laser)


@pytest.fixture
def shining(talk: Dialogue) -> Dialogue:
    talk.tell("OUTP2:STAT ON;:SOUR:CURR 0.1;:OUTP:STAT ON")
    assert talk.error() == 0
    return talk


def number(talk: Dialogue, query: str) -> float:
    answer = talk.ask(query)
    assert answer is not None
    return float(answer)


def condition(talk: Dialogue) -> int:
    return int(number(talk, "STAT:MEAS:COND?"))


def test_identity(talk: Dialogue) -> None:
    assert talk.ask("*IDN?") == "THORLABS,CLD1015,M00000001,1.4.0/2.0.3/1.6.0"


def test_the_tec_must_be_on_before_the_laser(talk: Dialogue, light: Light) -> None:
    talk.tell("SOUR:CURR 0.1;:OUTP ON")
    assert talk.ask("SYST:ERR?") == '-221,"Settings conflict; TEC off"'
    assert talk.ask("OUTP?") == "0"
    assert light.laser_w == 0
    talk.tell("OUTP2 ON;:OUTP ON")
    assert talk.error() == 0
    assert light.laser_w > 0


@pytest.mark.parametrize(
    ("happens", "ends", "query", "bit"),
    [
        ("interlock-open", "interlock-close", "OUTP:PROT:INTL:TRIP?", INTERLOCK),
        ("key-lock", "key-unlock", "OUTP:PROT:KEYL:TRIP?", KEY),
        ("overheat", "cool-down", "OUTP:PROT:OTEM:TRIP?", HOT),
    ],
)
def test_a_protection_puts_the_laser_out_and_keeps_it_out(
    laser: ThorlabsCld101x, shining: Dialogue, light: Light, happens: str, ends: str, query: str, bit: int
) -> None:
    laser.disturbances[happens]()
    assert light.laser_w == 0
    assert shining.ask(f"OUTP?;:{query}") == "0;1"
    assert condition(shining) & bit
    assert shining.error_of("OUTP ON") == -221
    laser.disturbances[ends]()
    assert not condition(shining) & bit
    assert light.laser_w == 0, "a laser does not come back by itself"
    shining.tell("OUTP ON")
    assert light.laser_w > 0


def test_without_the_tec_the_laser_goes_out(shining: Dialogue, light: Light) -> None:
    shining.tell("OUTP2 OFF")
    assert light.laser_w == 0
    assert shining.ask("OUTP?") == "0"


def test_the_limit_changes_only_with_the_laser_off(shining: Dialogue) -> None:
    assert shining.error_of("SOUR:CURR:LIM 0.15") == -221
    assert shining.error_of("SOUR:FUNC:MODE POW") == -221
    shining.tell("OUTP OFF;:SOUR:CURR:LIM 0.05")
    assert number(shining, "SOUR:CURR:LIM:AMPL?") == 0.05
    assert number(shining, "SOUR:CURR?") == 0.05, "a limit below the set point lowers the set point"
    assert shining.error_of("SOUR:CURR 0.06") == -222
    assert number(shining, "SOUR:CURR? MAX") == 0.05


def test_the_limit_bit_shows_at_the_limit(shining: Dialogue) -> None:
    assert shining.ask("SOUR:CURR:LIM:TRIP?") == "0"
    shining.tell("SOUR:CURR MAX")
    assert shining.ask("SOUR:CURR:LIM:TRIP?") == "1"
    assert condition(shining) & LIMIT


@pytest.mark.asyncio
async def test_the_diode_follows_its_curve(clock: VirtualClock, shining: Dialogue, light: Light) -> None:
    await clock.advance(60.0)
    shining.tell("SOUR:CURR 0.009")
    assert light.laser_w == 0
    shining.tell("SOUR:CURR 110mA")
    assert light.laser_w == pytest.approx(0.1 * 0.25, rel=1e-3)
    assert number(shining, "MEAS:POW2?") == pytest.approx(light.laser_w, rel=1e-3)
    assert number(shining, "SENS3:CURR:DATA?") == pytest.approx(0.11)
    assert number(shining, "MEAS:CURR?") == pytest.approx(0.11)
    assert number(shining, "SENS4:VOLT:DATA?") == pytest.approx(0.95 + 4.0 * 0.11)


@pytest.mark.asyncio
async def test_the_temperature_settles_and_moves_the_threshold(
    clock: VirtualClock, laser: ThorlabsCld101x, shining: Dialogue, light: Light
) -> None:
    await clock.advance(60.0)
    laser.update_link()
    before = light.laser_w
    shining.tell("SOUR2:TEMP:SPO 35")
    assert condition(shining) & WINDOW
    await clock.advance(1.5)
    assert 30 < number(shining, "SENS2:TEMP:DATA?") < 33
    await clock.advance(60.0)
    laser.update_link()
    assert number(shining, "MEAS:TEMP?") == pytest.approx(35.0, abs=0.01)
    assert not condition(shining) & WINDOW
    assert light.laser_w < before


def test_the_temperature_stays_within_its_limits(talk: Dialogue) -> None:
    talk.tell("Source2:TEMPerature:LIMit:UPPer 30;LOWer 20")
    assert talk.error_of("SOUR2:TEMP:SPO 31") == -222
    assert talk.ask("SOUR2:TEMP:SPO 30;SPO?;SPO? MIN;LCON:GAIN 8;GAIN?") == "3.000000E+01;2.000000E+01;8.000000E+00"


def test_power_mode_holds_a_power_up_to_the_limit(talk: Dialogue, light: Light) -> None:
    talk.tell("SOUR:FUNC:MODE POW;:SOUR:POW 10mW;:OUTP2 ON;:OUTP ON")
    assert talk.ask("SOUR:FUNC:MODE?") == "POW"
    assert light.laser_w == pytest.approx(0.01, rel=1e-3)


def test_events_of_the_status_register_are_latched(laser: ThorlabsCld101x, talk: Dialogue) -> None:
    laser.disturbances["interlock-open"]()
    laser.disturbances["interlock-close"]()
    assert talk.ask("STAT:MEAS:COND?;EVEN?;EVEN?") == f"0;{INTERLOCK};0"


def test_the_queue_is_ten_deep_and_survives_reset(talk: Dialogue) -> None:
    for _ in range(12):
        talk.tell("NONS")
    talk.tell("*RST")
    codes = [talk.error() for _ in range(11)]
    assert codes == [-113] * 9 + [-350, 0]
    assert talk.ask("SYST:ERR?") == '+0,"No error"'


def test_reset_and_power_cycle_switch_everything_off(laser: ThorlabsCld101x, shining: Dialogue, light: Light) -> None:
    shining.tell("*RST")
    assert shining.ask("OUTP?;:OUTP2?;:SOUR:CURR?") == "0;0;0.000000E+00"
    assert light.laser_w == 0
    shining.tell("OUTP2 ON;:SOUR:CURR 0.1;:OUTP ON")
    laser.power_cycle()
    assert light.laser_w == 0


def test_long_forms_of_the_manual_are_understood(talk: Dialogue) -> None:
    assert talk.ask("source1:current:level:immediate:amplitude 50mA;amplitude?") == "5.000000E-02"
    assert talk.ask("OUTPUT1:STATE?;:OUTPUT2:STATE?") == "0;0"
    assert talk.ask("OUTP:PROT:EXT PROT;EXT?;:OUTP:PROT:CONN:TRIP?;:OUTP:COND?") == "PROT;0;0"
    assert talk.ask("SOUR:AM:STAT ON;STAT?") == "1"


@pytest.mark.parametrize(
    "options", [{"product": "X"}, {"current_limit_a": 2.0}, {"current_limit_a": 0}, {"diode": {"threshold_ma": "x"}}]
)
def test_units_that_do_not_exist_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=r"must|should"):
        unit_of(MODEL, "laser", options)
