"""Messages between nodes in one process: bounded, in order unless delayed, and the same way each time."""

import asyncio
import random

import pytest

from qkdctl.bus.pairwise import CAPACITY, MOST_BYTES, Incoming
from qkdctl.bus.pairwise_hub import VIA, Fate, PairHub, unharmed
from qkdctl.clock import VirtualClock
from tests.bus.pairs import peer, reading, running

NODES = ("alice", "bob", "carol", "dave")


def joined(clock: VirtualClock, fate: Fate = unharmed):
    hub = PairHub(clock, fate)
    return hub, {me: hub.join(me, set(NODES) - {me}) for me in NODES}


@pytest.mark.asyncio
async def test_a_message_reaches_its_receiver_at_once_and_no_other() -> None:
    clock = VirtualClock()
    _, nodes = joined(clock)
    nodes["alice"].send("bob", b"hello")
    assert await anext(nodes["bob"].received()) == Incoming("alice", b"hello", VIA)
    await clock.advance(2.0)
    assert peer(nodes["bob"], "alice").silent_s == 2.0
    assert peer(nodes["alice"], "bob").sent_bytes == 5
    for node in ("alice", "carol", "dave"):
        assert all(status.received == 0 for status in nodes[node].status()[0].peers)


@pytest.mark.asyncio
@pytest.mark.parametrize("data", [b"", bytes(MOST_BYTES + 1)])
async def test_sending_what_is_not_allowed_is_counted_and_raises_nothing(data: bytes) -> None:
    _, nodes = joined(VirtualClock())
    nodes["alice"].send("bob", data)
    nodes["alice"].send("mallory", b"who?")
    assert peer(nodes["alice"], "bob").dropped == 1
    assert nodes["alice"].status()[0].unknown == 1


@pytest.mark.asyncio
async def test_a_flood_costs_the_flooder_its_oldest_messages_and_others_nothing() -> None:
    _, nodes = joined(VirtualClock())
    nodes["carol"].send("bob", b"calm")
    for number in range(10 * CAPACITY):
        nodes["alice"].send("bob", b"%d" % number)
    messages = nodes["bob"].received()
    seen = [await anext(messages) for _ in range(CAPACITY + 1)]
    assert Incoming("carol", b"calm", VIA) in seen[:2]
    newest = [b"%d" % number for number in range(9 * CAPACITY, 10 * CAPACITY)]
    assert [incoming.data for incoming in seen if incoming.sender == "alice"] == newest
    assert peer(nodes["bob"], "alice").overrun == 9 * CAPACITY
    assert peer(nodes["bob"], "carol").overrun == 0


@pytest.mark.asyncio
async def test_delayed_copies_arrive_when_they_are_due_and_overtake_each_other() -> None:
    clock = VirtualClock()
    fates = {b"late": (2.0,), b"twice": (0.5, 1.0), b"lost": (), b"now": (0.0,)}
    _, nodes = joined(clock, lambda _sender, _to, data: fates[data])
    seen: list[Incoming] = []
    times: list[tuple[float, list[bytes]]] = []
    async with running(nodes.values()), reading(nodes["bob"], seen):
        for data in fates:
            nodes["alice"].send("bob", data)
        for _ in range(5):
            await clock.advance(0.5)
            times.append((clock.monotonic(), [incoming.data for incoming in seen]))
            seen.clear()
    assert times == [(0.5, [b"now", b"twice"]), (1.0, [b"twice"]), (1.5, []), (2.0, [b"late"]), (2.5, [])]


@pytest.mark.asyncio
async def test_messages_under_way_are_bounded_per_pair() -> None:
    clock = VirtualClock()
    _, nodes = joined(clock, lambda *_: (1.0,))
    for number in range(3 * CAPACITY):
        nodes["alice"].send("bob", b"%d" % number)
    nodes["carol"].send("bob", b"calm")
    async with running(nodes.values()):
        await clock.advance(1.0)
    assert peer(nodes["bob"], "alice").received == CAPACITY
    assert peer(nodes["bob"], "alice").overrun == 2 * CAPACITY
    assert peer(nodes["bob"], "carol").received == 1


async def story(seed: int) -> list[tuple[str, Incoming, float]]:
    source = random.Random(seed)
    clock = VirtualClock()

    def fate(*_: object) -> list[float]:
        return [source.uniform(0.0, 0.2) for _ in range(source.choice([0, 1, 1, 2]))]

    _, nodes = joined(clock, fate)
    seen: list[tuple[str, Incoming, float]] = []

    async def read(me: str) -> None:
        async for incoming in nodes[me].received():
            seen.append((me, incoming, clock.monotonic()))
            if len(seen) < 150:
                nodes[me].send(incoming.sender, b"%d" % len(seen))

    async with running(nodes.values()):
        readers = [asyncio.create_task(read(me)) for me in NODES]
        for me in NODES:
            for to in sorted(set(NODES) - {me}):
                nodes[me].send(to, f"from {me}".encode())
        await clock.advance(5.0)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return seen


@pytest.mark.asyncio
async def test_equal_seeds_make_equal_histories() -> None:
    first = await story(7)
    assert len(first) > 20
    assert await story(7) == first
    assert await story(8) != first


@pytest.mark.asyncio
async def test_a_node_that_restarts_takes_its_place_again() -> None:
    hub, nodes = joined(VirtualClock())
    hub.leave("bob")
    hub.leave("bob")
    nodes["alice"].send("bob", b"lost")
    nodes["bob"].send("alice", b"from the dead")
    assert not nodes["bob"].status()[0].connected
    again = hub.join("bob", {"alice"})
    nodes["alice"].send("bob", b"welcome")
    nodes["carol"].send("bob", b"do we know each other?")
    assert (await anext(again.received())).data == b"welcome"
    assert peer(nodes["alice"], "bob").dropped == 1
    assert peer(nodes["alice"], "bob").received == 0
    assert again.status()[0].unknown == 1
    with pytest.raises(ValueError, match="no peer of its own"):
        hub.join("bob", {"bob"})
