"""Software that knows nothing of this project drives the simulated instruments as it drives real ones."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import pyvisa
import pyvisa.constants
import serial
from pymeasure.instruments.thorlabs import ThorlabsPM100USB
from pyvisa.resources import MessageBasedResource

from hil_sim.background import BackgroundSimulation

Start = Callable[[dict], BackgroundSimulation]
LINES = {"read_termination": "\n", "write_termination": "\n", "timeout": 5000}
BENCH = {
    "links": {"ab": {"preset": "snspd-50km"}},
    "instruments": {
        "laser": {"model": "thorlabs-cld101x", "link": "ab"},
        "meter": {"model": "thorlabs-pm100d", "link": "ab"},
        "voa": {"model": "keysight-n776x", "link": "ab"},
    },
}


@pytest.fixture
def visa() -> Iterator[pyvisa.ResourceManager]:
    with closing(pyvisa.ResourceManager("@py")) as manager:
        yield manager


def opened(visa: pyvisa.ResourceManager, address: str) -> closing[MessageBasedResource]:
    return closing(visa.open_resource(address, **LINES))


def test_plain_pyvisa_reads_and_sets(visa: pyvisa.ResourceManager, qkd_instrument: Callable[..., str]) -> None:
    with opened(visa, qkd_instrument("keysight-n776x", product="N7761A")) as voa:
        assert voa.query("*IDN?").startswith("Keysight Technologies,N7761A,")
        voa.write("INP1:ATT 12.5")
        assert voa.query("*OPC?") == "1"
        assert voa.query_ascii_values("INP1:ATT?") == [12.5]
        voa.write("INP1:WAV 9999nm")
        assert voa.query("SYST:ERR?").startswith("-222")


def test_pyvisa_times_out_on_a_lost_reply_and_recovers(visa: pyvisa.ResourceManager, qkd_simulation: Start) -> None:
    simulation = qkd_simulation({"instruments": {"meter": {"model": "thorlabs-pm100d"}}})
    with opened(visa, simulation.addresses["meter"]) as meter:
        simulation.fault("meter", "drop")
        meter.timeout = 100
        with pytest.raises(pyvisa.VisaIOError) as caught:
            meter.query("*IDN?")
        assert caught.value.error_code == pyvisa.constants.StatusCode.error_timeout
        assert meter.query("*IDN?").startswith("Thorlabs,PM100D,")


@pytest.mark.filterwarnings("ignore:It is not known whether this device support SCPI:FutureWarning")
def test_pymeasure_drives_the_power_meter(visa: pyvisa.ResourceManager, qkd_simulation: Start) -> None:
    simulation = qkd_simulation(BENCH)
    with opened(visa, simulation.addresses["laser"]) as laser:
        assert laser.query("OUTP2 1;:SOUR:CURR 0.1;:OUTP 1;:SYST:ERR?") == '+0,"No error"'
    meter = ThorlabsPM100USB(simulation.addresses["meter"], visa_library="@py", **LINES)
    try:
        assert meter.is_power_sensor
        assert meter.wavelength_settable
        right = meter.power
        assert right == pytest.approx(2.2e-4, rel=0.05)
        assert (meter.wavelength_min, meter.wavelength_max) == (800, 1700)
        meter.wavelength = 1310
        assert meter.wavelength == 1310
        assert meter.power > right
        meter.wavelength = 2000
        assert meter.wavelength == 1700, "PyMeasure truncates to the range that the meter tells"
    finally:
        meter.adapter.close()
        meter.adapter.manager.close()


def test_pyserial_drives_a_serial_instrument(qkd_instrument: Callable[..., str]) -> None:
    device = qkd_instrument("ozoptics-epc04").removeprefix("serial://").partition("?")[0]
    with serial.Serial(device, 9600, timeout=5.0) as port:
        port.write(b"V1,2500\r\n")
        assert b"2500" in port.read_until(b"Done\r\n")
        port.write(b"V?\r\n")
        assert b"CH1 +2500" in port.read_until(b"Done\r\n")


def test_a_scpi_instrument_on_a_serial_line_is_a_visa_resource(
    visa: pyvisa.ResourceManager, qkd_instrument: Callable[..., str]
) -> None:
    device = qkd_instrument("jdsu-ha9", transport="pty").removeprefix("serial://").partition("?")[0]
    with closing(visa.open_resource(f"ASRL{device}::INSTR", baud_rate=1200, **LINES)) as voa:
        voa.write("ATT 5 dB")
        assert voa.query("*OPC?") == "1"
        assert float(voa.query("ATT?")) == 5.0
