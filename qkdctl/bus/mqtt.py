"""A bus over an MQTT broker that may come and go."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog

from qkdctl.bus.announcements import BD_SEQ_MODULO, SessionId
from qkdctl.bus.base import Message, Subscription
from qkdctl.bus.connection import Connection, Outgoing, connect
from qkdctl.bus.errors import LinkLostError, UnreachableError, first_cause
from qkdctl.bus.session import NodeSide, Session, will_of
from qkdctl.bus.settings import MqttSettings
from qkdctl.bus.topics import NodeTopics, takes
from qkdctl.bus.waiting import apart
from qkdctl.clock import Clock
from qkdctl.devices.backoff import Backoff
from qkdctl.logs import Outage
from qkdctl.store.counters import Counters
from qkdctl.store.errors import StoreError
from qkdctl.store.outbox import Outbox

BD_SEQ_COUNTER = "mqtt_bd_seq"
_log = structlog.get_logger(__name__)

Connector: TypeAlias = Callable[[MqttSettings, str, Outgoing | None], AbstractAsyncContextManager[Connection]]


@dataclass(slots=True)
class BusFigures:
    """Counts since the start, for metrics.

    Attributes:
        sessions: sessions that got as far as their birth.
        received: messages from the broker.
        refused: messages larger than allowed.
        overrun: messages that readers lost because they fell behind.
        unsent: messages of quality of service 0 that came while there was no session.
        unstored: messages that the disk did not take.
    """

    sessions: int = 0
    received: int = 0
    refused: int = 0
    overrun: int = 0
    unsent: int = 0
    unstored: int = 0


class MqttBus:
    """Publishes the node's durable messages through the outbox, everything else now or never.

    Args:
        settings: how to reach the broker.
        node: name of the node.
        outbox: durable messages.
        counters: keep the number of the session.
        clock: all waiting goes by it.
        source: of the jitter between connection attempts.
        facts: content of the birth, asked for each time.
        connector: opens a session.
    """

    def __init__(
        self,
        settings: MqttSettings,
        node: str,
        outbox: Outbox,
        counters: Counters,
        clock: Clock,
        source: random.Random,
        facts: Callable[[], Mapping[str, Any]] = dict,
        connector: Connector = connect,
    ) -> None:
        self.topics = NodeTopics(settings.prefix, node)
        self.figures = BusFigures()
        self._settings = settings
        self._outbox = outbox
        self._counters = counters
        self._connector = connector
        self._clock = clock
        self._node = NodeSide(settings, self.topics, outbox, clock, facts, self._deliver)
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_limit_s, source)
        self._outage = Outage(_log, f"MQTT broker {settings.host}:{settings.port}", clock)
        self._disk_outage = Outage(_log, "outbox", clock)
        self._subscriptions: list[Subscription] = []
        self._opening: Session | None = None
        self._session: Session | None = None
        self._session_changed = asyncio.Event()
        self._established_s = 0.0

    @property
    def connected(self) -> bool:
        """Whether there is a session and the node's birth was accepted."""
        return self._session is not None

    async def wait_for_connection(self, *, present: bool = True) -> None:
        """Return when there is a session, or when there is none."""
        while self.connected != present:
            self._session_changed.clear()
            await self._session_changed.wait()

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 0, expiry_s: float | None = None
    ) -> None:
        """See Bus; quality of service 1 is for topics of this node only, whose receivers count on gapless numbers.

        Raises:
            ValueError: quality of service above 0 for a topic of somebody else, or a payload that is too large.
        """
        if len(payload) > self._settings.max_payload_bytes:
            raise ValueError(f"{topic}: {len(payload)} bytes, at most {self._settings.max_payload_bytes} are allowed")
        if qos == 0:
            await self._publish_now(Outgoing(topic, payload, 0, retain, expiry_s))
            return
        if not topic.startswith(self.topics.root):
            raise ValueError(f"{topic}: only topics below {self.topics.root} are durable; use quality of service 0")
        try:
            await self._outbox.append(topic, payload, qos=1, retain=retain, expiry_s=expiry_s)
        except StoreError as error:
            self.figures.unstored += 1
            self._disk_outage.failed(error)
        else:
            self._disk_outage.recovered()

    def subscribe(self, topic_filter: str) -> Subscription:
        """See Bus; holds over all sessions."""
        subscription = Subscription(topic_filter, self._settings.inbound_capacity, self._subscriptions.remove)
        self._subscriptions.append(subscription)
        if self._opening:
            self._opening.subscribe(topic_filter)
        return subscription

    async def run(self) -> None:
        """Keep a session until cancelled; then say good-bye."""
        session_id = None
        while True:
            try:
                if session_id is None:
                    bd_seq = await self._counters.add(BD_SEQ_COUNTER, modulo=BD_SEQ_MODULO)
                    session_id = SessionId(stream=self._outbox.stream, bd_seq=bd_seq)
                await apart(self._run_session(session_id))
            except UnreachableError as error:
                self._outage.failed(error)  # The broker never saw this number, so the next attempt may use it.
            except Exception as error:  # noqa: BLE001 -- whatever happens here must not stop the instruments
                self._note_end(error)
                session_id = None
            await self._clock.sleep(self._backoff.next_delay_s())

    async def _run_session(self, session_id: SessionId) -> None:
        client_id = self._settings.client_id or f"qkdctl-{self.topics.node}"
        async with self._connector(self._settings, client_id, will_of(self.topics, session_id)) as connection:
            filters = list(dict.fromkeys(subscription.topic_filter for subscription in self._subscriptions))
            session = self._opening = Session(self._node, connection, session_id, filters)
            try:
                await session.run(lambda: self._establish(session))
            finally:
                if self._session and self._clock.monotonic() - self._established_s >= self._settings.heartbeat_s:
                    self._backoff.reset()  # One that ends at once is no success, but perhaps a fight for the client id.
                self._opening = self._session = None
                self._session_changed.set()

    def _establish(self, session: Session) -> None:
        self._session = session
        self._session_changed.set()
        self._established_s = self._clock.monotonic()
        self.figures.sessions += 1
        self._outage.recovered()

    def _note_end(self, error: Exception) -> None:
        cause = first_cause(error)
        if not isinstance(cause, LinkLostError | OSError | StoreError) and not self._outage.lasts:
            _log.error("unexpected error in the MQTT session", exc_info=cause)
        self._outage.failed(cause)

    async def _publish_now(self, message: Outgoing) -> None:
        session = self._session
        if session is None:
            self.figures.unsent += 1
            return
        try:
            await session.publish(message)
        except LinkLostError:
            self.figures.unsent += 1

    def _deliver(self, message: Message) -> None:
        self.figures.received += 1
        if len(message.payload) > self._settings.max_payload_bytes:
            self.figures.refused += 1
            return
        for subscription in self._subscriptions:
            if takes(subscription.topic_filter, message.topic):
                before = subscription.dropped
                subscription.put(message)
                self.figures.overrun += subscription.dropped - before
