"""A line keeps order and time, and its faults do what they say."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hil_sim.endpoints.faults import FaultPlan, ReplyFault
from hil_sim.endpoints.line import Line
from qkdctl.clock import VirtualClock
from tests.hil_sim.endpoints.echo import Echo, Ticker


class Wire:
    """What a line has sent, with the virtual time of each piece."""

    def __init__(self, *, byte_time_s: float = 0.0, instrument: Echo | Ticker | None = None) -> None:
        self.clock = VirtualClock()
        self.faults = FaultPlan(self.clock, seed=1)
        self.sent: list[tuple[float, bytes]] = []
        self.line = Line(
            (instrument or Echo()).converse(), self._write, self.faults, self.clock, byte_time_s=byte_time_s
        )

    def _write(self, data: bytes) -> None:
        self.sent.append((round(self.clock.monotonic(), 6), data))

    async def close(self) -> None:
        await asyncio.gather(*self.line.close(), return_exceptions=True)
        await self.faults.close()


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    yield wire
    await wire.close()


@pytest.mark.asyncio
async def test_replies_leave_at_once_and_without_a_task(wire: Wire) -> None:
    tasks = asyncio.all_tasks()
    wire.line.feed(b"one\ntwo\n")
    assert wire.sent == [(0.0, b"one\n"), (0.0, b"two\n")]
    assert asyncio.all_tasks() == tasks


@pytest.mark.asyncio
async def test_a_delayed_reply_holds_back_those_behind_it(wire: Wire) -> None:
    wire.line.feed(b"2 slow\nquick\n")
    await wire.clock.advance(1.0)
    wire.line.feed(b"later\n")
    assert wire.sent == []
    await wire.clock.advance(1.5)
    assert wire.sent == [(2.0, b"slow\n"), (2.0, b"quick\n"), (2.0, b"later\n")]
    wire.line.feed(b"now\n")
    assert wire.sent[-1] == (2.5, b"now\n")


@pytest.mark.asyncio
async def test_drop_loses_replies_and_then_no_more(wire: Wire) -> None:
    wire.faults.drop(2)
    wire.line.feed(b"a\nb\nc\n")
    assert wire.sent == [(0.0, b"c\n")]
    assert wire.faults.quiet


@pytest.mark.asyncio
async def test_garbage_has_the_length_and_the_end_of_the_reply(wire: Wire) -> None:
    wire.faults.garbage()
    wire.line.feed(b"temperature\nb\n")
    noise = wire.sent[0][1]
    assert noise != b"temperature\n"
    assert len(noise) == len(b"temperature\n")
    assert noise.index(b"\n") == len(noise) - 1
    assert wire.sent[1] == (0.0, b"b\n")


@pytest.mark.asyncio
async def test_split_sends_pieces_apart(wire: Wire) -> None:
    wire.faults.split(size=2, gap_s=0.5)
    wire.line.feed(b"abcd\nx\n")
    await wire.clock.advance(2.0)
    assert wire.sent == [(0.0, b"ab"), (0.5, b"cd"), (1.0, b"\n"), (1.0, b"x\n")]


@pytest.mark.asyncio
async def test_a_late_reply_comes_late_and_those_behind_it_wait(wire: Wire) -> None:
    wire.faults.late(3.0)
    wire.line.feed(b"a\n")
    await wire.clock.advance(1.0)
    wire.line.feed(b"b\n")
    await wire.clock.advance(3.0)
    assert wire.sent == [(3.0, b"a\n"), (3.0, b"b\n")]


@pytest.mark.asyncio
async def test_merge_sends_replies_as_one_piece(wire: Wire) -> None:
    wire.faults.merge(2, within_s=1.0)
    wire.line.feed(b"a\n")
    await wire.clock.advance(0.25)
    assert wire.sent == []
    wire.line.feed(b"b\n")
    wire.line.feed(b"c\n")
    assert wire.sent == [(0.25, b"a\nb\n"), (0.25, b"c\n")]


@pytest.mark.asyncio
async def test_merge_gives_up_waiting(wire: Wire) -> None:
    wire.faults.merge(2, within_s=1.0)
    wire.line.feed(b"a\n")
    await wire.clock.advance(1.0)
    assert wire.sent == [(1.0, b"a\n")]
    wire.line.feed(b"b\n")
    assert wire.sent[-1] == (1.0, b"b\n")


@pytest.mark.asyncio
async def test_during_a_stall_nothing_passes_and_the_instrument_hears_nothing(wire: Wire) -> None:
    wire.line.feed(b"1 before\n")
    wire.faults.stall(5.0)
    wire.line.feed(b"a\n")
    await wire.clock.advance(4.9)
    assert wire.sent == []
    await wire.clock.advance(0.2)
    assert [data for _, data in wire.sent] == [b"before\n", b"a\n"]


@pytest.mark.asyncio
async def test_a_stall_without_end_lasts_until_cleared(wire: Wire) -> None:
    wire.faults.stall()
    wire.line.feed(b"a\n")
    await wire.clock.advance(3600.0)
    assert wire.sent == []
    wire.faults.clear()
    await wire.clock.advance(0.0)
    assert wire.sent == [(3600.0, b"a\n")]


@pytest.mark.asyncio
async def test_a_new_stall_replaces_the_one_before(wire: Wire) -> None:
    wire.faults.stall(1.0)
    wire.faults.stall(3.0)
    wire.line.feed(b"a\n")
    await wire.clock.advance(2.0)
    assert wire.sent == []
    await wire.clock.advance(1.0)
    assert wire.sent == [(3.0, b"a\n")]


@pytest.mark.asyncio
async def test_faults_strike_one_after_the_other(wire: Wire) -> None:
    wire.faults.drop()
    wire.faults.late(1.0)
    wire.line.feed(b"a\nb\nc\n")
    await wire.clock.advance(1.0)
    assert wire.sent == [(1.0, b"b\n"), (1.0, b"c\n")]


@pytest.mark.asyncio
async def test_a_paced_line_takes_the_time_of_its_bytes() -> None:
    wire = Wire(byte_time_s=0.001)
    wire.line.feed(b"0123456789\n")
    await wire.clock.advance(1.0)
    assert b"".join(data for _, data in wire.sent) == b"0123456789\n"
    # eleven bytes there and eleven back
    assert wire.sent[-1][0] == pytest.approx(0.022)
    assert wire.sent[0][0] < wire.sent[-1][0]
    await wire.close()


@pytest.mark.asyncio
async def test_a_stream_keeps_its_grid_and_does_not_catch_up_after_a_stall() -> None:
    wire = Wire(instrument=Ticker())
    wire.line.open()
    await wire.clock.advance(2.5)
    assert [time for time, _ in wire.sent] == [1.0, 2.0]
    wire.faults.stall(4.0)
    await wire.clock.advance(6.0)
    assert [time for time, _ in wire.sent[2:]] == [6.5, 7.0, 8.0]
    await wire.close()


@pytest.mark.asyncio
async def test_closing_forgets_what_waited(wire: Wire) -> None:
    wire.line.feed(b"5 late\n")
    await wire.close()
    await wire.clock.advance(10.0)
    assert wire.sent == []


@pytest.mark.parametrize("make", [lambda: ReplyFault("drop", 0), lambda: ReplyFault("split", 1, -1.0)])
def test_impossible_faults_are_refused(make) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make()


@pytest.mark.asyncio
async def test_a_stall_of_no_time_is_refused(wire: Wire) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        wire.faults.stall(0.0)
