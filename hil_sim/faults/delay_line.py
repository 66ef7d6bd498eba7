"""Bytes that arrive later than they were sent."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable

from hil_sim.faults.fault_list import until_or
from qkdctl.clock import Clock

MOST_BYTES = 1024 * 1024
"""That wait in one line; then the sender has to wait, as with a full socket."""


class DelayLine:
    """Passes pieces on when they are due: in order, but for those that may be overtaken.

    Args:
        clock: measures delays.
        deliver: passes a piece on; may take its time.
    """

    def __init__(self, clock: Clock, deliver: Callable[[bytes], Awaitable[None]]) -> None:
        self._clock = clock
        self._deliver = deliver
        self._waiting: list[tuple[float, int, bytes]] = []
        self._bytes = 0
        self._tickets = 0
        self._last_due_s = 0.0
        self._arrived = asyncio.Event()
        self._left = asyncio.Event()

    def put(self, data: bytes, delay_s: float = 0.0, *, overtaken: bool = False) -> None:
        """Add a piece; `overtaken` lets later ones pass it, and none waits for it."""
        due_s = self._clock.monotonic() + delay_s
        if not overtaken:
            due_s = self._last_due_s = max(due_s, self._last_due_s)
        self._tickets += 1
        heapq.heappush(self._waiting, (due_s, self._tickets, data))
        self._bytes += len(data)
        self._arrived.set()

    async def room(self) -> None:
        """Wait until the line is not full."""
        while self._bytes >= MOST_BYTES:
            self._left.clear()
            await self._left.wait()

    async def drained(self) -> None:
        """Wait until everything was delivered."""
        while self._bytes:
            self._left.clear()
            await self._left.wait()

    async def run(self) -> None:
        """Deliver until cancelled, or until `deliver` fails."""
        while True:
            self._arrived.clear()
            wait_s = self._waiting[0][0] - self._clock.monotonic() if self._waiting else None
            if wait_s is None or wait_s > 0.0:
                await until_or(self._arrived, self._clock, wait_s)
                continue
            _, _, data = heapq.heappop(self._waiting)
            await self._deliver(data)
            self._bytes -= len(data)
            self._left.set()
