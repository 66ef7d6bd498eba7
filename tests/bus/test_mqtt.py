"""The bus over a broker that does what the test says, in virtual time."""

import asyncio
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest
import structlog

from qkdctl.bus.announcements import Availability, Birth, RebirthRequest, Replayed, SessionId
from qkdctl.bus.base import Message, Origin
from qkdctl.bus.errors import LinkLostError, UnreachableError
from qkdctl.bus.mqtt import BD_SEQ_COUNTER
from qkdctl.bus.settings import MqttSettings
from tests.bus.fakes import FakeConnection
from tests.bus.nodes import VirtualNode, until, virtual_node

SETTINGS = MqttSettings("127.0.0.1")


def births(connection: FakeConnection) -> list[Birth]:
    return [Birth.decode(message.payload) for message in connection.published if message.topic.endswith("/birth")]


@pytest.mark.asyncio
async def test_a_session_begins_with_the_birth_then_sends_what_waits(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        node.broker.failure = UnreachableError("refused")
        for number in range(3):
            await node.bus.publish("qkdctl/alice/t", b"%d" % number, qos=1)
        await until(lambda: node.broker.attempts)  # That of the start is to fail, however late the disk lets it begin.
        node.broker.failure = None
        await node.advance(SETTINGS.heartbeat_s / 2)  # Long enough for the next attempt, too short for a heartbeat.
        connection = node.broker.last
        await until(lambda: len(connection.published) == 5)
        assert connection.topics() == ["birth", "availability", "t", "t", "t"]
        assert [message.payload for message in connection.published[2:]] == [b"0", b"1", b"2"]
        origins = [message.origin for message in connection.published[2:]]
        assert [(origin.sequence, origin.previous) for origin in origins if origin] == [(1, 0), (2, 1), (3, 2)]
        assert (connection.published[0].qos, connection.published[0].retain) == (1, False)
        assert (connection.published[1].qos, connection.published[1].retain) == (1, True)
        assert connection.filters[0] == "qkdctl/alice/cmd/rebirth"


@pytest.mark.asyncio
async def test_birth_and_will_carry_the_number_of_the_session_which_wraps(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await until(lambda: node.bus.connected)
        await node.store.counters.put(BD_SEQ_COUNTER, 253)
        for _ in range(3):
            node.broker.last.break_off()
            await until(lambda: not node.bus.connected)
            await node.advance(0.6)
            await until(lambda: node.bus.connected)
    sessions = node.broker.connections[1:]
    assert [births(connection)[0].session.bd_seq for connection in sessions] == [254, 255, 0]
    assert [SessionId.decode(connection.will.payload).bd_seq for connection in sessions] == [254, 255, 0]
    assert all((connection.will.qos, connection.will.retain) == (1, False) for connection in sessions)
    assert all(births(connection)[0].session.stream == node.store.outbox.stream for connection in sessions)


@pytest.mark.asyncio
@pytest.mark.parametrize("phase", [0.0, 0.05, 0.35, 0.5, 0.85, 0.95])
async def test_a_silent_link_is_noticed_within_one_and_a_half_heartbeats(tmp_path: Path, phase: float) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await until(lambda: node.bus.connected)
        await node.advance((3 + phase) * SETTINGS.heartbeat_s)
        assert node.bus.connected
        node.broker.last.silent = True
        node.broker.failure = UnreachableError("no new session for this test")
        silent_since = node.clock.monotonic()
        async with asyncio.timeout(10):
            while node.bus.connected:
                await node.advance(0.05)
        assert node.clock.monotonic() - silent_since <= 1.5 * SETTINGS.heartbeat_s


@pytest.mark.asyncio
async def test_heartbeats_renew_an_availability_that_expires(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await until(lambda: node.bus.connected)
        await node.bus.publish("qkdctl/alice/t", b"", qos=1)
        await until(lambda: node.store.outbox.acknowledged == 2)
        await node.advance(2 * SETTINGS.heartbeat_s + 0.1)
        beats = [message for message in node.broker.last.published if message.topic.endswith("/availability")]
        assert len(beats) == 3
        assert {message.expiry_s for message in beats} == {3 * SETTINGS.heartbeat_s}
        assert [Availability.decode(message.payload).acknowledged for message in beats] == [0, 2, 2]


@pytest.mark.asyncio
async def test_attempts_come_with_growing_jittered_pauses_and_are_logged_once(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with virtual_node(tmp_path, SETTINGS) as node:
            node.broker.failure = UnreachableError("connection refused")
            await node.advance(4)
            attempts = node.broker.attempts
            pauses = [later - earlier for earlier, later in pairwise(attempts)]
            for place, pause in enumerate(pauses):
                nominal = min(0.05 * 2**place, SETTINGS.backoff_limit_s)
                assert nominal / 2 - 1e-6 <= pause <= nominal + 0.05 + 1e-6
            assert len(set(pauses[5:])) > 1, "no jitter"
            node.broker.failure = None
            await node.advance(1)
            await until(lambda: node.bus.connected)
            assert births(node.broker.last)[0].session.bd_seq == 1, "a broker that was not reached saw no number"
    events = [(entry["event"], entry.get("error")) for entry in logs]
    assert events == [("unavailable", "connection refused"), ("back", None)]


@pytest.mark.asyncio
async def test_a_session_that_ends_at_once_does_not_reset_the_pauses(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        node.broker.failure = LinkLostError("session taken over")
        await node.advance(4)
        assert len(node.broker.attempts) < 20
        node.broker.failure = None
        await node.advance(1)
        await until(lambda: node.bus.connected)
        assert births(node.broker.last)[0].session.bd_seq == len(node.broker.attempts)


@pytest.mark.asyncio
async def test_an_error_of_our_own_stays_inside_and_is_logged(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with virtual_node(tmp_path, SETTINGS, facts=lambda: {"rate": 1 / 0}) as node:
            await node.advance(3)
            assert not node.task.done()
            assert len(node.broker.attempts) > 2
    assert [entry["event"] for entry in logs] == ["unexpected error in the MQTT session", "unavailable"]


async def published_before(node: VirtualNode, count: int) -> None:
    """Publish durable messages and wait until they arrived."""
    await until(lambda: node.bus.connected)
    for number in range(count):
        await node.bus.publish("qkdctl/alice/device/voa/state", b"%d" % number, qos=1, retain=True)
    await until(lambda: node.store.outbox.waiting == 0)


@pytest.mark.asyncio
async def test_a_rebirth_request_is_answered_with_what_was_missed(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await published_before(node, 5)
        connection, stream = node.broker.last, node.store.outbox.stream
        numbers = [message.origin.sequence for message in connection.published if message.origin]
        begin = len(connection.published)
        requests = [RebirthRequest(stream=stream, after=numbers[after]) for after in (3, 1, 2)]
        for request in requests:
            connection.arrive(Message(node.bus.topics.rebirth, request.encode()))
        await until(lambda: len(births(connection)) == 2)
        answer = connection.published[begin:]
        assert [message.topic.removeprefix("qkdctl/alice/") for message in answer] == [
            *["replay/device/voa/state"] * 3,
            "device/voa/state",
            "birth",
        ]
        assert [message.payload for message in answer[:4]] == [b"2", b"3", b"4", b"4"]
        assert not any(message.retain for message in answer[:3])
        assert answer[0].origin == Origin(stream, numbers[2], numbers[1])
        assert births(connection)[1].replayed == Replayed(after=numbers[1], through=numbers[4])
        assert births(connection)[1].sequence > births(connection)[0].sequence
        connection.arrive(Message(node.bus.topics.rebirth, b""))
        await node.advance(0.9)
        assert len(births(connection)) == 2, "answers keep a distance"
        await node.advance(0.2)
        await until(lambda: len(births(connection)) == 3)
        assert births(connection)[2].replayed is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "message",
    [
        Message("qkdctl/alice/cmd/rebirth", b"", retain=True),
        Message("qkdctl/alice/cmd/rebirth", b"[]"),
        Message("qkdctl/alice/cmd/rebirth", b'{"after":-1}'),
        Message("qkdctl/alice/cmd/rebirth", b'{"after":1.5}'),
        Message("qkdctl/alice/cmd/rebirth", b"\xff" * 2000),
    ],
)
async def test_a_kept_or_senseless_request_is_not_answered(tmp_path: Path, message: Message) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await until(lambda: node.bus.connected)
        node.broker.last.arrive(message)
        await node.advance(3)
        assert len(births(node.broker.last)) == 1
        assert node.bus.connected


@pytest.mark.asyncio
async def test_a_request_about_another_stream_gets_a_birth_only(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await published_before(node, 2)
        node.broker.last.arrive(Message(node.bus.topics.rebirth, RebirthRequest(stream="other", after=0).encode()))
        await until(lambda: len(births(node.broker.last)) == 2)
        assert births(node.broker.last)[1].replayed is None
        assert not any("/replay/" in message.topic for message in node.broker.last.published)


@pytest.mark.asyncio
async def test_retained_states_are_sent_again_in_every_session(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await published_before(node, 3)
        node.broker.last.break_off()
        await until(lambda: not node.bus.connected)
        await node.advance(0.6)
        await until(lambda: len(node.broker.last.published) == 3)
        assert node.broker.last.topics() == ["birth", "availability", "device/voa/state"]
        again = node.broker.last.published[2]
        assert (again.payload, again.retain) == (b"2", True)
        assert again.origin is not None
        assert again.origin.previous == again.origin.sequence - 1


@pytest.mark.asyncio
async def test_a_farewell_is_said_or_given_up(tmp_path: Path) -> None:
    async with virtual_node(tmp_path / "a", SETTINGS) as node:
        await until(lambda: node.bus.connected)
        await node.stop()
        assert node.broker.last.topics()[-2:] == ["availability", "death"]
        assert not Availability.decode(node.broker.last.published[-2].payload).online
        assert node.broker.last.published[-2].expiry_s is None
        assert node.broker.last.published[-1] == node.broker.last.will
        assert node.broker.last.disconnected
    async with virtual_node(tmp_path / "b", SETTINGS) as node:
        await until(lambda: node.bus.connected)
        node.broker.last.silent = True
        before = node.clock.monotonic()
        await node.stop()
        assert node.clock.monotonic() - before <= 0.6
        assert not node.broker.last.disconnected


@pytest.mark.asyncio
async def test_now_or_never_messages_are_counted_when_there_is_no_session(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        node.broker.failure = UnreachableError("refused")
        await node.bus.publish("qkdctl/bob/cmd/rebirth", b"")
        assert node.bus.figures.unsent == 1
        node.broker.failure = None
        await node.advance(1)
        await until(lambda: node.bus.connected)
        await node.bus.publish("qkdctl/bob/cmd/rebirth", b"", expiry_s=5)
        assert (node.broker.last.published[-1].topic, node.broker.last.published[-1].qos) == (
            "qkdctl/bob/cmd/rebirth",
            0,
        )
        with pytest.raises(ValueError, match="only topics below qkdctl/alice/ are durable"):
            await node.bus.publish("qkdctl/bob/t", b"", qos=1)
        with pytest.raises(ValueError, match="70000 bytes, at most 65536"):
            await node.bus.publish("qkdctl/alice/t", b"x" * 70_000, qos=1)


@pytest.mark.asyncio
async def test_a_full_disk_costs_messages_not_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        await until(lambda: node.bus.connected)
        with structlog.testing.capture_logs() as logs, monkeypatch.context() as patch:
            patch.setattr("qkdctl.store.outbox._insert", full_disk)
            await node.bus.publish("qkdctl/alice/t", b"", qos=1)
            await node.bus.publish("qkdctl/alice/t", b"", qos=1)
            patch.undo()
            await node.bus.publish("qkdctl/alice/t", b"", qos=1)
        assert node.bus.figures.unstored == 2
        assert [(entry["event"], entry["what"]) for entry in logs] == [("unavailable", "outbox"), ("back", "outbox")]


def full_disk(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.asyncio
async def test_messages_reach_those_who_asked_and_large_ones_nobody(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        early = node.bus.subscribe("qkdctl/+/t")
        await until(lambda: node.bus.connected)
        late = node.bus.subscribe("qkdctl/bob/#")
        await until(lambda: node.broker.last.filters[-1] == "qkdctl/bob/#")
        assert "qkdctl/+/t" in node.broker.last.filters
        node.broker.last.arrive(Message("qkdctl/bob/t", b"x" * 70_000))
        node.broker.last.arrive(Message("qkdctl/bob/t", b"1"))
        node.broker.last.arrive(Message("qkdctl/bob/u", b"2"))
        await until(lambda: node.bus.figures.received == 3)
        early.close()
        late.close()
        assert [message.payload async for message in early] == [b"1"]
        assert [message.payload async for message in late] == [b"1", b"2"]
        assert node.bus.figures.refused == 1


@pytest.mark.asyncio
async def test_a_reader_that_falls_behind_loses_the_oldest_and_it_shows(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, MqttSettings("127.0.0.1", inbound_capacity=2)) as node:
        subscription = node.bus.subscribe("#")
        await until(lambda: node.bus.connected)
        for number in range(5):
            node.broker.last.arrive(Message("a", b"%d" % number))
        await until(lambda: node.bus.figures.received == 5)
        assert node.bus.figures.overrun == 3
        subscription.close()
        assert [message.payload async for message in subscription] == [b"3", b"4"]


@pytest.mark.asyncio
async def test_an_expiring_message_is_sent_with_the_rest_of_its_time(tmp_path: Path) -> None:
    async with virtual_node(tmp_path, SETTINGS) as node:
        node.broker.failure = UnreachableError("refused")
        await node.bus.publish("qkdctl/alice/t", b"long", qos=1, expiry_s=10)
        await node.bus.publish("qkdctl/alice/t", b"short", qos=1, expiry_s=1)
        await node.advance(4)
        node.broker.failure = None
        await node.advance(1)
        await until(lambda: node.store.outbox.waiting == 0)
        (sent,) = [message for message in node.broker.last.published if message.origin]
        assert sent.payload == b"long"
        assert sent.expiry_s is not None
        assert 5 <= sent.expiry_s <= 6
        assert node.store.outbox.expired == 1
