"""Whoever says far too much, or repeats what others said, costs this node little and the other peers nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from qkdctl.abft.effects import Received
from qkdctl.abft.messages import Content, Here, Message
from qkdctl.agreement import budget, host, peer_side
from qkdctl.agreement.budget import Budget
from qkdctl.bus.pairwise import Incoming
from tests.agreement.nodes import AgreeingNode, Table, table

FIRST, SECOND = Here(1, "1" * 64), Here(1, "2" * 64)
PACKET, LONG = b"what a peer says", b"x" * 65_000


def deliveries(node: AgreeingNode, monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, Message]]:
    """How often each message of each peer reaches the replica's host from now on."""
    found: Counter[tuple[str, Message]] = Counter()

    def received(sender: str, message: Message) -> None:
        found[sender, message] += 1

    monkeypatch.setattr(node.agreeing._host, "received", received)
    return found


def said_by(peer: str, handled: Counter[tuple[str, Message]]) -> int:
    return sum(count for (sender, _), count in handled.items() if sender == peer)


def carried(network: Table, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Packets from b to a from now on."""
    found: list[bytes] = []

    def fate(sender: str, to: str, data: bytes) -> Sequence[float]:
        if (sender, to) == ("b", "a"):
            found.append(data)
        return (0.0,)

    monkeypatch.setattr(network._hub, "_fate", fate)
    return found


@pytest.mark.asyncio
async def test_a_packet_that_is_replayed_all_the_time_is_handled_a_few_times_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with table(tmp_path) as network:
        await network.decide()
        node, liar = network.nodes["a"], network.nodes["b"].agreeing.peers
        assert node.agreeing.peers is not None
        assert liar is not None
        packets, handled = carried(network, monkeypatch), deliveries(node, monkeypatch)
        node.agreeing.tick()
        await liar.send([("a", FIRST)])
        await network.until(lambda: handled["b", FIRST])
        for _ in range(10_000):
            node.agreeing.peers._open("b", packets[-1])
        assert 1 < max(handled.values()) <= 1 + budget.MOST_REPETITIONS
        await liar.send([("a", SECOND)])
        await network.until(lambda: handled["b", SECOND])


@pytest.mark.asyncio
async def test_a_peer_that_says_too_much_is_heard_again_in_the_next_epoch_and_the_others_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with table(tmp_path) as network:
        await network.decide()
        node, liar, honest = (network.nodes[name].agreeing for name in "abc")
        assert liar.peers is not None
        assert honest.peers is not None
        handled = deliveries(network.nodes["a"], monkeypatch)
        node.tick()
        for packet in range(30):
            await liar.peers.send([("a", Content(1, f"{packet}, {number}")) for number in range(500)])
            await asyncio.sleep(0)
        await network.until(lambda: said_by("b", handled) >= budget.MOST_NEW)
        await honest.peers.send([("a", FIRST)])
        await network.until(lambda: handled["c", FIRST])
        assert said_by("b", handled) < budget.MOST_NEW + 500
        liar.tick()
        node.tick()
        await liar.peers.send([("a", FIRST)])
        await network.until(lambda: handled["b", FIRST])


@pytest.mark.asyncio
async def test_whoever_floods_the_replica_loses_only_its_own_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with table(tmp_path) as network:
        agreeing, senders = network.nodes["a"].agreeing, list[str]()
        replica, works = agreeing.replica, agreeing._host
        assert replica is not None
        assert works is not None
        await network.decide()
        step = replica.step

        def noted(event: object, now: float) -> object:
            if isinstance(event, Received):
                senders.append(event.sender)
            return step(event, now)  # type: ignore[arg-type]

        monkeypatch.setattr(replica, "step", noted)
        for number in range(5000):
            works.received("b", Content(1, f"{number}"))
        works.received("c", Content(1, "another"))
        works._step()
        assert senders.index("c") < 4
        assert len(senders) == host._AT_ONCE, "the rest of the node has its turn"
        await network.until(lambda: not works._events)
        assert Counter(senders)["b"] <= host._WAITING + host._AT_ONCE


@pytest.mark.asyncio
async def test_a_transport_that_is_never_empty_leaves_time_for_the_rest_of_the_node(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        peers, taken = network.nodes["a"].agreeing.peers, 0
        assert peers is not None

        class Flood:
            async def received(self) -> AsyncIterator[Incoming]:
                nonlocal taken
                for taken in range(10_000):  # noqa: B007
                    yield Incoming("b", b"junk", "broker")

        peers.transport = Flood()  # type: ignore[assignment]
        listening = asyncio.create_task(peers._listen())
        for _ in range(10):
            await asyncio.sleep(0)
        assert 0 < taken <= 10 * peer_side._AT_ONCE
        listening.cancel()


@pytest.mark.asyncio
async def test_what_arrived_together_is_read_before_anything_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that answers each packet says the same in more packets, and each of those takes a tag of its own."""
    async with table(tmp_path) as network:
        peers, opened = network.nodes["a"].agreeing.peers, list[bytes]()
        assert peers is not None
        monkeypatch.setattr(peers, "_open", lambda _, sealed: opened.append(sealed))

        class Waiting:
            async def received(self) -> AsyncIterator[Incoming]:
                for number in range(20):
                    yield Incoming("b", b"%d" % number, "broker")
                await asyncio.Event().wait()

        peers.transport = Waiting()  # type: ignore[assignment]
        listening = asyncio.create_task(peers._listen())
        await asyncio.sleep(0)
        assert len(opened) == 20
        listening.cancel()


def test_new_packets_and_repeated_ones_have_budgets_of_their_own() -> None:
    allowance = Budget()
    for number in range(budget.MOST_AGAIN // 512):
        assert allowance.take("b", b"%d" % number, 512, again=True)
    assert not allowance.allows("b", PACKET, again=True)
    assert allowance.allows("b", PACKET, again=False)
    assert allowance.allows("c", PACKET, again=True)
    allowance.renew()
    assert allowance.allows("b", PACKET, again=True)


def test_a_packet_with_too_many_messages_is_not_handled() -> None:
    assert Budget().take("b", PACKET, budget.MOST_PER_PACKET, again=False)
    assert not Budget().take("b", PACKET, budget.MOST_PER_PACKET + 1, again=False)


def test_packets_that_nobody_understands_use_the_budget_up_as_well() -> None:
    allowance = Budget()
    read = 0
    while allowance.allows("b", LONG, again=False):
        allowance.take("b", LONG, 0, again=False)
        read += 1
    assert read <= 17
