"""The watchdog is pinged in time, and only by a healthy daemon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from qkdctl.clock import VirtualClock
from qkdctl.service import Health, Notifier, Watchdog, watchdog_timeout_s
from tests.service.manager import Manager

PING = {"WATCHDOG": "1"}


class LateClock(VirtualClock):
    """A clock whose sleepers wake late, as they do on a blocked event loop."""

    late_s = 0.0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + self.late_s)


@asynccontextmanager
async def watching(manager: Manager, clock: VirtualClock, health: Health) -> AsyncIterator[Watchdog]:
    watchdog = Watchdog(Notifier(manager.address, clock), clock, health, timeout_s=15.0)
    task = asyncio.create_task(watchdog.run())
    await clock.advance(0)
    try:
        yield watchdog
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.asyncio
async def test_three_pings_per_time_out(manager: Manager) -> None:
    clock = VirtualClock()
    async with watching(manager, clock, list):
        assert manager.messages() == [PING]
        await clock.advance(15.1)
    assert manager.messages() == [PING] * 3


@pytest.mark.asyncio
async def test_no_ping_while_something_is_wrong_and_the_status_says_what(manager: Manager) -> None:
    clock = VirtualClock()
    complaints: list[str] = []
    async with watching(manager, clock, lambda: complaints):
        manager.messages()
        with capture_logs() as logs:
            complaints[:] = ["laser-alice was last polled 9 s ago", "policy loop is 2 epochs late"]
            await clock.advance(10.1)
            status = "watchdog not pinged: laser-alice was last polled 9 s ago; policy loop is 2 epochs late"
            assert manager.messages() == [{"STATUS": status}] * 2
            complaints.clear()
            await clock.advance(10.1)
            assert manager.messages() == [PING, {"STATUS": ""}, PING]
    assert [line["log_level"] for line in logs] == ["error", "info"]


@pytest.mark.asyncio
async def test_a_late_event_loop_is_not_healthy(manager: Manager) -> None:
    clock = LateClock()
    async with watching(manager, clock, list):
        manager.messages()
        clock.late_s = 1.2
        await clock.advance(7.0)
        complaint = {"STATUS": "watchdog not pinged: event loop was 1.2 s late, allowed 1 s"}
        assert manager.messages() == [complaint]
        clock.late_s = 0.0
        await clock.advance(12.0)
        assert manager.messages() == [complaint, PING, {"STATUS": ""}]


@pytest.mark.asyncio
async def test_pings_keep_their_rate_on_a_loop_that_is_a_little_late(manager: Manager) -> None:
    clock = LateClock()
    clock.late_s = 0.9
    async with watching(manager, clock, list):
        await clock.advance(60.0)
    assert len(manager.messages()) > 60 / 7.5


@pytest.mark.asyncio
async def test_a_health_check_that_breaks_ends_the_watch(manager: Manager) -> None:
    def broken() -> list[str]:
        raise KeyError("laser-alice")

    watchdog = Watchdog(Notifier(manager.address, VirtualClock()), VirtualClock(), broken, timeout_s=15.0)
    with pytest.raises(KeyError):
        await watchdog.run()
    assert manager.messages() == []


@pytest.mark.parametrize(
    ("environment", "timeout_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "4711"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "4712"}, None),
    ],
)
def test_the_manager_says_whom_it_watches(environment: dict[str, str], timeout_s: float | None) -> None:
    assert watchdog_timeout_s(environment, pid=4711) == timeout_s


@pytest.mark.parametrize("usec", ["", "0", "-1", "15s", "1.5e7", "\u0661"])
def test_a_senseless_time_out_is_refused(usec: str) -> None:
    with pytest.raises(ValueError, match=r"WATCHDOG_USEC is .*WatchdogSec="):
        watchdog_timeout_s({"WATCHDOG_USEC": usec}, pid=4711)
