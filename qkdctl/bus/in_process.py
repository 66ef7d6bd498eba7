"""A bus within one process: the default on one machine."""

from dataclasses import replace

from qkdctl.bus.base import Message, Subscription
from qkdctl.bus.topics import takes
from qkdctl.clock import Clock


class InProcessBus:
    """Hands every message to all its readers at once; retained ones live as long as the process.

    Args:
        clock: ends retained messages that expire.
        capacity: messages that a reader may be behind.
    """

    def __init__(self, clock: Clock, capacity: int = 1000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._subscriptions: list[Subscription] = []
        self._retained: dict[str, tuple[Message, float | None]] = {}

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 0, expiry_s: float | None = None
    ) -> None:
        """Deliver; every quality of service is the same here."""
        del qos
        message = Message(topic, payload)
        if retain and payload:
            ends_s = None if expiry_s is None else self._clock.monotonic() + expiry_s
            self._retained[topic] = (replace(message, retain=True), ends_s)
        elif retain:
            self._retained.pop(topic, None)
        for subscription in self._subscriptions:
            if takes(subscription.topic_filter, topic):
                subscription.put(message)

    def subscribe(self, topic_filter: str) -> Subscription:
        """Retained messages first, then new ones."""
        subscription = Subscription(topic_filter, self._capacity, self._subscriptions.remove)
        self._subscriptions.append(subscription)
        now = self._clock.monotonic()
        for topic, (message, ends_s) in self._retained.items():
            if takes(topic_filter, topic) and (ends_s is None or now < ends_s):
                subscription.put(message)
        return subscription
