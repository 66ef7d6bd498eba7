"""The ID900 speaks SCPI in ZeroMQ messages and survives clients that vanish."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import zmq
import zmq.asyncio
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.endpoints.zeromq import ZmqEndpoint
from hil_sim.instruments.detectors_place import AVALANCHE_DIODE, DarkDetectors
from hil_sim.instruments.idq_id900 import MODEL, IdqId900
from hil_sim.instruments.idq_id900_state import Id900Unit
from hil_sim.instruments.model import Surroundings
from hil_sim.world.link import OpticalLink
from hil_sim.world.presets import PRESETS
from qkdctl.clock import Clock, RealClock, VirtualClock


class Steady:
    """Detectors that click exactly at their rates."""

    def __init__(self, *rates_hz: float) -> None:
        self.detectors = DarkDetectors(AVALANCHE_DIODE, len(rates_hz), seed=0).detectors
        self.rates_hz = list(rates_hz)

    def count_rate_hz(self, channel: int) -> float:
        return self.rates_hz[channel]

    def draw_counts(self, channel: int, integration_s: float) -> int:
        return round(self.rates_hz[channel] * integration_s)


def ask(controller: IdqId900, command: str) -> str:
    """One message by hand."""
    (reply,) = controller.converse().received(command.encode())
    return reply.data.decode()


@asynccontextmanager
async def served(controller: IdqId900, clock: Clock) -> AsyncIterator[tuple[ZmqEndpoint, zmq.asyncio.Context]]:
    endpoint = ZmqEndpoint("id900", controller, clock)
    await endpoint.start()
    context = zmq.asyncio.Context()
    try:
        yield endpoint, context
    finally:
        context.destroy(linger=0)
        await endpoint.stop()


def request_socket(context: zmq.asyncio.Context, endpoint: ZmqEndpoint) -> zmq.asyncio.Socket:
    client = context.socket(zmq.REQ)
    client.linger = 0
    client.connect(endpoint.address.removeprefix("zmq+"))
    return client


async def exchange(client: zmq.asyncio.Socket, command: str) -> str:
    async with asyncio.timeout(5.0):
        await client.send_string(command)
        return str(await client.recv_string())


TRANSCRIPT = [
    ("*IDN?", "ID Quantique, ID900 Time Controller, Serial : 1908029T010, Firmware : 1.20.4"),
    ("DEVI:RES?", "HIRES"),
    ("DEVIce:RESolution:BWIDth?", "13"),
    ("DEVI:RES LOWRES", "Value set to LOWRES"),
    ("DEVI:RES:BWID?", "100"),
    ("INPU1:ENAB OFF", "Value set to OFF"),
    ("INPU1:ENAB?", "OFF"),
    ("INPU1:ENAB", "Value set to ON"),
    ("STAR:ENAB?", "ON"),
    ("INPU2:THRE 0.5", "Value set to 0.500V"),
    ("input2:threshold 250mV", "Value set to 0.250V"),
    ("INPU2:THRE?", "0.250V"),
    ("INPU2:THRE", "Value set to 1.000V"),
    ("INPU1:EDGE FALLING", "Value set to FALLing"),
    ("INPU1:EDGE", "Value set to RISIng"),
    ("INPU1:COUP AC;SELE SHAP", "Value set to AC\nValue set to SHAPed"),
    ("INPU1:COUN:INTE 250", "Value set to 250"),
    ("INPU1:COUN:INTE 1000.0", "Value set to 1000"),
    ("INPU1:COUN:INTE?", "1000"),
    ("INPU1:COUN:MODE CYCLE", "Value set to CYCLe"),
    ("INPU1:COUN:MODE ACCU", "Value set to ACCUm"),
    ("INPU1:COUN:RESE", "Counter value set to 0 "),
    ("DELA1:VALU 4000", "Value set to 4000TB"),
    ("DELA1:VALU 2.5KTB", "Value set to 2500TB"),
    ("DELA1:VALU?", "2500TB"),
    ("DELA1:VALU", "Value set to 0TB"),
    ("DELA5:LINK?", "NONE"),
    ("DELA5:INPO:LINK DELA1", "Value set to DELA1"),
    ("TSCO6:WIND:BEGI:DELA 100;:TSCO6:WIND:END:DELA 1MTB", "Value set to 100TB\nValue set to 1000000TB"),
    ("HIST1:REF:LINK TSCO5;:HIST1:STOP:LINK TSCO6", "Value set to TSCO5\nValue set to TSCO6"),
    ("HIST1:BCOU 4;BWID 200;MIN 0", "Value set to 4\nValue set to 200TB\nValue set to 0TB"),
    ("HIST1:DATA?", "[0, 0, 0, 0]"),
    ("HIST1:FLUS", "Flushed Histogram!"),
    ("REC:TRIG:ARM:MODE MANU;:REC:DUR 1GTB", "Value set to MANUal\nValue set to 1000000000TB"),
    ("REC:STAG?", "IDLE"),
    ("RAW1:SEND ON", "Value set to ON"),
    ("RAW1:ERRORS?", "0"),
    ("RAW1:ERRORS:CLEAR", "Cleared errors"),
    ("INPU1:HIRES:ERROR?", "0"),
    ("INPU1:HIRES:ERROR:CLEAR", "Cleared Highres errors"),
    ("DEVI:CONF:LOAD COUNT", "Value set to COUNT"),
    ("DEVI:SAMP:RECA", "Recalibrated"),
    ("INPU:ENAB?", "ON"),
]

MISTAKES = [
    ("INPU1:ENA?", "Error: SCPI_ERR_INVALID_CMD"),
    ("INP1:ENAB?", "Error: SCPI_ERR_INVALID_CMD"),
    ("INPU5:ENAB?", "Error: SCPI_ERR_INVALID_CMD"),
    ("DELA9:VALU?", "Error: SCPI_ERR_INVALID_CMD"),
    ("", ""),
    ("INPU1:ENAB MAYBE", "Error: SCPI_ERR_PARAM_TYPE"),
    ("INPU1:THRE 9", "Error: SCPI_ERR_PARAM_TYPE"),
    ("INPU1:THRE 1TB", "Error: SCPI_ERR_PARAM_TYPE"),
    ("INPU1:COUN:INTE 0", "Error: SCPI_ERR_PARAM_TYPE"),
    ("INPU1:COUN:INTE 65536", "Error: SCPI_ERR_PARAM_TYPE"),
    ("DELA1:VALU 1000000000001", "Error: SCPI_ERR_PARAM_TYPE"),
    ("HIST1:BCOU 16385", "Error: SCPI_ERR_PARAM_TYPE"),
    ("DELA1:LINK INPU5", "Error: SCPI_ERR_PARAM_TYPE"),
    ("DELA1:LINK STAR2", "Error: SCPI_ERR_PARAM_TYPE"),
    ("DELA1:LINK NOWHERE1", "Error: SCPI_ERR_PARAM_TYPE"),
    ("INPU1:ENAB ON,OFF", "Error: SCPI_ERR_PARAM_COUNT"),
    ("INPU1:COUN:RESE 3", "Error: SCPI_ERR_PARAM_COUNT"),
    ("INPU1:ENAB? 1", "Error: SCPI_ERR_PARAM_COUNT"),
    ("INPU1:ENAB OFF;NONSENSE;:INPU2:ENAB OFF", "Value set to OFF\nError: SCPI_ERR_INVALID_CMD"),
    ("INPU2:ENAB?", "ON"),
]


@pytest.mark.asyncio
async def test_transcript_over_a_request_socket() -> None:
    clock = VirtualClock()
    async with served(IdqId900(clock, place=Steady(0)), clock) as (endpoint, context):
        client = request_socket(context, endpoint)
        for command, expected in TRANSCRIPT + MISTAKES:
            assert await exchange(client, command) == expected, command


@pytest.mark.asyncio
async def test_counters_show_the_last_whole_cycle() -> None:
    clock, place = VirtualClock(), Steady(1000, 300)
    controller = IdqId900(clock, place=place)
    ask(controller, "INPU1:COUN:INTE 200")
    ask(controller, "INPU2:COUN:INTE 200")
    assert ask(controller, "INPU1:COUN?") == "0"  # no cycle has ended yet
    await clock.advance(0.25)
    assert ask(controller, "INPU1:COUN?;:INPU2:COUN?;:INPU3:COUN?;:STAR:COUN?") == "200\n60\n0\n0"
    place.rates_hz = [2000, 300]
    assert ask(controller, "INPU1:COUN?") == "200"
    await clock.advance(0.15)
    assert ask(controller, "INPU1:COUN?") == "350"  # 50 ms at the old rate, 150 ms at the new one
    await clock.advance(60.0)
    assert ask(controller, "INPU1:COUN?") == "400"


@pytest.mark.asyncio
async def test_a_counter_that_accumulates_counts_since_its_reset() -> None:
    clock = VirtualClock()
    controller = IdqId900(clock, place=Steady(1000))
    ask(controller, "INPU1:COUN:MODE ACCU")
    await clock.advance(2.5)
    assert ask(controller, "INPU1:COUN?") == "2500"
    ask(controller, "INPU1:COUN:RESE")
    assert ask(controller, "INPU1:COUN?") == "0"
    await clock.advance(0.5)
    ask(controller, "INPU1:ENAB OFF")
    await clock.advance(5.0)
    assert ask(controller, "INPU1:COUN?") == "500"


@pytest.mark.asyncio
async def test_start_counts_its_pulse_train_and_combiners_pass_inputs_on_or_count_pairs() -> None:
    clock = VirtualClock()
    controller = IdqId900(clock, Id900Unit(start_period_ps=1_000_000), place=Steady(1e6, 1e6, 0))
    await clock.advance(1.5)
    assert ask(controller, "STAR:COUN?") == "1000000"
    assert ask(controller, "TSCO5:COUN?;:TSCO7:COUN?;:TSCO1:COUN?") == "1000000\n0\n0"
    ask(controller, "DEVI:CONF:LOAD COUNT")
    ask(controller, "TSCO6:WIND:END:DELA 10KTB")
    await clock.advance(1.5)
    assert int(ask(controller, "TSCO6:COUN?")) == pytest.approx(10_000, rel=0.1)


@pytest.mark.asyncio
async def test_thresholds_and_resolution_decide_what_is_counted() -> None:
    clock = VirtualClock()
    controller = IdqId900(clock, place=Steady(30e6))
    ask(controller, "INPU1:THRE 2.5V")
    await clock.advance(2.0)
    assert ask(controller, "INPU1:COUN?") == "0"
    ask(controller, "INPU1:THRE 0.5V")
    assert ask(controller, "INPU1:HIRES:ERROR?") == "0"
    await clock.advance(2.0)
    assert ask(controller, "INPU1:COUN?;:INPU1:HIRES:ERROR?") == "30000000\n2"  # too fast for the high resolution
    assert ask(controller, "INPU1:HIRES:ERROR:CLEAR") == "Cleared Highres errors"
    assert ask(controller, "INPU1:HIRES:ERROR?") == "0"
    controller.disturbances["disturb-sampling"]()
    assert ask(controller, "INPU3:HIRES:ERROR?") == "1"
    ask(controller, "DEVI:SAMP:RECA")
    assert ask(controller, "INPU3:HIRES:ERROR?") == "0"


def test_the_unit_of_the_integration_time_differs_between_firmwares() -> None:
    controller = IdqId900(VirtualClock(), Id900Unit(integration_unit="ns"))
    assert ask(controller, "INPU1:COUN:INTE?") == "1000000000"
    assert ask(controller, "INPU1:COUN:INTE 999999") == "Error: SCPI_ERR_PARAM_TYPE"
    assert ask(controller, "INPU1:COUN:INTE 100000000") == "Value set to 100000000"
    with pytest.raises(ValueError, match="ms or ns"):
        Id900Unit(integration_unit="us")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="start_period_ps"):
        Id900Unit(start_period_ps=0)


@pytest.mark.asyncio
async def test_a_histogram_fills_while_it_is_recorded() -> None:
    clock = VirtualClock()
    controller = IdqId900(clock, place=Steady(1e5))
    ask(controller, "HIST1:BCOU 100;BWID 100;:REC:DUR 500GTB;:DELA1:VALU 1000")
    await clock.advance(1.0)
    assert ask(controller, "HIST1:DATA?") == str([0] * 100)
    assert ask(controller, "REC:PLAY") == "Value set to PLAYing"
    await clock.advance(0.4)
    assert ask(controller, "REC:STAG?") == "PLAYing"
    await clock.advance(0.4)
    assert ask(controller, "REC:STAG?") == "IDLE"
    bins = [int(cell) for cell in ask(controller, "HIST1:DATA?").strip("[]").split(",")]
    assert sum(bins) == pytest.approx(50_000, rel=0.02)  # half a second; all but the dark counts fall into 10 ns
    assert bins.index(max(bins)) in {59, 60}  # 5 ns after the start, and 1 ns of delay
    await clock.advance(1.0)
    assert ask(controller, "HIST1:FLUS;DATA?").endswith(str([0] * 100))
    ask(controller, "REC:NUM 0;PLAY")
    await clock.advance(100.0)
    assert ask(controller, "REC:STAG?") == "PLAYing"
    ask(controller, "REC:STOP")
    assert ask(controller, "REC:STAG?") == "IDLE"


def test_the_state_shows_every_block() -> None:
    lines = ask(IdqId900(VirtualClock()), "STAT?").splitlines()
    assert lines[0] == ":DEVI:SYNC INTErnal;RES HIRES;"
    assert ":INPU4:ENAB ON;COUP DC;EDGE RISIng;THRE 1.000V;SELE UNSHaped;" in lines
    assert ":STAR:COUN:INTE 1000;MODE CYCLe;" in lines
    assert ":DELA1:VALU 0TB;INPO:LINK INPU1;" in lines


def test_power_cycle_forgets_and_blank_disables() -> None:
    controller = IdqId900(VirtualClock())
    ask(controller, "DEVI:CONF:LOAD BLANK")
    assert ask(controller, "INPU1:ENAB?") == "OFF"
    controller.power_cycle()
    assert ask(controller, "INPU1:ENAB?") == "ON"


@pytest.mark.asyncio
async def test_a_change_of_the_link_does_not_rewrite_what_was_counted() -> None:
    clock = VirtualClock()
    link = OpticalLink("lab", PRESETS["ingaas-25km"], 1, clock)
    controller = MODEL.build(Surroundings("tagger", clock, Id900Unit(), link=link))
    assert isinstance(controller, IdqId900)
    ask(controller, "INPU1:COUN:MODE ACCU")
    link.set_laser_power_w(1e-3)
    await clock.advance(1.0)
    link.set_laser_power_w(0.0)
    bright = int(ask(controller, "INPU1:COUN?"))
    assert bright > 10_000
    await clock.advance(1.0)
    assert int(ask(controller, "INPU1:COUN?")) < bright * 1.1


@pytest.mark.asyncio
async def test_clients_that_vanish_do_not_hold_the_socket() -> None:
    """T17: a request whose client has gone is answered into the void, and others are served."""
    clock = RealClock()
    async with served(IdqId900(clock), clock) as (endpoint, context):
        for _ in range(5):
            vanishing = request_socket(context, endpoint)
            await vanishing.send_string("*IDN?")
            vanishing.close(linger=0)
        client = request_socket(context, endpoint)
        assert (await exchange(client, "*IDN?")).startswith("ID Quantique")


@pytest.mark.asyncio
async def test_after_a_lost_reply_a_new_socket_works_and_the_old_one_does_not() -> None:
    """T17: a REQ socket deadlocks after a lost reply; the instrument does not."""
    clock = RealClock()
    async with served(IdqId900(clock), clock) as (endpoint, context):
        endpoint.faults.drop()
        client = request_socket(context, endpoint)
        await client.send_string("*IDN?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.recv_string()
        with pytest.raises(zmq.ZMQError):
            await client.send_string("*IDN?", zmq.NOBLOCK)
        fresh = request_socket(context, endpoint)
        assert (await exchange(fresh, "DEVI:RES?")) == "HIRES"
        endpoint.faults.garbage()
        await fresh.send_string("DEVI:RES?")
        garbage = await fresh.recv()
        assert len(garbage) == 5
        assert garbage != b"HIRES"


@pytest.mark.asyncio
async def test_late_and_stalled_replies_come_in_the_end() -> None:
    clock = VirtualClock()
    async with served(IdqId900(clock), clock) as (endpoint, context):
        client = request_socket(context, endpoint)
        assert await exchange(client, "DEVI:RES?") == "HIRES"
        endpoint.faults.late(2.0)
        await client.send_string("DEVI:RES?")
        assert not await client.poll(30)
        await clock.advance(2.0)
        assert await client.recv_string() == "HIRES"
        endpoint.faults.stall()
        await client.send_string("DEVI:RES?")
        assert not await client.poll(30)
        endpoint.faults.clear()
        assert await client.recv_string() == "HIRES"


@pytest.mark.asyncio
async def test_unplugging_and_replugging_keeps_the_address() -> None:
    clock = RealClock()
    async with served(IdqId900(clock), clock) as (endpoint, context):
        address = endpoint.address
        await endpoint.unplug()
        await endpoint.unplug()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", endpoint.port)
        client = request_socket(context, endpoint)
        await client.send_string("DEVI:RES?")
        assert not await client.poll(30)
        await endpoint.replug()
        assert endpoint.address == address
        async with asyncio.timeout(5.0):
            assert await client.recv_string() == "HIRES"  # ZeroMQ connects again by itself


@pytest.mark.asyncio
async def test_a_taken_port_is_an_error() -> None:
    clock = RealClock()
    async with served(IdqId900(clock), clock) as (endpoint, _):
        second = ZmqEndpoint("other", IdqId900(clock), clock, port=endpoint.port)
        with pytest.raises(OSError, match="cannot listen"):
            await second.start()
        await second.stop()


CONTROLLER = IdqId900(VirtualClock())


@given(st.text(max_size=60))
def test_any_text_gets_one_answer(text: str) -> None:
    (reply,) = CONTROLLER.converse().received(text.encode("utf-8", "surrogatepass"))
    assert isinstance(reply.data, bytes)
