"""Follows the nodes of a network over a bus."""

import asyncio
from collections.abc import Callable

from qkdctl.bus.base import Bus, Message
from qkdctl.bus.node_stream import Event, NodeStream, ReceiverSettings
from qkdctl.bus.topics import NodeTopics
from qkdctl.clock import Clock

_REQUEST_EXPIRY_S = 10.0
_PATIENCE = ReceiverSettings()


class Receiver:
    """Hands on what nodes say, in order and without duplicates, and asks for what is missing.

    Args:
        bus: where the nodes publish.
        prefix: of their topics.
        deliver: takes (node, event); must not block.
        clock: measures how late a missing message is.
        node: which one to follow; None follows all.
        settings: patience.

    Attributes:
        streams: state of each node that was heard of.
    """

    def __init__(
        self,
        bus: Bus,
        prefix: str,
        deliver: Callable[[str, Event], None],
        clock: Clock,
        node: str | None = None,
        settings: ReceiverSettings = _PATIENCE,
    ) -> None:
        self.streams: dict[str, NodeStream] = {}
        self._bus = bus
        self._prefix = prefix
        self._deliver = deliver
        self._clock = clock
        self._filter = f"{prefix}/{node or '+'}/#"
        self._settings = settings

    async def run(self) -> None:
        """Work until cancelled."""
        with self._bus.subscribe(self._filter) as messages:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask())
                async for message in messages:
                    self._take(message)

    def _take(self, message: Message) -> None:
        topics = NodeTopics.of(self._prefix, message.topic)
        if topics is None or message.topic == topics.rebirth:
            return
        stream = self.streams.setdefault(topics.node, NodeStream(topics, self._settings))
        for event in stream.take(message, self._clock.monotonic()):
            self._deliver(topics.node, event)

    async def _ask(self) -> None:
        while True:
            await self._clock.sleep(self._settings.gap_timeout_s / 2)
            for node, stream in self.streams.items():
                if request := stream.request(self._clock.monotonic()):
                    topic = NodeTopics(self._prefix, node).rebirth
                    await self._bus.publish(topic, request.encode(), expiry_s=_REQUEST_EXPIRY_S)
