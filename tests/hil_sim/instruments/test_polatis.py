"""The Polatis switch does what its SCPI reference says."""

import pytest

from hil_sim.instruments.polatis import MODEL, SWITCHING_S, Polatis, PolatisUnit
from hil_sim.scenario import unit_of
from qkdctl.clock import VirtualClock
from tests.hil_sim.instruments.light import Light
from tests.hil_sim.instruments.wires import say
from tests.hil_sim.scpi.dialogue import Dialogue

NONE = "(@),(@)"


@pytest.fixture
def light() -> Light:
    return Light()


@pytest.fixture
def switch(light: Light) -> Polatis:
    return Polatis(VirtualClock(), path=light)


@pytest.fixture
def talk(switch: Polatis) -> Dialogue:
    return Dialogue(switch)


def test_identity_and_size(talk: Dialogue) -> None:
    assert (talk.ask("*idn?") or "").startswith("Polatis,")
    assert talk.ask(":oxc:swit:size?") == "16,16"


def test_sets_give_no_reply_and_show_in_the_state(talk: Dialogue) -> None:
    assert talk.ask(":oxc:swit:conn:stat?") == NONE
    talk.tell(":oxc:swit:conn:add (@2,1),(@17,18)")
    talk.tell(":oxc:swit:conn:add (@3),(@22)")
    assert talk.ask(":oxc:swit:conn:stat?") == "(@1,2,3),(@18,17,22)"
    talk.tell(":oxc:swit:conn:sub (@1),(@18)")
    assert talk.ask(":oxc:swit:conn:stat?") == "(@2,3),(@17,22)"
    assert talk.ask(":oxc:swit:conn:only (@4), (@20); stat?") == "(@4),(@20)"
    talk.tell(":oxc:swit:disc:all")
    assert talk.ask(":oxc:swit:conn:stat?") == NONE


def test_a_new_connection_takes_its_ports_from_old_ones(talk: Dialogue) -> None:
    talk.tell(":oxc:swit:conn:add (@1,2),(@17,18)")
    assert talk.ask(":oxc:swit:conn:add (@1),(@18);stat?") == "(@1),(@18)"


def test_ports_know_their_partner(talk: Dialogue) -> None:
    talk.tell(":oxc:swit:conn:add (@1:3),(@17:19)")
    assert [talk.ask(f":oxc:swit:conn:port? {port}") for port in (2, 18, 9)] == ["18", "2", "0"]
    assert talk.error_of(":oxc:swit:conn:port? 33") == -222


@pytest.mark.parametrize(
    ("lists", "code"),
    [
        ("(@1),(@2)", -222),
        ("(@17),(@18)", -222),
        ("(@0),(@17)", -222),
        ("(@1),(@33)", -222),
        ("(@1,2),(@17)", -220),
        ("(@1,1),(@17,18)", -220),
        ("(@1,2),(@17,17)", -220),
        ("1,17", -104),
        ("(@1 2),(@17)", -104),
        ("(@1:99999),(@17)", -222),
        ("", -109),
    ],
)
def test_impossible_connections_change_nothing(talk: Dialogue, lists: str, code: int) -> None:
    talk.tell(":oxc:swit:conn:add (@5),(@25)")
    assert talk.error_of(f":oxc:swit:conn:only {lists}") == code
    assert talk.ask(":oxc:swit:conn:stat?") == "(@5),(@25)"


def test_what_is_not_connected_cannot_be_disconnected(talk: Dialogue) -> None:
    assert talk.error_of(":oxc:swit:conn:sub (@1),(@17)") == -221


def test_all_errors_at_once(talk: Dialogue) -> None:
    talk.tell("nons")
    talk.tell(":oxc:swit:conn:add 1")
    assert talk.ask(":syst:err:all?") == '-113,"Undefined header",-104,"Data type error"'


def test_light_passes_only_on_its_path(light: Light) -> None:
    talk = Dialogue(Polatis(VirtualClock(), PolatisUnit(path=(3, 20)), path=light))
    assert not light.connected
    talk.tell(":oxc:swit:conn:add (@1),(@20)")
    assert not light.connected
    talk.tell(":oxc:swit:conn:add (@3),(@20)")
    assert light.connected
    talk.tell(":oxc:swit:disc:all")
    assert not light.connected


@pytest.mark.parametrize(("mode", "after"), [("DARK", NONE), ("REST", "(@1),(@17)"), ("AUTO", "(@1),(@17)")])
def test_the_boot_mode_decides_what_a_power_cycle_leaves(
    talk: Dialogue, switch: Polatis, mode: str, after: str
) -> None:
    talk.tell(f":oxc:boot:mode {mode};:oxc:swit:conn:add (@1),(@17)")
    switch.power_cycle()
    assert talk.ask(":oxc:swit:conn:stat?") == after


@pytest.mark.asyncio
async def test_steering_takes_time(talk: Dialogue) -> None:
    talk.tell(":oxc:swit:conn:add (@1),(@17)")
    assert talk.delay_s("*OPC?") == pytest.approx(SWITCHING_S)


def test_replies_end_as_the_transport_wants(switch: Polatis) -> None:
    assert say(switch.converse(), b":oxc:swit:size?\r\n") == b"16,16\r\n"
    serial_switch = Polatis(VirtualClock(), terminator="\r")
    assert say(serial_switch.converse(), b":oxc:swit:size?\r\n") == b"16,16\r"


@pytest.mark.asyncio
async def test_commands_that_come_too_soon_may_be_lost() -> None:
    clock = VirtualClock()
    talk = Dialogue(Polatis(clock, PolatisUnit(least_gap_s=0.1)))
    talk.tell(":oxc:swit:conn:add (@1),(@17)")
    assert talk.ask(":oxc:swit:conn:stat?") is None
    await clock.advance(0.1)
    assert talk.ask(":oxc:swit:conn:stat?") == "(@1),(@17)"


@pytest.mark.parametrize("options", [{"inputs": 0}, {"path": [17, 1]}, {"path": [1, 33]}, {"boot_mode": "MAYBE"}])
def test_units_that_do_not_exist_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=r"must|at least"):
        unit_of(MODEL, "switch", options)
