"""States: published when they change, and only then."""

import json

import pytest

from qkdctl.bus.in_process import InProcessBus
from qkdctl.bus.publisher import StatePublisher
from qkdctl.bus.topics import NodeTopics
from qkdctl.clock import VirtualClock


@pytest.mark.asyncio
async def test_unchanged_values_are_published_once() -> None:
    clock = VirtualClock()
    bus = InProcessBus(clock)
    publisher = StatePublisher(bus, NodeTopics("qkd", "alice"), clock, unwatched=frozenset({"age_s"}))
    with bus.subscribe("qkd/alice/#") as messages:
        for attenuation, age in ((1.0, 0.1), (1.0, 0.2), (2.0, 0.3), (2.0, 0.4)):
            await publisher.publish_device("voa", {"values": {"attenuation_db": attenuation, "age_s": age}})
            await clock.advance(1)
        await publisher.publish_link("voa", {"mode": "hold"})
        await publisher.publish_link("voa", {"mode": "hold"})
    seen = [(message.topic, json.loads(message.payload)) async for message in messages]
    assert seen == [
        (
            "qkd/alice/device/voa/state",
            {"state": {"values": {"attenuation_db": 1.0, "age_s": 0.1}}, "wall_ms": 1_700_000_000_000},
        ),
        (
            "qkd/alice/device/voa/state",
            {"state": {"values": {"attenuation_db": 2.0, "age_s": 0.3}}, "wall_ms": 1_700_000_002_000},
        ),
        ("qkd/alice/link/voa/state", {"state": {"mode": "hold"}, "wall_ms": 1_700_000_004_000}),
    ]


@pytest.mark.asyncio
async def test_numbers_that_json_lacks_become_null() -> None:
    bus = InProcessBus(VirtualClock())
    publisher = StatePublisher(bus, NodeTopics("qkd", "alice"), VirtualClock())
    await publisher.publish_device("meter", {"power_w": float("nan"), "limits": (0.0, float("inf")), "on": True})
    with bus.subscribe("#") as messages:
        pass
    (message,) = [message async for message in messages]
    assert message.retain
    assert json.loads(message.payload)["state"] == {"power_w": None, "limits": [0.0, None], "on": True}
