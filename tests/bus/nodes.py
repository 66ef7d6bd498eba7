"""Nodes with a bus of their own, and ways to wait for them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from qkdctl.bus.connection import connect
from qkdctl.bus.mqtt import Connector, MqttBus
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import Clock, RealClock, VirtualClock
from qkdctl.store.store import Store, open_store
from tests.bus.fakes import FakeBroker


@asynccontextmanager
async def running_bus(
    directory: Path,
    settings: MqttSettings,
    node: str = "alice",
    clock: Clock | None = None,
    connector: Connector = connect,
) -> AsyncIterator[MqttBus]:
    """A bus with a store in `directory`, run until the end of the block."""
    clock = clock or RealClock()
    async with open_store(directory, clock) as store:
        bus = MqttBus(
            settings,
            node,
            store.outbox,
            store.counters,
            clock,
            random.Random(1),
            lambda: {"version": "1"},
            connector,
        )
        task = asyncio.create_task(bus.run())
        try:
            yield bus
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class VirtualNode:
    """A bus in virtual time over a fake broker."""

    bus: MqttBus
    broker: FakeBroker
    clock: VirtualClock
    store: Store
    task: asyncio.Task[None]

    async def advance(self, seconds: float) -> None:
        """Move time in small steps and let the threads of the store keep up."""
        for _ in range(max(1, round(seconds / 0.05))):
            await self.clock.advance(0.05)
            await self.store.counters.get("")
            await self.store.outbox.retained()

    async def stop(self) -> None:
        """End the bus while time goes on."""
        self.task.cancel()
        async with asyncio.timeout(10):
            while not self.task.done():
                await self.clock.advance(0.05)


@asynccontextmanager
async def virtual_node(
    directory: Path, settings: MqttSettings, facts: Callable[[], dict[str, object]] = dict
) -> AsyncIterator[VirtualNode]:
    """A node called alice, connected when the block begins unless the test makes the broker fail first."""
    clock = VirtualClock()
    broker = FakeBroker(clock)
    async with open_store(directory, clock) as store:
        bus = MqttBus(settings, "alice", store.outbox, store.counters, clock, random.Random(1), facts, broker.connect)
        node = VirtualNode(bus, broker, clock, store, asyncio.create_task(bus.run()))
        try:
            yield node
        finally:
            await node.stop()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it did not come true.
    """
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
