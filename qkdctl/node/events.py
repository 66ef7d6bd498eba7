"""Events of the node to whoever subscribes: the newest value of each part, never a queue that grows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from qkdctl.api.facade import Event, Part


class Broadcast:
    """Marks parts of the status as changed and hands out their present values.

    Many changes between two reads of a subscriber are one event: events replace, they do not add up.
    """

    def __init__(self) -> None:
        self._subscribers: set[_Subscription] = set()
        self._closed = False

    def changed(self, part: Part, name: str, value: Callable[[], Any]) -> None:
        """A part has a new value; it is computed when a subscriber takes it."""
        for subscriber in self._subscribers:
            subscriber.pending[part, name] = value
            subscriber.wake.set()

    async def subscribe(self) -> AsyncIterator[Event]:
        """Changes from now on; ends when the broadcast is closed."""
        subscription = _Subscription()
        self._subscribers.add(subscription)
        try:
            while not self._closed:
                await subscription.wake.wait()
                subscription.wake.clear()
                pending, subscription.pending = subscription.pending, {}
                for (part, name), value in pending.items():
                    yield Event(part, name, value())
        finally:
            self._subscribers.discard(subscription)

    def close(self) -> None:
        """End all subscriptions."""
        self._closed = True
        for subscriber in self._subscribers:
            subscriber.wake.set()


class _Subscription:
    def __init__(self) -> None:
        self.pending: dict[tuple[Part, str], Callable[[], Any]] = {}
        self.wake = asyncio.Event()
