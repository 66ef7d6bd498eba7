"""The bus of one process, and what its readers see."""

import asyncio

import pytest

from qkdctl.bus.base import Message
from qkdctl.bus.in_process import InProcessBus
from qkdctl.clock import VirtualClock


@pytest.mark.asyncio
async def test_messages_arrive_in_order_at_those_who_asked() -> None:
    bus = InProcessBus(VirtualClock())
    with bus.subscribe("a/+") as first, bus.subscribe("a/x") as second:
        for number in range(3):
            await bus.publish("a/x", b"%d" % number)
        await bus.publish("a/y", b"y")
        await bus.publish("b", b"no")
    assert [message.payload async for message in first] == [b"0", b"1", b"2", b"y"]
    assert [message.payload async for message in second] == [b"0", b"1", b"2"]


@pytest.mark.asyncio
async def test_a_closed_subscription_gets_nothing_more() -> None:
    bus = InProcessBus(VirtualClock())
    subscription = bus.subscribe("#")
    reading = asyncio.create_task(anext(subscription, None))
    await asyncio.sleep(0)
    subscription.close()
    subscription.close()
    assert await reading is None
    await bus.publish("a", b"")
    assert [message async for message in subscription] == []


@pytest.mark.asyncio
async def test_a_slow_reader_loses_the_oldest() -> None:
    bus = InProcessBus(VirtualClock(), capacity=2)
    with bus.subscribe("#") as subscription:
        for number in range(5):
            await bus.publish("a", b"%d" % number)
    assert subscription.dropped == 3
    assert [message.payload async for message in subscription] == [b"3", b"4"]


@pytest.mark.asyncio
async def test_retained_messages_wait_for_later_readers_until_they_expire_or_are_cleared() -> None:
    clock = VirtualClock()
    bus = InProcessBus(clock)
    await bus.publish("state", b"1", retain=True)
    await bus.publish("gone", b"1", retain=True)
    await bus.publish("gone", b"", retain=True)
    await bus.publish("short", b"1", retain=True, expiry_s=5.0)
    with bus.subscribe("#") as early:
        pass
    await clock.advance(6)
    with bus.subscribe("#") as late:
        pass
    assert [message.topic async for message in early] == ["state", "short"]
    assert [message async for message in late] == [Message("state", b"1", retain=True)]
