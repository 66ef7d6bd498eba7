"""What a bus is: publish and subscribe, whatever carries the messages."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a durable message stands among all durable messages of its node.

    Attributes:
        stream: identity of the numbering.
        sequence: number of the message.
        previous: whoever has everything up to this number misses nothing before the message.
    """

    stream: str
    sequence: int
    previous: int


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived.

    Attributes:
        retain: it was kept by the broker and is older than the subscription.
        origin: None for messages that are sent now or never.
    """

    topic: str
    payload: bytes
    retain: bool = False
    origin: Origin | None = None


class Subscription:
    """Messages that a filter takes, in order; an asynchronous iterator for one reader.

    A reader that falls behind loses the oldest messages.

    Attributes:
        topic_filter: which topics.
        dropped: messages lost because the reader fell behind.
    """

    def __init__(self, topic_filter: str, capacity: int, on_close: Callable[["Subscription"], None]) -> None:
        self.topic_filter = topic_filter
        self.dropped = 0
        self._messages: deque[Message] = deque(maxlen=capacity)
        self._on_close = on_close
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, message: Message) -> None:
        """Called by the bus: add a message."""
        self.dropped += len(self._messages) == self._messages.maxlen
        self._messages.append(message)
        self._changed.set()

    def close(self) -> None:
        """End the iteration; what has arrived can still be read."""
        if not self._closed:
            self._closed = True
            self._on_close(self)
            self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._messages:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._messages.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Bus(Protocol):
    """Carries messages; never raises because of whoever carries them."""

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 0, expiry_s: float | None = None
    ) -> None:
        """Hand over a message.

        Args:
            topic: without wildcards.
            payload: the content; an empty one clears a retained message.
            retain: keep it for later subscribers.
            qos: 0 is sent now or never; 1 arrives in the end.
            expiry_s: not worth delivering after that many seconds.
        """

    def subscribe(self, topic_filter: str) -> Subscription:
        """Messages from now on, and retained ones; to be closed by the reader."""
