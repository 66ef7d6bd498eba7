"""The EPC-04 says what its manual says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.instruments.model import Surroundings
from hil_sim.instruments.ozoptics_epc04 import MODEL, Epc04Unit, OzOpticsEpc04
from hil_sim.instruments.ozoptics_epc04_state import Epc04Settings
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.wires import assert_packets_do_not_matter, say, serial_client

TRANSCRIPT = [
    (b"V?\r\n", b"Voltage(mV): CH1 +0000 CH2 +0000 CH3 +0000 CH4 +0000\r\nDone\r\n"),
    (b"V1,2500\r\n", b"Set CH1 DC Voltage at: 2500mV\r\nDone\r\n"),
    (b"V3,-1000\r\n", b"Set CH3 DC Voltage at: -1000mV\r\nDone\r\n"),
    (b"V4,+5000\r\n", b"Set CH4 DC Voltage at: 5000mV\r\nDone\r\n"),
    (b"VH2\r\n", b"Set CH2 DC Voltage at: 5000mV\r\nDone\r\n"),
    (b"VL3\r\n", b"Set CH3 DC Voltage at: -5000mV\r\nDone\r\n"),
    (b"VZ4\r\n", b"Set CH4 DC Voltage at: 0mV\r\nDone\r\n"),
    (b"V?\r\n", b"Voltage(mV): CH1 +2500 CH2 +5000 CH3 -5000 CH4 +0000\r\nDone\r\n"),
    (b"V1,5001\r\n", b"Error!\r\n"),
    (b"V5,0\r\n", b"Error!\r\n"),
    (b"VH0\r\n", b"Error!\r\n"),
    (b"V1\r\n", b"Error!\r\n"),
    (b"X\r\n", b"Error!\r\n"),
    (b"F?\r\n", b"Frequency(Hz): CH1 007  CH2 017  CH3 037  CH4 071\r\nDone\r\n"),
    (b"F2,47\r\n", b"Set CH2 AC Frequency at: 47Hz\r\nDone\r\n"),
    (b"F2,101\r\n", b"Error!\r\n"),
    (b"M?\r\n", b"Work Mode: DC\r\nDone\r\n"),
    (b"MAC\r\n", b"Set To AC Mode\r\nDone\r\n"),
    (b"M?\r\n", b"Work Mode: AC(Sine)\r\nDone\r\n"),
    (b"WF2\r\n", b"Set AC Waveform at: Triangle\r\nDone\r\n"),
    (b"WF?\r\n", b"AC Waveform: Triangle\r\nDone\r\n"),
    (b"WF1\r\n", b"Set AC Waveform at: Sine\r\nDone\r\n"),
    (b"ENVF1\r\n", b"Enable DC Voltage Output at AC Mode\r\nDone\r\n"),
    (b"VF2\r\n", b"Set CH2 output to: Volt (if possible)\r\nDone\r\n"),
    (b"VF?\r\n", b"Hz<->Volt at AC Mode is enabled: CH1-F,CH2-V,CH3-F,CH4-F\r\nDone\r\n"),
    (b"ENVF0\r\n", b"Disable DC Voltage Output at AC Mode\r\nDone\r\n"),
    (b"MDC\r\n", b"Set To DC Mode\r\nDone\r\n"),
    (b"SAVE\r\n", b"Write Setting to Flash memory\r\nDone\r\n"),
]


class Fibre:
    """Notes what the controller applies."""

    def __init__(self) -> None:
        self.voltages_mv: tuple[int, ...] = ()

    def set_polarization_voltages_mv(self, voltages_mv: tuple[int, int, int, int]) -> None:
        self.voltages_mv = voltages_mv


@pytest.mark.asyncio
async def test_transcript_over_a_serial_port(tmp_path: Path) -> None:
    async with serial_client(OzOpticsEpc04(VirtualClock()), tmp_path) as client:
        for sent, expected in TRANSCRIPT:
            end = b"Error!\r\n" if expected.startswith(b"Error") else b"Done\r\n"
            assert await client.ask(sent, end) == expected, sent


@given(st.lists(st.integers(0, 2000), max_size=6))
def test_packets_do_not_matter(cuts: list[int]) -> None:
    sent = b"".join(command for command, _ in TRANSCRIPT)
    assert_packets_do_not_matter(lambda: OzOpticsEpc04(VirtualClock()).converse(), sent, cuts)


def test_voltages_reach_the_fibre_at_once_and_a_refused_one_does_not() -> None:
    fibre = Fibre()
    line = OzOpticsEpc04(VirtualClock(), link=fibre).converse()
    assert fibre.voltages_mv == (0, 0, 0, 0)
    say(line, b"V2,1234\r\nV2,9999\r\n")
    assert fibre.voltages_mv == (0, 1234, 0, 0)


def test_a_power_cycle_returns_to_what_was_saved() -> None:
    fibre = Fibre()
    controller = OzOpticsEpc04(VirtualClock(), link=fibre)
    line = controller.converse()
    say(line, b"V1,100\r\nSAVE\r\nV1,200\r\n")
    controller.power_cycle()
    assert fibre.voltages_mv == (100, 0, 0, 0)
    assert say(line, b"V?\r\n").startswith(b"Voltage(mV): CH1 +0100 ")


@pytest.mark.asyncio
async def test_scrambling_moves_free_channels_and_leaves_held_ones() -> None:
    clock, fibre = VirtualClock(), Fibre()
    controller = OzOpticsEpc04(clock, Epc04Settings(frequencies_hz=(1, 1, 1, 1)), link=fibre)
    say(controller.converse(), b"V2,777\r\nENVF1\r\nVF2\r\nMAC\r\n")
    await clock.advance(0.25)
    controller.update_link()
    assert fibre.voltages_mv == (5000, 777, 5000, 5000)
    say(controller.converse(), b"WF2\r\n")
    await clock.advance(0.25)
    controller.update_link()
    assert fibre.voltages_mv == (5000, 777, 5000, 5000)  # the triangle peaks half a period in
    say(controller.converse(), b"ENVF0\r\n")
    assert fibre.voltages_mv == (5000, 5000, 5000, 5000)


def test_a_scenario_refuses_voltages_beyond_the_range() -> None:
    with pytest.raises(ValueError, match="5000"):
        Epc04Unit(voltages_mv=(0, 0, 0, 5001))


def test_the_model_builds_a_controller_that_stands_alone() -> None:
    controller = MODEL.build(Surroundings("pol", VirtualClock(), Epc04Unit(voltages_mv=(1, 2, 3, 4))))
    assert say(controller.converse(), b"V?\r") == b"Voltage(mV): CH1 +0001 CH2 +0002 CH3 +0003 CH4 +0004\r\nDone\r\n"
