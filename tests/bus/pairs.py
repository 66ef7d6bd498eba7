"""Nodes that exchange messages in pairs."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from qkdctl.bus.pairwise import Incoming, PairTransport, PeerStatus
from qkdctl.bus.pairwise_mqtt import MqttPairTransport
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import RealClock
from tests.bus.broker import Broker

NETWORK = "metro"


@asynccontextmanager
async def running(transports: Iterable[PairTransport]) -> AsyncIterator[None]:
    """Run transports until the end of the block."""
    tasks = [asyncio.create_task(transport.run()) for transport in transports]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def reading(transport: PairTransport, into: list[Incoming]) -> AsyncIterator[None]:
    """Collect what arrives until the end of the block."""

    async def read() -> None:
        async for incoming in transport.received():
            into.append(incoming)  # noqa: PERF401 -- it never ends, and is looked at in between

    task = asyncio.create_task(read())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def mqtt_pairs(
    names: Iterable[str], brokers: Mapping[str, Broker | MqttSettings], **changes: object
) -> dict[str, MqttPairTransport]:
    """A transport for each node, over the same brokers."""
    nodes = list(names)
    settings = {
        via: broker if isinstance(broker, MqttSettings) else MqttSettings("127.0.0.1", broker.port, **changes)
        for via, broker in brokers.items()
    }
    return {
        me: MqttPairTransport(settings, NETWORK, me, set(nodes) - {me}, RealClock(), random.Random(1)) for me in nodes
    }


async def connected(transports: Mapping[str, MqttPairTransport], via: str, *, present: bool = True) -> None:
    """Wait until all nodes are connected by one path, or none is."""
    for transport in transports.values():
        await transport.paths[via].wait_for_connection(present=present)


def peer(transport: PairTransport, name: str, path: int = 0) -> PeerStatus:
    """What a transport says about one of its peers."""
    return next(status for status in transport.status()[path].peers if status.peer == name)
