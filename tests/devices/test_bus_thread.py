"""A blocking call costs its own bus, for its own time, and nothing else."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from qkdctl.devices import bus_thread
from qkdctl.devices.bus_thread import Buses, BusThread
from qkdctl.devices.errors import BusStuckError

pytestmark = pytest.mark.asyncio


class Blocking:
    """Calls that take as long as the test wants."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.calls = 0

    def wait(self) -> str:
        self.calls += 1
        self.entered.set()
        assert self.gate.wait(20.0)
        return "late"


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    blocking = Blocking()
    yield blocking
    blocking.gate.set()


async def test_results_and_errors_come_back() -> None:
    bus = BusThread("x")
    assert await bus.call(lambda: 7, 1.0) == 7
    for error in (OSError("gone"), TimeoutError("its own"), ValueError("bad")):

        def fails(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error), match=str(error)):
            await bus.call(fails, 1.0)
    assert bus.abandoned == 0


async def test_calls_run_one_after_another_on_one_thread() -> None:
    bus = BusThread("x")
    threads = await asyncio.gather(*(bus.call(threading.get_ident, 1.0) for _ in range(20)))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


async def test_a_stuck_call_is_abandoned_and_the_next_gets_a_new_thread(blocking: Blocking) -> None:
    bus = BusThread("x")
    with pytest.raises(BusStuckError, match=r"bus x: a call did not return within 0\.05 s"):
        await bus.call(blocking.wait, 0.05)
    assert await bus.call(lambda: 7, 1.0) == 7
    assert bus.abandoned == 1


async def test_calls_behind_a_stuck_one_fail_with_it_and_spare_the_new_thread(blocking: Blocking) -> None:
    bus = BusThread("x")
    stuck = asyncio.create_task(bus.call(blocking.wait, 0.05))
    behind = [asyncio.create_task(bus.call(lambda: 7, 0.05)) for _ in range(3)]
    results = await asyncio.gather(stuck, *behind, return_exceptions=True)
    assert [type(result) for result in results] == [BusStuckError] * 4
    assert bus.abandoned == 1
    fresh = await bus.call(threading.get_ident, 1.0)
    blocking.gate.set()
    assert await bus.call(threading.get_ident, 1.0) == fresh


async def test_waiting_for_a_busy_bus_is_not_being_stuck(blocking: Blocking) -> None:
    bus = BusThread("x")
    long = asyncio.create_task(bus.call(blocking.wait, 2.0))
    short = asyncio.create_task(bus.call(lambda: 7, 0.02))
    await asyncio.to_thread(blocking.entered.wait, 2.0)
    _, waiting = await asyncio.wait({short}, timeout=0.1)
    assert waiting, "the short call may only wait"
    blocking.gate.set()
    assert await asyncio.gather(long, short) == ["late", 7]
    assert bus.abandoned == 0


async def test_a_stuck_bus_delays_no_other(blocking: Blocking) -> None:
    buses = Buses()
    stuck = asyncio.create_task(buses.thread("a").call(blocking.wait, 5.0))
    await asyncio.to_thread(blocking.entered.wait, 2.0)
    async with asyncio.timeout(1.0):
        assert await buses.thread("b").call(lambda: 7, 0.5) == 7
    assert buses.thread("a") is buses.thread("a")
    blocking.gate.set()
    assert await stuck == "late"


async def test_a_cancelled_caller_leaves_the_bus_in_order(blocking: Blocking) -> None:
    bus = BusThread("x")
    cancelled = asyncio.create_task(bus.call(blocking.wait, 2.0))
    await asyncio.to_thread(blocking.entered.wait, 2.0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    following = asyncio.create_task(bus.call(lambda: 7, 0.05))
    await asyncio.sleep(0)
    blocking.gate.set()
    assert await following == 7
    assert bus.abandoned == 0


async def test_a_crowd_is_turned_away(blocking: Blocking) -> None:
    bus = BusThread("x")
    crowd = [asyncio.create_task(bus.call(blocking.wait, 2.0)) for _ in range(64)]
    await asyncio.sleep(0)
    with pytest.raises(BusStuckError, match="64 calls wait already"):
        await bus.call(lambda: 7, 1.0)
    blocking.gate.set()
    await asyncio.gather(*crowd)


async def test_an_idle_thread_ends_and_another_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_thread, "_IDLE_S", 0.01)
    bus = BusThread("x")
    first = await bus.call(threading.current_thread, 1.0)
    await asyncio.to_thread(first.join, 5.0)
    assert not first.is_alive()
    assert await bus.call(threading.current_thread, 1.0) is not first


async def test_the_process_ends_although_a_call_is_stuck() -> None:
    program = """
import asyncio, threading
from qkdctl.devices.bus_thread import BusThread
from qkdctl.devices.errors import BusStuckError

async def main():
    try:
        await BusThread("x").call(threading.Event().wait, 0.05)
    except BusStuckError:
        print("abandoned")

asyncio.run(main())
"""
    run = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "abandoned\n", "")
