"""The only place that reads time."""

import asyncio
import heapq
import time
from typing import Protocol


class Clock(Protocol):
    """Source of time for everything that waits or stamps."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences have a meaning."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait for at least this many seconds; zero or less only yields."""


class RealClock:
    """The clock of the machine."""

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def wall_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(max(seconds, 0.0))


class VirtualClock:
    """A clock that moves only when told: hours of operation run in milliseconds, and the same way each time."""

    def __init__(self, start_s: float = 0.0, wall_start_ms: int = 1_700_000_000_000) -> None:
        self._now = start_s
        self._wall_offset_ms = wall_start_ms - int(start_s * 1000)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tickets = 0

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._now

    def wall_ms(self) -> int:
        """Virtual milliseconds since the epoch."""
        return self._wall_offset_ms + round(self._now * 1000)

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has passed the deadline."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tickets += 1
        heapq.heappush(self._sleepers, (self._now + seconds, self._tickets, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers in the order of their deadlines and letting them run in between."""
        target = self._now + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            deadline, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._now = max(self._now, deadline)
            future.set_result(None)
            await _settle()
        self._now = target
        await _settle()


async def _settle(turns: int = 50) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
