"""Common commands, error queue and status (IEEE 488.2)."""

import pytest

from hil_sim.scpi.errors import ErrorQueue, ScpiError
from qkdctl.clock import VirtualClock
from tests.hil_sim.scpi.dialogue import Dialogue
from tests.hil_sim.scpi.probe import Probe

PON, CME, EXE, DDE, OPC = 128, 32, 16, 8, 1


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def probe(clock: VirtualClock) -> Probe:
    return Probe(clock)


@pytest.fixture
def talk(probe: Probe) -> Dialogue:
    return Dialogue(probe)


def test_the_queue_is_first_in_first_out_and_reading_removes(talk: Dialogue) -> None:
    talk.tell("NONS")
    talk.tell("INP:ATT 99")
    assert talk.ask("SYST:ERR?") == '-113,"Undefined header"'
    assert talk.ask("SYSTem:ERRor:NEXT?") == '-222,"Data out of range"'
    assert talk.ask("SYST:ERR?") == '+0,"No error"'


def test_on_overflow_the_newest_slot_becomes_350(talk: Dialogue) -> None:
    for line in ("NONS", "INP:ATT 99", "COUN 99", "NONS", "NONS"):
        talk.tell(line)
    assert talk.ask("SYST:ERR:COUN?") == "3"
    assert [talk.error() for _ in range(4)] == [-113, -222, -350, 0]


def test_all_errors_at_once(talk: Dialogue) -> None:
    talk.tell("NONS")
    talk.tell("INP:ATT 99")
    assert talk.ask("SYST:ERR:ALL?") == '-113,"Undefined header",-222,"Data out of range"'
    assert talk.ask("SYST:ERR:ALL?") == '+0,"No error"'


def test_reset_keeps_the_queue_and_clear_and_power_cycle_empty_it(probe: Probe, talk: Dialogue) -> None:
    talk.tell("NONS")
    talk.tell("*RST")
    assert talk.error() == -113
    talk.tell("NONS")
    talk.tell("*CLS")
    assert talk.error() == 0
    talk.tell("NONS")
    probe.power_cycle()
    assert talk.error() == 0


def test_reset_restores_settings(probe: Probe, talk: Dialogue) -> None:
    talk.tell("INP2:ATT 7;*RST")
    assert probe.levels == {1: 0.0, 2: 0.0}


def test_the_event_status_follows_from_the_class_of_the_error(talk: Dialogue) -> None:
    assert talk.ask("*ESR?") == str(PON)
    for line, bit in (("NONS", CME), ("INP:ATT 99", EXE), ("BROK", EXE)):
        talk.tell(line)
        assert talk.ask("*ESR?") == str(bit)
    assert talk.ask("*ESR?") == "0"


def test_the_status_byte_sums_up(talk: Dialogue, probe: Probe) -> None:
    talk.tell("*CLS;*ESE 48;*SRE 255")
    assert talk.ask("*ESE?;*SRE?") == "48;191"
    assert talk.ask("*STB?") == "0"
    talk.tell("NONS")
    assert talk.ask("*STB?") == str(4 | 32 | 64)
    talk.tell("*CLS;*SRE 0;:STAT:OPER:ENAB 4")
    probe.condition = 4
    assert talk.ask("*STB?") == "128"
    assert talk.ask("STAT:OPER?;OPER:COND?") == "4;4"


def test_condition_registers_keep_events_by_their_filters(talk: Dialogue, probe: Probe) -> None:
    probe.condition = 6
    assert talk.ask("STAT:OPER:COND?;EVEN?;EVEN?") == "6;6;0"
    talk.tell("STAT:OPER:NTR 2;PTR 0")
    probe.condition = 0
    assert talk.ask("STAT:OPER:EVEN?") == "2"
    talk.tell("STAT:OPER:ENAB 2;:STAT:PRES")
    assert talk.ask("STAT:OPER:ENAB?;PTR?;NTR?;:STAT:QUES:COND?") == "0;32767;0;0"


@pytest.mark.asyncio
async def test_opc_query_answers_when_the_work_is_done(clock: VirtualClock, talk: Dialogue) -> None:
    assert talk.delay_s("*OPC?") == 0
    talk.tell("WORK")
    await clock.advance(0.5)
    assert talk.delay_s("*OPC?") == pytest.approx(1.5)


@pytest.mark.asyncio
async def test_opc_sets_its_bit_when_the_work_is_done(clock: VirtualClock, talk: Dialogue) -> None:
    talk.tell("*CLS;WORK;*OPC")
    assert talk.ask("*ESR?") == "0"
    await clock.advance(2.0)
    assert talk.ask("*ESR?") == str(OPC)


@pytest.mark.asyncio
async def test_wait_delays_what_follows_even_in_the_next_message(clock: VirtualClock, talk: Dialogue) -> None:
    assert talk.delay_s("WORK;*WAI;STAT:OPER:COND?") == pytest.approx(2.0)
    assert talk.ask("STAT:OPER:COND?") == "0"
    await clock.advance(1.5)
    assert talk.delay_s("*IDN?") == pytest.approx(0.5)
    await clock.advance(0.5)
    assert talk.delay_s("*IDN?") == 0


def test_queries_of_one_message_share_one_reply_line(talk: Dialogue) -> None:
    assert talk.ask("*IDN?;:SYST:VERS?;*TST?") == "Maker,Probe,0001,1.0;1999.0;0"


def test_every_connection_parses_for_itself_but_shares_the_queue(probe: Probe) -> None:
    first, second = probe.converse(), probe.converse()
    first.received(b"INP:AT")
    assert second.received(b"INP:ATT?\n")[0].data == b"+0.00000000E+000\n"
    first.received(b"TO 3\n")
    assert second.received(b"SYST:ERR?\n")[0].data == b'-113,"Undefined header"\n'


def test_an_unknown_code_needs_a_text() -> None:
    assert str(ScpiError(-900, "Own error")) == "-900: Own error"
    with pytest.raises(KeyError):
        ScpiError(-900)


def test_a_queue_holds_at_least_one_entry() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ErrorQueue(0)
