"""Messages between pairs of nodes over several MQTT brokers at the same time."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace

from qkdctl.bus.connection import connect
from qkdctl.bus.mqtt import Connector
from qkdctl.bus.pairwise import CAPACITY, MOST_BYTES, Incoming, PathStatus
from qkdctl.bus.pairwise_broker import BrokerPath
from qkdctl.bus.pairwise_figures import PathFigures
from qkdctl.bus.pairwise_queues import FairQueues
from qkdctl.bus.pairwise_topics import PairTopics
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import Clock


class MqttPairTransport:
    """Sends through every broker that is connected; one that is down, slow or stuck delays nothing on the others.

    Memory is bounded: per broker and peer at most `CAPACITY` messages wait to be sent and as many to be read. They wait
    apart, so a peer that floods, or a broker that invents messages, crowds out only what comes by the same way.

    Args:
        brokers: by the names that they get in `Incoming.via` and in the status; at least one. Their limit for payloads
            does not count here, `MOST_BYTES` does.
        network: name of the network.
        me: name of this node.
        peers: names of the others.
        clock: all waiting goes by it.
        source: of the jitter between connection attempts.
        connector: opens sessions.

    Raises:
        ValueError: no broker, the node among its peers, or a node that is called like the network: where access rights
            go by the first levels of topics, it could write in the name of all others.
    """

    def __init__(
        self,
        brokers: Mapping[str, MqttSettings],
        network: str,
        me: str,
        peers: Collection[str],
        clock: Clock,
        source: random.Random,
        connector: Connector = connect,
    ) -> None:
        if not brokers:
            raise ValueError("a node needs at least one broker to reach its peers")
        if me in peers or network in {me, *peers}:
            raise ValueError(f"network {network!r}, node {me!r} and peers {sorted(peers)} need different names")
        self._inbox: FairQueues[tuple[str, str], Incoming] = FairQueues(
            [(via, peer) for peer in sorted(peers) for via in brokers], CAPACITY
        )
        self.paths = {
            via: BrokerPath(
                via,
                replace(settings, max_payload_bytes=MOST_BYTES),
                PairTopics(settings.prefix, network, me),
                self._inbox,
                PathFigures.of(peers),
                FairQueues(sorted(peers), CAPACITY),
                clock,
                source,
                connector,
            )
            for via, settings in brokers.items()
        }

    def send(self, to: str, data: bytes) -> None:
        """See PairTransport."""
        for path in self.paths.values():
            path.send(to, data)

    async def received(self) -> AsyncIterator[Incoming]:
        """See PairTransport."""
        while True:
            _, incoming = await self._inbox.get()
            yield incoming

    async def run(self) -> None:
        """See PairTransport."""
        async with asyncio.TaskGroup() as tasks:
            for path in self.paths.values():
                tasks.create_task(path.run())

    def status(self) -> tuple[PathStatus, ...]:
        """See PairTransport."""
        return tuple(path.status() for path in self.paths.values())
