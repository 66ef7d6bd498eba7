"""A supervisor on a virtual clock, and what it went through."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from qkdctl.clock import VirtualClock
from qkdctl.devices import Value
from qkdctl.devices.supervisor import DeviceState, Supervisor, SupervisorSettings
from tests.devices.drivers import MemoryLaser


class Watched:
    """A supervised laser.

    Attributes:
        states: every state entered, repetitions left out.
        committed: what the supervisor believes to be committed.
    """

    def __init__(self, laser: MemoryLaser, clock: VirtualClock, wiring: Mapping[str, Any], **settings: Any) -> None:
        self.laser = laser
        self.clock = clock
        self.committed: dict[str, Value] = {}
        self.states: list[DeviceState] = []
        self.supervisor = Supervisor(
            laser,
            SupervisorSettings(**settings),
            clock,
            committed=lambda: self.committed,
            on_change=self._changed,
            jitter=random.Random(1),
            **wiring,
        )
        self.task: asyncio.Task[None] | None = None

    def _changed(self, supervisor: Supervisor) -> None:
        if self.states[-1:] != [supervisor.state]:
            self.states.append(supervisor.state)

    @property
    def state(self) -> DeviceState:
        return self.supervisor.state

    def take_reads(self) -> list[str]:
        """What was read since the last call."""
        reads, self.laser.reads = self.laser.reads, []
        return reads


@asynccontextmanager
async def watched(
    laser: MemoryLaser | None = None,
    *,
    committed: Mapping[str, Value] | None = None,
    before_preparing: Callable[[], Awaitable[None]] | None = None,
    **settings: Any,
) -> AsyncIterator[Watched]:
    """Run the supervisor up to its first cycle."""
    clock = VirtualClock(1000.0)
    laser = laser if laser is not None else MemoryLaser()
    laser.clock = clock
    wiring = {} if before_preparing is None else {"before_preparing": before_preparing}
    bench = Watched(laser, clock, wiring, **settings)
    bench.committed = dict(committed or {})
    bench.task = asyncio.create_task(bench.supervisor.run())
    await clock.advance(0.0)
    try:
        yield bench
    finally:
        bench.task.cancel()
        await asyncio.gather(bench.task, return_exceptions=True)
