"""Publishing the state of devices and links over MQTT, when the configuration names a broker."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from qkdctl.bus.mqtt import MqttBus
from qkdctl.bus.publisher import StatePublisher
from qkdctl.bus.settings import MqttSettings
from qkdctl.node.node import Node
from qkdctl.node.node_views import device_now, link_now

#: Ages change all the time; a state that differs in nothing else is not worth a message.
_UNWATCHED = frozenset({"age_s"})


@asynccontextmanager
async def publishing(node: Node, settings: MqttSettings | None) -> AsyncIterator[None]:
    """Publish while the block lasts; does nothing without a broker, and no broker can disturb the node."""
    if settings is None:
        yield
        return
    bus = MqttBus(
        settings,
        node.config.node.name,
        node.store.outbox,
        node.store.counters,
        node.clock,
        random.Random(),  # noqa: S311 - jitter
        facts=lambda: {
            "version": node.version,
            "devices": sorted(node.supervisors),
            "links": sorted(node.links),
            "epoch_s": node.config.node.epoch_s,
        },
    )
    tasks = [
        asyncio.create_task(bus.run(), name="mqtt session"),
        asyncio.create_task(_pump(node, bus), name="mqtt states"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(node: Node, bus: MqttBus) -> None:
    """Every device and link once, then whatever changes."""
    publisher = StatePublisher(bus, bus.topics, node.clock, _UNWATCHED)
    events = node.broadcast.subscribe()
    for name in node.supervisors:
        await publisher.publish_device(name, device_now(node, name))
    for name in node.links:
        await publisher.publish_link(name, link_now(node, name))
    async for event in events:
        if event.part == "devices":
            await publisher.publish_device(event.name, event.value)
        elif event.part == "links":
            await publisher.publish_link(event.name, event.value)
