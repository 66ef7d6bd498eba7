"""A broker session that does what the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from qkdctl.bus.base import Message
from qkdctl.bus.connection import Connection, Outgoing
from qkdctl.bus.errors import LinkLostError
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import Clock


class FakeConnection:
    """Acknowledges at once, unless it is silent or broken."""

    def __init__(self, will: Outgoing | None) -> None:
        self.will = will
        self.published: list[Outgoing] = []
        self.filters: list[str] = []
        self.silent = False
        self.disconnected = False
        self._inbound: asyncio.Queue[Message | None] = asyncio.Queue()

    async def publish(self, message: Outgoing) -> None:
        if self.silent:
            await asyncio.Event().wait()
        self.published.append(message)

    async def subscribe(self, topic_filter: str) -> None:
        self.filters.append(topic_filter)

    async def subscribe_live(self, topic_filter: str) -> None:
        self.filters.append(f"live {topic_filter}")

    async def receive(self) -> Message:
        message = await self._inbound.get()
        if message is None:
            raise LinkLostError("connection reset")
        return message

    async def disconnect(self) -> None:
        self.disconnected = True

    def arrive(self, message: Message) -> None:
        """A message comes from the broker."""
        self._inbound.put_nowait(message)

    def break_off(self) -> None:
        """The broker goes away."""
        self._inbound.put_nowait(None)

    def topics(self) -> list[str]:
        """What was published, by the last parts of the topics."""
        return [message.topic.removeprefix("qkdctl/alice/") for message in self.published]


class FakeBroker:
    """Opens sessions, or fails as told.

    Attributes:
        attempts: virtual time of each attempt.
        failure: raised by further attempts.
    """

    def __init__(self, clock: Clock) -> None:
        self.connections: list[FakeConnection] = []
        self.attempts: list[float] = []
        self.failure: Exception | None = None
        self._clock = clock

    @asynccontextmanager
    async def connect(
        self, _settings: MqttSettings, _client_id: str, will: Outgoing | None
    ) -> AsyncIterator[Connection]:
        self.attempts.append(self._clock.monotonic())
        if self.failure:
            raise self.failure
        self.connections.append(FakeConnection(will))
        yield self.connections[-1]

    @property
    def last(self) -> FakeConnection:
        """The newest session."""
        return self.connections[-1]
