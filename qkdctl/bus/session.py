"""One session with a broker: birth first, then everything that waits, then what comes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qkdctl.bus.announcements import Availability, Birth, RebirthRequest, Replayed, SessionId
from qkdctl.bus.base import Message, Origin
from qkdctl.bus.connection import Connection, Outgoing
from qkdctl.bus.errors import LinkLostError
from qkdctl.bus.settings import MqttSettings
from qkdctl.bus.topics import NodeTopics
from qkdctl.bus.waiting import within
from qkdctl.clock import Clock
from qkdctl.store.outbox import Outbox, OutboxMessage

_ANSWER_SHARE = 0.4  # of the heartbeat period: 1 + 0.4 stays below the promised 1.5 periods.
_AVAILABLE_PERIODS = 3
_REBIRTH_INTERVAL_S = 1.0
_FAREWELL_S = 0.5


@dataclass(frozen=True, slots=True)
class NodeSide:
    """What a session needs from the node.

    Attributes:
        facts: content of the birth, asked for each time.
        deliver: takes every message that arrives.
    """

    settings: MqttSettings
    topics: NodeTopics
    outbox: Outbox
    clock: Clock
    facts: Callable[[], Mapping[str, Any]]
    deliver: Callable[[Message], None]


class Session:
    """Runs over an open connection until that is lost or the session is cancelled.

    Args:
        node: what is said and where it goes.
        connection: open.
        session_id: the one in the will.
        filters: subscriptions that exist already.
    """

    def __init__(self, node: NodeSide, connection: Connection, session_id: SessionId, filters: Sequence[str]) -> None:
        self._node = node
        self._connection = connection
        self._id = session_id
        self._filters = [node.topics.rebirth, *filters]
        self._more_filters = asyncio.Event()
        self._replay_after: int | None = None
        self._requested = asyncio.Event()

    async def run(self, established: Callable[[], None]) -> None:
        """Say that the node is there, call `established`, and work.

        Raises:
            LinkLostError: in an exception group with whatever else failed.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                # Nothing may arrive unread before the birth: a subscription can bring any number of retained messages.
                tasks.create_task(self._read())
                await self._introduce()
                established()
                tasks.create_task(self._beat())
                await self._send_retained()
                tasks.create_task(self._drain())
                tasks.create_task(self._answer_requests())
                tasks.create_task(self._subscribe_later())
        except asyncio.CancelledError:
            await self._say_farewell()
            raise

    async def publish(self, message: Outgoing) -> None:
        """Send a message that is not kept.

        Raises:
            LinkLostError: the session is over.
        """
        await self._connection.publish(message)

    def subscribe(self, topic_filter: str) -> None:
        """Ask the broker as soon as possible."""
        self._filters.append(topic_filter)
        self._more_filters.set()

    async def _read(self) -> None:
        while True:
            message = await self._connection.receive()
            if message.topic == self._node.topics.rebirth:
                self._note_request(message)
            else:
                self._node.deliver(message)

    def _note_request(self, message: Message) -> None:
        if message.retain:
            return  # A command that was kept is not meant for now.
        try:
            request = RebirthRequest.decode(message.payload)
        except ValueError:
            return
        if request.after is not None and request.stream == self._id.stream:
            self._replay_after = request.after if self._replay_after is None else min(self._replay_after, request.after)
        self._requested.set()

    async def _introduce(self) -> None:
        await self._subscribe_waiting()
        try:
            await within(self._node.clock, self._node.settings.connect_timeout_s, self._say_born(None))
        except TimeoutError as error:
            raise LinkLostError(f"birth: {error}") from error
        await self._beat_once()

    async def _subscribe_waiting(self) -> None:
        self._more_filters.clear()
        while self._filters:
            await self._connection.subscribe(self._filters.pop(0))

    async def _subscribe_later(self) -> None:
        while True:
            await self._more_filters.wait()
            await self._subscribe_waiting()

    async def _beat(self) -> None:
        """The broker's answer to each heartbeat shows that the link works in both directions."""
        while True:
            await self._node.clock.sleep(self._node.settings.heartbeat_s)
            await self._beat_once()

    async def _beat_once(self) -> None:
        period_s = self._node.settings.heartbeat_s
        try:
            await within(self._node.clock, _ANSWER_SHARE * period_s, self._say_available(_AVAILABLE_PERIODS * period_s))
        except TimeoutError as error:
            raise LinkLostError(f"heartbeat: {error}") from error

    async def _drain(self) -> None:
        outbox = self._node.outbox
        last = outbox.acknowledged
        while True:
            await outbox.wait_until_pending()
            messages = await outbox.pending(self._node.settings.batch)
            if messages:
                await self._send_in_order(messages, last, lambda topic: topic)
                last = messages[-1].sequence
                await outbox.acknowledge(last)

    async def _answer_requests(self) -> None:
        while True:
            await self._requested.wait()
            self._requested.clear()
            after, self._replay_after = self._replay_after, None
            replayed = await self._replay(after) if after is not None else None
            await self._send_retained()
            await self._say_born(replayed)
            await self._node.clock.sleep(_REBIRTH_INTERVAL_S)

    async def _replay(self, after: int) -> Replayed:
        outbox, through, last = self._node.outbox, self._node.outbox.acknowledged, after
        while messages := await outbox.replayable(last, self._node.settings.batch):
            await self._send_in_order(messages, last, self._node.topics.replay, retain=False)
            last = messages[-1].sequence
        return Replayed(after=after, through=max(through, last))

    async def _send_retained(self) -> None:
        """What brokers should know: one that was restarted may have forgotten it."""
        for message in await self._node.outbox.retained():
            # Whoever misses any earlier message must not take this one for the next.
            await self._send_in_order([message], message.sequence - 1, lambda topic: topic)

    async def _send_in_order(
        self, messages: Sequence[OutboxMessage], last: int, topic_of: Callable[[str], str], *, retain: bool = True
    ) -> None:
        now_ms = self._node.clock.wall_ms()
        async with asyncio.TaskGroup() as sending:
            for message in messages:
                remaining_s = None if message.expires_ms is None else (message.expires_ms - now_ms) / 1000
                outgoing = Outgoing(
                    topic_of(message.topic),
                    message.payload,
                    message.qos,
                    message.retain and retain,
                    remaining_s,
                    Origin(self._id.stream, message.sequence, last),
                )
                sending.create_task(self._connection.publish(outgoing))
                last = message.sequence

    async def _say_born(self, replayed: Replayed | None) -> None:
        outbox = self._node.outbox
        number, wall_ms = await outbox.take_number(), self._node.clock.wall_ms()
        birth = Birth(
            session=self._id,
            sequence=number,
            acknowledged=outbox.acknowledged,
            wall_ms=wall_ms,
            facts=dict(self._node.facts()),
            replayed=replayed,
        )
        await self._connection.publish(Outgoing(self._node.topics.birth, birth.encode()))

    async def _say_available(self, expiry_s: float | None, *, online: bool = True) -> None:
        availability = Availability(
            session=self._id,
            online=online,
            acknowledged=self._node.outbox.acknowledged,
            wall_ms=self._node.clock.wall_ms(),
            heartbeat_ms=round(self._node.settings.heartbeat_s * 1000),
        )
        payload = availability.encode()
        await self._connection.publish(
            Outgoing(self._node.topics.availability, payload, retain=True, expiry_s=expiry_s)
        )

    async def _say_farewell(self) -> None:
        try:
            await within(self._node.clock, _FAREWELL_S, self._part())
        except (LinkLostError, TimeoutError):
            return  # Then the broker publishes the will.

    async def _part(self) -> None:
        await self._say_available(None, online=False)
        await self._connection.publish(will_of(self._node.topics, self._id))
        await self._connection.disconnect()


def will_of(topics: NodeTopics, session_id: SessionId) -> Outgoing:
    """The death that the broker publishes when the session ends without a farewell."""
    return Outgoing(topics.death, session_id.encode())
