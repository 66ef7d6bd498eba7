"""The CTL200 says what its manual says: echo, one value line, and a prompt without a line end."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.endpoints.base import Conversation
from hil_sim.instruments.koheron_ctl200 import Ctl200Unit, KoheronCtl200
from hil_sim.instruments.koheron_ctl200_state import Ctl200Error
from qkdctl.clock import RealClock, VirtualClock
from tests.hil_sim.instruments.wires import assert_packets_do_not_matter, last_delay_s, say, serial_client

TRANSCRIPT = [
    (b"model", b"CTL200-0"),
    (b"version", b"v0.17"),
    (b"serial", b"0000000001"),
    (b"lason", b"0"),
    (b"ilmax 150", b"150.000"),
    (b"ilaser 100", b"100.000"),
    (b"ilaser", b"100.000"),
    (b"ilaser 151", b"100.000"),
    (b"err", b"20"),
    (b"errclr", b"ffffffff"),
    (b"err", b"0"),
    (b"ilmax 1000.1", b"150.000"),
    (b"ilmax 80", b"80.000"),
    (b"ilaser", b"80.000"),
    (b"lason 1", b"1"),
    (b"tecon 1", b"1"),
    (b"rtset 10000", b"10000.000"),
    (b"rtmin 5000", b"5000.000"),
    (b"rtmax 15000", b"15000.000"),
    (b"vtmin -2.5", b"-2.500"),
    (b"vtmin 0.5", b"-2.500"),
    (b"vtmax 2.5", b"2.500"),
    (b"pgain 0.1", b"0.100"),
    (b"igain 0.2", b"0.005"),
    (b"ldelay 2500", b"2500.000"),
    (b"lmodgain 50", b"50.000"),
    (b"tmodgain -5000", b"-5000.000"),
    (b"ain1", b"0.000"),
    (b"tboard", b"34.500"),
    (b"brate 9600", b"9600"),
    (b"brate 4800", b"9600"),
    (b"tprot 2", b"1"),
    (b"lason nan", b"1"),
    (b"userdata write lab 3", b"lab 3"),
    (b"userdata write " + b"x" * 40, b"x" * 31),
    (b"nonsense", b"unknown command"),
    (b"LASON", b"unknown command"),
    (b"err", b"30"),
    (b"save", b"config saved"),
    (b"lason 0", b"0"),
]


class Light:
    """Notes the power that the diode emits."""

    def __init__(self) -> None:
        self.power_w = -1.0

    def set_laser_power_w(self, power_w: float) -> None:
        self.power_w = power_w


def exchange(command: bytes, value: bytes) -> bytes:
    return command + b"\r\n" + value + b"\r\n>>"


def value_of(conversation: Conversation, command: bytes) -> str:
    """The value line of a command."""
    return say(conversation, command + b"\r\n").split(b"\r\n")[1].decode()


@pytest.mark.asyncio
async def test_transcript_over_a_serial_port(tmp_path: Path) -> None:
    async with serial_client(KoheronCtl200(RealClock()), tmp_path, baud=115200) as client:
        for command, value in TRANSCRIPT:
            assert await client.ask(command + b"\r\n", b">>") == exchange(command, value), command


@given(st.lists(st.integers(0, 2000), max_size=6), st.booleans())
def test_packets_do_not_matter(cuts: list[int], nul_bytes: bool) -> None:
    sent = b"".join(command + b"\r\n" for command, _ in TRANSCRIPT)
    unit = Ctl200Unit(nul_bytes=nul_bytes)
    assert_packets_do_not_matter(lambda: KoheronCtl200(VirtualClock(), unit).converse(), sent, cuts)


def test_the_echo_comes_at_once_and_the_answer_with_its_prompt_later() -> None:
    replies = KoheronCtl200(VirtualClock(), Ctl200Unit(answer_s=0.003)).converse().received(b"ilaser\r\n")
    assert [(reply.data, reply.delay_s) for reply in replies] == [
        (b"ilaser\r\n", 0.0),
        (b"0.000\r\n>>", pytest.approx(0.003)),
    ]


def test_an_answer_that_equals_its_echo_is_sent_all_the_same() -> None:
    """T8: the echo of `lason 1` ends like the answer; only the position tells them apart."""
    line = KoheronCtl200(VirtualClock()).converse()
    assert say(line, b"userdata write lason\r\n") == exchange(b"userdata write lason", b"lason")
    assert say(line, b"userdata\r\n") == exchange(b"userdata", b"lason")


def test_every_setting_answers() -> None:
    """T9: a driver that reads no reply after a set finds it before the next one."""
    line = KoheronCtl200(VirtualClock()).converse()
    assert say(line, b"ilaser 5\r\nilaser\r\n").count(b">>") == 2


def test_nul_bytes_may_precede_the_answer() -> None:
    line = KoheronCtl200(VirtualClock(), Ctl200Unit(nul_bytes=True)).converse()
    assert say(line, b"lason\r\n") == b"lason\r\n\x000\r\n>>"


def test_an_empty_command_prompts_anew() -> None:
    assert say(KoheronCtl200(VirtualClock()).converse(), b"\r\n") == b"\r\n>>"


@pytest.mark.asyncio
async def test_a_command_before_the_prompt_is_flagged_and_waits() -> None:
    clock = VirtualClock()
    line = KoheronCtl200(clock, Ctl200Unit(answer_s=0.01)).converse()
    assert last_delay_s(line.received(b"ilaser\r\n")) == pytest.approx(0.01)
    await clock.advance(0.004)
    assert last_delay_s(line.received(b"ilmax\r\n")) == pytest.approx(0.016)
    await clock.advance(1.0)
    assert value_of(line, b"err") == "2"
    await clock.advance(1.0)
    value_of(line, b"errclr")
    await clock.advance(1.0)
    assert value_of(line, b"err") == "0"


def test_a_line_too_long_overflows_the_buffer() -> None:
    controller = KoheronCtl200(VirtualClock())
    assert say(controller.converse(), b"i" * 65 + b"\r\n").endswith(b"\r\n>>")
    assert controller.state.errors == Ctl200Error.UART_OVERFLOW


@pytest.mark.asyncio
async def test_light_follows_current_above_threshold() -> None:
    clock, light = VirtualClock(), Light()
    controller = KoheronCtl200(clock, Ctl200Unit(threshold_ma=10, slope_w_per_a=0.2), link=light)
    line = controller.converse()
    assert light.power_w == 0
    await clock.advance(1.0)
    say(line, b"tecon 1\r\nilaser 60\r\n")
    assert light.power_w == 0
    say(line, b"lason 1\r\n")
    await clock.advance(30.0)  # the cooler brings the diode to 25 degrees
    controller.update_link()
    assert light.power_w == pytest.approx(50e-3 * 0.2, rel=1e-4)
    assert value_of(line, b"vlaser") == "1.190"  # 0.95 V and 4 ohm
    assert float(value_of(line, b"iphd")) == pytest.approx(light.power_w * 50, abs=1e-3)
    say(line, b"ilaser 9.9\r\n")
    assert light.power_w == 0
    assert value_of(line, b"lason") == "1"


@pytest.mark.asyncio
async def test_the_thermistor_settles_to_its_set_point() -> None:
    clock = VirtualClock()
    line = KoheronCtl200(clock).converse()
    assert float(value_of(line, b"rtact")) == pytest.approx(9260, abs=20)  # 27 degrees, uncooled
    say(line, b"rtset 11000\r\ntecon 1\r\n")
    await clock.advance(1.5)
    halfway = float(value_of(line, b"rtact"))
    assert 10_000 < halfway < 10_800
    await clock.advance(20.0)
    assert float(value_of(line, b"rtact")) == pytest.approx(11_000, abs=0.1)
    cooler_a, cooler_v = float(value_of(line, b"itec")), float(value_of(line, b"vtec"))
    assert cooler_v == pytest.approx(3 * cooler_a, abs=2e-3)
    say(line, b"vtmax 0.1\r\n")
    await clock.advance(30.0)
    assert float(value_of(line, b"vtec")) == pytest.approx(0.1)
    assert float(value_of(line, b"rtact")) < 9_900  # the cooler cannot hold the set point any more


def test_an_open_interlock_darkens_and_refuses() -> None:
    light = Light()
    controller = KoheronCtl200(VirtualClock(), link=light)
    line = controller.converse()
    say(line, b"ilaser 100\r\n")
    say(line, b"\r\n")
    assert value_of(line, b"lason 1") == "1"
    controller.state.errors = Ctl200Error(0)
    controller.disturbances["open-interlock"]()
    assert light.power_w == 0
    assert controller.state.errors == Ctl200Error.INTERLOCK
    assert value_of(line, b"lason 1") == "0"
    assert controller.state.errors & Ctl200Error.LASER_ON_WHILE_INTERLOCKED
    controller.disturbances["close-interlock"]()
    assert value_of(line, b"lason") == "0"
    assert value_of(line, b"lason 1") == "1"


def test_a_disabled_interlock_trips_nothing() -> None:
    controller = KoheronCtl200(VirtualClock())
    line = controller.converse()
    say(line, b"lckon 0\r\nlason 1\r\n")
    controller.disturbances["open-interlock"]()
    assert value_of(line, b"lason") == "1"


@pytest.mark.parametrize(("command", "flag"), [(b"rtmin 9900", 0x08), (b"rtmax 8000", 0x04)])
def test_temperature_protection_switches_off(command: bytes, flag: int) -> None:
    controller = KoheronCtl200(VirtualClock())
    line = controller.converse()
    say(line, b"lason 1\r\n")
    say(line, command + b"\r\n")
    assert value_of(line, b"lason") == "0"
    assert controller.state.errors & flag
    say(line, b"tprot 0\r\n")
    assert value_of(line, b"lason 1") == "1"


def test_status_has_eight_fields() -> None:
    line = KoheronCtl200(VirtualClock()).converse()
    fields = value_of(line, b"status").split()
    assert [fields[0], *fields[1:4], *fields[5:]] == ["0", "0.000", "0.000", "0.000", "0.000", "0.000", "0.000"]
    assert float(fields[4]) == pytest.approx(9260, abs=20)


@pytest.mark.asyncio
async def test_a_laser_saved_as_on_comes_back_after_its_delay() -> None:
    clock, light = VirtualClock(), Light()
    controller = KoheronCtl200(clock, link=light)
    await clock.advance(1.0)
    line = controller.converse()
    say(line, b"ldelay 500\r\nilaser 50\r\nlason 1\r\nsave\r\nilaser 90\r\nuserdata write gone\r\n")
    assert light.power_w > 0
    controller.power_cycle()
    assert light.power_w == 0
    assert value_of(line, b"ilaser") == "50.000"
    assert value_of(line, b"userdata") == ""
    await clock.advance(0.5)
    controller.update_link()
    assert light.power_w > 0


@pytest.mark.asyncio
async def test_modulation_inputs_act_through_their_gains_and_never_exceed_the_limit() -> None:
    clock = VirtualClock()
    controller = KoheronCtl200(clock)
    await clock.advance(1.0)
    say(controller.converse(), b"ilaser 50\r\nlmodgain 20\r\nlason 1\r\n")
    controller.state.inputs.ain1_v = 2.0
    assert controller.state.current_ma() == pytest.approx(90)
    controller.state.inputs.ain1_v = 100.0
    assert controller.state.current_ma() == pytest.approx(200)
    controller.state.inputs.ain1_v = -100.0
    assert controller.state.current_ma() == 0


@pytest.mark.parametrize("wrong", [{"ilmax_ma": 1001}, {"ilmax_ma": 0}, {"answer_s": -1}])
def test_a_scenario_refuses_impossible_units(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Ctl200Unit(**wrong)  # type: ignore[arg-type]
