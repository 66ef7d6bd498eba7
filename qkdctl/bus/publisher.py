"""State of devices and links for everybody who watches."""

import math
from collections.abc import Mapping
from typing import Any

from qkdctl.bus.announcements import encode
from qkdctl.bus.base import Bus
from qkdctl.bus.topics import NodeTopics
from qkdctl.clock import Clock


class StatePublisher:
    """Publishes states as retained durable messages, an unchanged one only once.

    The payload is `{"state": ..., "wall_ms": ...}`, numbers that JSON does not have become null.

    Args:
        bus: where to.
        topics: of this node.
        clock: stamps the payload.
        unwatched: members of a state, at any depth, whose change alone is no reason to publish, such as ages.
    """

    def __init__(self, bus: Bus, topics: NodeTopics, clock: Clock, unwatched: frozenset[str] = frozenset()) -> None:
        self._bus = bus
        self._topics = topics
        self._clock = clock
        self._unwatched = unwatched
        self._published: dict[str, bytes] = {}

    async def publish_device(self, name: str, state: Mapping[str, Any]) -> None:
        """Publish the state of a device, if it changed."""
        await self._publish(self._topics.device(name), state)

    async def publish_link(self, name: str, state: Mapping[str, Any]) -> None:
        """Publish the state of a link, if it changed."""
        await self._publish(self._topics.link(name), state)

    async def _publish(self, topic: str, state: Mapping[str, Any]) -> None:
        watched = encode({"state": _plain(state, self._unwatched)})
        if self._published.get(topic) == watched:
            return
        self._published[topic] = watched
        payload = encode({"state": _plain(state, frozenset()), "wall_ms": self._clock.wall_ms()})
        await self._bus.publish(topic, payload, retain=True, qos=1)


def _plain(value: Any, without: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner, without) for name, inner in value.items() if name not in without}
    if isinstance(value, list | tuple):
        return [_plain(inner, without) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
