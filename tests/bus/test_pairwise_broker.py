"""One path over a broker, in virtual time: what is sent when, what is refused, and when a session is given up."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog

from qkdctl.bus.base import Message
from qkdctl.bus.errors import UnreachableError
from qkdctl.bus.pairwise import CAPACITY, MOST_BYTES, Incoming
from qkdctl.bus.pairwise_mqtt import MqttPairTransport
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import VirtualClock
from tests.bus.fakes import FakeBroker
from tests.bus.pairs import peer, reading, running

SETTINGS = MqttSettings("broker.invalid", heartbeat_s=1.0, connect_timeout_s=2.0, prefix="qkd")
TO_ALICE = "qkd/metro/pair/bob/alice"


@dataclass
class Bench:
    """Node alice and her broker."""

    clock: VirtualClock
    broker: FakeBroker
    alice: MqttPairTransport
    seen: list[Incoming] = field(default_factory=list)

    def sent(self) -> list[tuple[str, bytes]]:
        """What went to peers in the newest session."""
        return [(m.topic[15:], m.payload) for m in self.broker.last.published if m.payload]


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    clock = VirtualClock()
    broker = FakeBroker(clock)
    alice = MqttPairTransport(
        {"east": SETTINGS}, "metro", "alice", {"bob", "carol"}, clock, random.Random(1), broker.connect
    )
    it = Bench(clock, broker, alice)
    async with running([alice]), reading(alice, it.seen):
        await clock.advance(0.0)
        yield it


@pytest.mark.asyncio
async def test_a_session_asks_for_own_messages_only_and_is_there_once_the_broker_takes_some() -> None:
    async with bench() as it:
        assert it.broker.last.will is None
        assert it.broker.last.filters == ["live qkd/metro/pair/+/alice"]
        (sign,) = it.broker.last.published
        assert (sign.topic, sign.payload, sign.qos) == ("qkd/metro/pair/alice/alice", b"", 1)
        (status,) = it.alice.status()
        assert (status.connected, status.sessions, status.round_trip_s) == (True, 1, 0.0)


@pytest.mark.asyncio
async def test_what_is_sent_goes_once_to_the_topic_of_its_receiver_and_waits_for_nothing() -> None:
    async with bench() as it:
        it.alice.send("bob", b"1")
        it.alice.send("carol", b"2")
        await it.clock.advance(0.0)
        assert it.sent() == [("alice/bob", b"1"), ("alice/carol", b"2")]
        assert all(message.qos == 0 and not message.retain for message in it.broker.last.published if message.payload)
        assert peer(it.alice, "bob").sent == 1


@pytest.mark.asyncio
async def test_without_a_session_nothing_is_kept() -> None:
    async with bench() as it:
        it.broker.failure = UnreachableError("down")
        it.broker.last.break_off()
        await it.clock.advance(0.0)
        it.alice.send("bob", b"too late")
        assert not it.alice.status()[0].connected
        it.broker.failure = None
        await it.clock.advance(1.0)
        assert it.alice.status()[0].connected
        assert it.sent() == []
        assert peer(it.alice, "bob").dropped == 1


@pytest.mark.asyncio
async def test_a_stuck_broker_holds_the_newest_messages_for_a_while_and_then_loses_its_session() -> None:
    async with bench() as it:
        it.broker.last.silent = True
        for number in range(3 * CAPACITY):
            it.alice.send("bob", b"%d" % number)
        await it.clock.advance(0.0)
        assert peer(it.alice, "bob").queued <= CAPACITY
        await it.clock.advance(2.9)
        assert it.alice.status()[0].sessions == 1
        await it.clock.advance(1.0)
        assert (it.alice.status()[0].connected, it.alice.status()[0].sessions) == (True, 2)
        bob = peer(it.alice, "bob")
        assert (bob.queued, bob.sent, bob.dropped) == (0, 0, 3 * CAPACITY)


@pytest.mark.asyncio
async def test_a_broker_whose_answer_stands_behind_a_flood_keeps_its_session_for_a_while() -> None:
    async with bench() as it:
        it.broker.last.silent = True
        for _ in range(10):
            it.broker.last.arrive(Message(TO_ALICE, b"flood"))
            await it.clock.advance(1.0)
        assert it.alice.status()[0].sessions == 1
        it.broker.last.arrive(Message(TO_ALICE, b"flood"))
        await it.clock.advance(2.0)
        assert it.alice.status()[0].sessions == 2


@pytest.mark.asyncio
async def test_what_arrives_is_taken_by_topic_and_refused_by_form() -> None:
    good = bytes(MOST_BYTES)
    async with bench() as it:
        for message in (
            Message(TO_ALICE, good),
            Message(TO_ALICE, good + b"!"),
            Message(TO_ALICE, b""),
            Message(TO_ALICE, b"old", retain=True),
            Message("qkd/metro/pair/mallory/alice", b"a stranger"),
            Message("qkd/metro/pair/bob/carol", b"not for alice"),
            Message("qkd/metro/pair/alice/alice", b"an echo"),
        ):
            it.broker.last.arrive(message)
        await it.clock.advance(0.0)
        assert it.seen == [Incoming("bob", good, "east")]
        bob = peer(it.alice, "bob")
        assert (bob.received, bob.refused) == (1, 3)
        assert it.alice.status()[0].unknown == 3


@pytest.mark.asyncio
async def test_attempts_grow_rarer_up_to_a_limit_and_an_outage_is_logged_once() -> None:
    async with bench() as it:
        it.broker.failure = UnreachableError("nobody listens")
        it.broker.attempts.clear()
        with structlog.testing.capture_logs() as logs:
            it.broker.last.break_off()
            await it.clock.advance(20.0)
            it.broker.failure = None
            await it.clock.advance(1.0)
        gaps = [late - early for early, late in zip(it.broker.attempts, it.broker.attempts[1:], strict=False)]
        assert 0.025 <= gaps[0] <= 0.1
        assert all(0.25 <= gap <= 0.5 for gap in gaps[5:])
        assert [entry["event"] for entry in logs] == ["unavailable", "back"]


@pytest.mark.asyncio
async def test_an_unforeseen_error_is_logged_with_its_trace_and_survived() -> None:
    async with bench() as it:
        it.broker.failure = RuntimeError("a defect")
        with structlog.testing.capture_logs() as logs:
            it.broker.last.break_off()
            await it.clock.advance(0.2)
            it.broker.failure = None
            await it.clock.advance(1.0)
        assert it.alice.status()[0].connected
        assert [entry["event"] for entry in logs] == ["unavailable", "back"]
        it.broker.failure = RuntimeError("another")
        await it.clock.advance(0.0)


@pytest.mark.parametrize(
    ("brokers", "network", "me"),
    [({}, "metro", "alice"), ({"east": SETTINGS}, "metro", "bob"), ({"east": SETTINGS}, "bob", "alice")],
)
def test_names_that_would_let_one_node_write_for_others_are_refused(brokers, network: str, me: str) -> None:
    with pytest.raises(ValueError, match=r"broker|different names"):
        MqttPairTransport(brokers, network, me, {"bob"}, VirtualClock(), random.Random(1))
