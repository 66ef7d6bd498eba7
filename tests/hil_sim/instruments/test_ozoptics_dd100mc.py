"""The DD-100-MC says what its manual says, and moves as slowly."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.endpoints.base import Conversation
from hil_sim.instruments.ozoptics_dd100mc import OzOpticsDd100Mc
from hil_sim.instruments.ozoptics_dd100mc_state import Dd100McUnit
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.wires import assert_packets_do_not_matter, last_delay_s, say, serial_client

END = b"Done\r\n\r\n"
FAST = Dd100McUnit(steps_per_s=1e6, home_steps_per_s=1e6, home_pause_s=0.001, self_test_s=0.001)

TRANSCRIPT = [
    (b"A?\r", b"Atten: unknown\r\n"),
    (b"D\r", b"DPos:unknown\r\nATTEN:unknown\r\n"),
    (b"S?\r", b"Pos:unknown\r\n"),
    (b"A10.00\r", b"Error-2\r\n"),
    (b"F\r", b"Error-2\r\n"),
    (b"H\r", b"Diff=4800\r\n"),
    (b"A?\r", b"Atten: 0.60\r\n"),
    (b"A10.00\r", b"Pos:760\r\n"),
    (b"D\r", b"DPos:760\r\nATTEN:10.00\r\n"),
    (b"RES?\r", b"DPos:760\r\nATTEN:10.00\r\n"),
    (b"F\r\n", b"Pos:761\r\n"),
    (b"S?\r\n", b"Pos:761\r\n"),
    (b"A?\r\n", b"Atten: 10.02\r\n"),
    (b"B\r\n", b"Pos:760\r\n"),
    (b"S+40\r\n", b"Pos:800\r\n"),
    (b"S-100\r\n", b"Pos:700\r\n"),
    (b"S4800\r\n", b"Pos:4800\r\n"),
    (b"A?\r\n", b"Atten: 60.00\r\n"),
    (b"S4801\r\n", b"Error-6\r\n"),
    (b"A60.01\r\n", b"Error-6\r\n"),
    (b"A0.59\r\n", b"Error-6\r\n"),
    (b"A10.001\r\n", b"Error-2\r\n"),
    (b"A-3\r\n", b"Error-2\r\n"),
    (b"*IDN?\r\n", b"Error-2\r\n"),
    (b"A" + b"1" * 40 + b"\r\n", b"Error-6\r\n"),
    (b"S?\r\n", b"Pos:4800\r\n"),
    (b"W1310\r\n", b""),
    (b"W980\r\n", b"Error-2\r\n"),
    (b"L0.75\r\n", b""),
    (
        b"CD\r\n",
        b"OZ OPTICS DD-100-MC\r\nS/N:SIM00001\r\nVER:2.10\r\nWVL:1310\r\nIL:0.75\r\nMAX ATTEN:60.15\r\n",
    ),
    (b"RST\r\n", b""),
    (b"A?\r\n", b"Atten: unknown\r\n"),
]


class Light:
    """Notes the attenuation that the light suffers."""

    def __init__(self) -> None:
        self.attenuation_db = 0.0

    def set_attenuation_db(self, attenuation_db: float) -> None:
        self.attenuation_db = attenuation_db


def homed(
    clock: VirtualClock, light: Light | None = None, unit: Dd100McUnit = FAST
) -> tuple[OzOpticsDd100Mc, Conversation]:
    attenuator = OzOpticsDd100Mc(clock, unit, link=light)
    line = attenuator.converse()
    say(line, b"H\r")
    return attenuator, line


@pytest.mark.asyncio
async def test_transcript_over_a_serial_port(tmp_path: Path) -> None:
    async with serial_client(OzOpticsDd100Mc(VirtualClock(), FAST), tmp_path, clock=None) as client:
        for sent, expected in TRANSCRIPT:
            assert await client.ask(sent, END) == expected + END, sent


@given(st.lists(st.integers(0, 2000), max_size=6), st.booleans())
def test_packets_do_not_matter(cuts: list[int], echo: bool) -> None:
    sent = (b"E1\r\n" if echo else b"") + b"".join(command for command, _ in TRANSCRIPT)
    assert_packets_do_not_matter(lambda: OzOpticsDd100Mc(VirtualClock(), FAST).converse(), sent, cuts)


def test_echo_returns_every_character_until_it_is_switched_off() -> None:
    line = OzOpticsDd100Mc(VirtualClock()).converse()
    assert say(line, b"E1\r") == END
    assert say(line, b"A?\r") == b"A?\rAtten: unknown\r\n" + END
    assert say(line, b"E0\r") == b"E0\r" + END
    assert say(line, b"A?\r") == b"Atten: unknown\r\n" + END


@pytest.mark.asyncio
async def test_homing_takes_up_to_thirty_seconds_and_answers_when_it_is_done() -> None:
    clock, light = VirtualClock(), Light()
    attenuator = OzOpticsDd100Mc(clock, link=light)
    assert light.attenuation_db == pytest.approx(60.0)
    replies = attenuator.converse().received(b"H\r")
    assert replies[0].data == b"Diff=4800\r\n" + END
    assert last_delay_s(replies) == pytest.approx(30.0)
    await clock.advance(6.0 + 12.0)  # settled, and half of the way
    attenuator.update_link()
    assert light.attenuation_db == pytest.approx(30.3)
    await clock.advance(12.0)
    attenuator.update_link()
    assert light.attenuation_db == pytest.approx(0.6)


@pytest.mark.asyncio
async def test_commands_sent_while_the_motor_moves_wait_for_it() -> None:
    clock = VirtualClock()
    unit = Dd100McUnit(home_steps_per_s=1e9, home_pause_s=0.0)
    attenuator, line = homed(clock, unit=unit)
    await clock.advance(1.0)
    (first,) = line.received(b"S800\r")
    assert first.delay_s == pytest.approx(1.0)  # 800 steps/s
    await clock.advance(0.25)
    (query,) = line.received(b"D\r")
    assert query.data.startswith(b"DPos:800\r\n")
    assert query.delay_s == pytest.approx(0.75)
    (second,) = line.received(b"S0\r")
    assert second.delay_s == pytest.approx(1.75)
    assert attenuator.state.light_attenuation_db() == pytest.approx(0.6 + 59.4 * 200 / 4800)


@pytest.mark.asyncio
async def test_power_loss_stops_the_motor_and_forgets_the_position() -> None:
    clock, light = VirtualClock(), Light()
    attenuator, line = homed(clock, light, Dd100McUnit(home_steps_per_s=1e9, home_pause_s=0.0))
    await clock.advance(0.1)
    say(line, b"S800\r")
    await clock.advance(0.5)
    attenuator.power_cycle()
    await clock.advance(5.0)
    attenuator.update_link()
    assert light.attenuation_db == pytest.approx(0.6 + 59.4 * 400 / 4800)
    assert say(attenuator.converse(), b"A5.00\r") == b"Error-2\r\n" + END
    assert say(attenuator.converse(), b"H\r") == b"Diff=400\r\n" + END


def test_restart_takes_forty_seconds_and_homing_waits_for_it() -> None:
    line = OzOpticsDd100Mc(VirtualClock()).converse()
    (reply,) = line.received(b"RST\r\n")
    assert reply.data == END
    assert reply.delay_s == pytest.approx(40.0)
    assert last_delay_s(line.received(b"H\r\n")) == pytest.approx(70.0)


def test_defects_have_their_codes() -> None:
    attenuator, line = homed(VirtualClock())
    attenuator.disturbances["break-home-sensor"]()
    assert say(line, b"H\r") == b"Error-5\r\n" + END
    attenuator.disturbances["raise-motor-voltage"]()
    assert say(line, b"S10\r") == b"Error-7\r\n" + END
    attenuator.disturbances["repair"]()
    assert say(line, b"S10\r") == b"Pos:10\r\n" + END


@given(st.integers(60, 6000))
def test_the_position_chosen_is_the_nearest_step(hundredths: int) -> None:
    _, line = homed(VirtualClock())
    say(line, f"A{hundredths / 100:.2f}\r".encode())
    shown = float(say(line, b"A?\r").split(b":")[1].split(b"\r")[0])
    step_db = 59.4 / 4800
    assert abs(shown - hundredths / 100) <= step_db / 2 + 0.005


def test_a_unit_with_one_calibration_has_no_wavelength_to_choose() -> None:
    line = OzOpticsDd100Mc(VirtualClock(), Dd100McUnit(wavelengths_nm=(1550,))).converse()
    assert say(line, b"W1550\r") == b"Error-2\r\n" + END


@pytest.mark.parametrize(
    "wrong", [{"insertion_loss_db": 60.0}, {"steps_per_s": 0.0}, {"wavelengths_nm": ()}, {"self_test_s": -1.0}]
)
def test_a_scenario_refuses_impossible_units(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        Dd100McUnit(**wrong)
