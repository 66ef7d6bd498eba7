"""The PM100D does what its SCPI reference says."""

import pytest

from hil_sim.instruments.thorlabs_pm100d import ThorlabsPm100d
from hil_sim.instruments.thorlabs_pm100d_state import Pm100dUnit, responsivity
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.light import Light
from tests.hil_sim.scpi.dialogue import Dialogue


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def light() -> Light:
    return Light(laser_w=1e-4)


@pytest.fixture
def talk(clock: VirtualClock, light: Light) -> Dialogue:
    return Dialogue(ThorlabsPm100d(clock, light=light))


def number(talk: Dialogue, query: str) -> float:
    answer = talk.ask(query)
    assert answer is not None
    return float(answer)


def test_it_reads_the_power_in_watts_or_dbm(talk: Dialogue) -> None:
    assert number(talk, "MEAS:POW?") == pytest.approx(1e-4)
    assert number(talk, "SENS:POW:UNIT DBM;:MEAS:POW?") == pytest.approx(-10.0)
    assert talk.ask("POW:DC:UNIT?") == "DBM"


def test_wavelengths_are_in_nanometres(talk: Dialogue) -> None:
    assert talk.ask("SENS:CORR:WAV?;WAV? MIN;WAV? MAX") == "1.550000E+03;8.000000E+02;1.700000E+03"
    assert talk.ask("SENS:CORR:WAV 1310;WAV?") == "1.310000E+03"
    assert talk.ask("SENS:CORR:WAV 1.3um;WAV?") == "1.300000E+03"
    assert talk.error_of("SENS:CORR:WAV 1.55e-6") == -222


def test_a_wrong_wavelength_gives_a_wrong_power(talk: Dialogue) -> None:
    expected = 1e-4 * responsivity(1550) / responsivity(1310)
    assert number(talk, "SENS:CORR:WAV 1310;:MEAS:POW?") == pytest.approx(expected, rel=1e-5)


def test_the_loss_in_front_of_the_sensor_is_corrected(talk: Dialogue) -> None:
    assert number(talk, "SENS:CORR 10;:MEAS:POW?") == pytest.approx(1e-3)
    assert talk.error_of("SENS:CORR 61") == -222
    assert talk.ask("SENS:CORR:LOSS:INP:MAGN?") == "1.000000E+01"


def test_ranges(talk: Dialogue, light: Light) -> None:
    assert talk.ask("SENS:POW:RANG:AUTO?;:SENS:POW:RANG?") == "1;3.000000E-04"
    assert talk.ask("SENS:POW:RANG:UPP 2e-5;UPP?;AUTO?") == "3.000000E-05;0"
    assert talk.ask("MEAS:POW?") == "9.9E+37"
    light.laser_w = 1e-5
    assert number(talk, "MEAS:POW?") == pytest.approx(1e-5)
    assert number(talk, "SENS:CURR:RANG 2e-6;RANG?") == pytest.approx(3e-6 * responsivity(1550))
    assert talk.error_of("SENS:CURR:RANG 1") == -222


def test_averages_take_their_time(talk: Dialogue) -> None:
    assert talk.delay_s("MEAS:POW?") == 0
    assert talk.delay_s("SENS:AVER 101;:MEAS:POW?") == pytest.approx(0.3)
    assert talk.error_of("SENS:AVER 0") == -222


def test_averages_quiet_the_noise(clock: VirtualClock, light: Light) -> None:
    def scatter(averages: int) -> float:
        talk = Dialogue(ThorlabsPm100d(clock, Pm100dUnit(relative_noise=0.1), light=light, seed=5))
        talk.tell(f"SENS:AVER {averages}")
        readings = [number(talk, "MEAS:POW?") for _ in range(200)]
        return max(readings) - min(readings)

    assert scatter(100) < scatter(1) / 5


@pytest.mark.asyncio
async def test_zeroing_takes_whatever_is_there_for_darkness(clock: VirtualClock, light: Light) -> None:
    talk = Dialogue(ThorlabsPm100d(clock, Pm100dUnit(zero_offset_w=1e-9), light=light))
    light.laser_w = 0.0
    assert number(talk, "MEAS:POW?") == pytest.approx(1e-9)
    talk.tell("SENS:CORR:COLL:ZERO")
    assert talk.ask("SENS:CORR:COLL:ZERO:STAT?") == "1"
    await clock.advance(1.0)
    assert talk.ask("SENS:CORR:COLL:ZERO:STAT?") == "0"
    assert number(talk, "MEAS:POW?") == pytest.approx(0.0, abs=1e-15)
    assert number(talk, "SENS:CORR:COLL:ZERO:MAGN?") == pytest.approx(1e-9)


@pytest.mark.asyncio
async def test_a_measurement_announces_its_new_value(clock: VirtualClock, talk: Dialogue, light: Light) -> None:
    talk.tell("CONF:POW;:SENS:AVER 10;:ABOR;:INIT")
    light.laser_w = 0.0
    assert int(number(talk, "STAT:OPER:COND?")) & 512 == 0
    await clock.advance(0.03)
    assert int(number(talk, "STAT:OPER:COND?")) & 512
    assert number(talk, "FETC?") == pytest.approx(1e-4)
    assert number(talk, "READ?") == 0.0


def test_other_quantities(talk: Dialogue) -> None:
    assert number(talk, "MEAS:CURR?") == pytest.approx(1e-4 * responsivity(1550))
    assert number(talk, "SENS:CORR:BEAM 10;:MEAS:PDEN?") == pytest.approx(1e-4 / 0.785398, rel=1e-4)
    assert talk.ask("CONF:CURR;:CONF?") == "CURR"
    assert number(talk, "SENS:POW:REF 1e-4;REF:STAT ON;:MEAS:POW?") == pytest.approx(0.0, abs=1e-12)


def test_the_sensor_tells_what_it_can_do(clock: VirtualClock, talk: Dialogue) -> None:
    sensor = (talk.ask("SYST:SENS:IDN?") or "").split(",")
    assert sensor[0] == "S154C"
    assert int(sensor[5]) & (1 | 32) == 33
    bare = Dialogue(ThorlabsPm100d(clock, Pm100dUnit(sensor="")))
    assert (bare.ask("SYSTEM:SENSOR:IDN?") or "").startswith("no sensor")
    assert bare.error_of("MEAS:POW?") == -241


def test_reset_restores_the_defaults(talk: Dialogue) -> None:
    talk.tell("SENS:CORR:WAV 1310;:SENS:CORR 3;:SENS:POW:UNIT DBM;*RST")
    assert talk.ask("SENS:CORR:WAV?;:SENS:CORR?;:SENS:POW:UNIT?") == "1.550000E+03;0.000000E+00;W"
