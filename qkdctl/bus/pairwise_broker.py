"""Messages between pairs of nodes through one MQTT broker that may come and go."""

import asyncio
import random

import structlog

from qkdctl.bus.base import Message
from qkdctl.bus.connection import Connection, Outgoing
from qkdctl.bus.errors import LinkLostError, first_cause
from qkdctl.bus.mqtt import Connector
from qkdctl.bus.pairwise import Incoming, PathStatus
from qkdctl.bus.pairwise_figures import PathFigures, is_fit
from qkdctl.bus.pairwise_queues import FairQueues
from qkdctl.bus.pairwise_topics import PairTopics
from qkdctl.bus.settings import MqttSettings
from qkdctl.bus.waiting import apart, within
from qkdctl.clock import Clock
from qkdctl.devices.backoff import Backoff
from qkdctl.logs import Outage

_BUSY_TIMEOUTS = 5

_log = structlog.get_logger(__name__)


class BrokerPath:
    """Keeps a session with one broker.

    What is sent while there is none is lost, and so is what waits when one ends: by then the other paths have had it,
    and the protocol above repeats itself. A broker that takes nothing for `connect_timeout_s`, or for five of them
    although messages arrive, loses its session.

    Args:
        via: name of the path.
        settings: how to reach the broker.
        topics: what to write and to read.
        inbox: takes what arrives, by path and sender.
        figures: counts, one entry per peer.
        outbox: what waits to be sent, by peer.
        clock: all waiting goes by it.
        source: of the jitter between connection attempts.
        connector: opens a session.
    """

    def __init__(
        self,
        via: str,
        settings: MqttSettings,
        topics: PairTopics,
        inbox: FairQueues[tuple[str, str], Incoming],
        figures: PathFigures,
        outbox: FairQueues[str, bytes],
        clock: Clock,
        source: random.Random,
        connector: Connector,
    ) -> None:
        self._via = via
        self._settings = settings
        self._topics = topics
        self._inbox = inbox
        self._figures = figures
        self._outbox = outbox
        self._clock = clock
        self._connector = connector
        self._client_id = f"{settings.client_id or f'qkdctl-{topics.me}'}-pair"
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_limit_s, source)
        self._outage = Outage(_log, f"MQTT broker {settings.host}:{settings.port} for pairs of nodes", clock)
        self._changed = asyncio.Event()
        self._arrived = 0

    async def wait_for_connection(self, *, present: bool = True) -> None:
        """Return when messages are sent by this path, or when they are not."""
        while self._figures.connected != present:
            self._changed.clear()
            await self._changed.wait()

    def send(self, to: str, data: bytes) -> None:
        """See PairTransport."""
        peer = self._figures.peers.get(to)
        if peer is None:
            self._figures.unknown += 1
        elif not self._figures.connected or not is_fit(data):
            peer.dropped += 1
        else:
            peer.dropped += self._outbox.put(to, data)

    def status(self) -> PathStatus:
        """How things stand."""
        figures = self._figures
        peers = figures.statuses(self._outbox.queued, self._clock.monotonic())
        return PathStatus(self._via, figures.connected, figures.sessions, figures.round_trip_s, figures.unknown, peers)

    async def run(self) -> None:
        """Keep a session until cancelled."""
        while True:
            try:
                await apart(self._run_session())
            except Exception as error:  # noqa: BLE001 -- whatever happens to one broker must not stop the others
                self._note_end(first_cause(error))
            await self._clock.sleep(self._backoff.next_delay_s())

    async def _run_session(self) -> None:
        established_s = None
        async with self._connector(self._settings, self._client_id, None) as connection:
            try:
                await connection.subscribe_live(self._topics.inbound)
                await self._show_life(connection)
                established_s = self._clock.monotonic()
                self._establish()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._read(connection))
                    tasks.create_task(self._write(connection))
                    tasks.create_task(self._beat(connection))
            finally:
                # One that ends at once is no success, but perhaps a fight for the client id.
                if established_s is not None and self._clock.monotonic() - established_s >= self._settings.heartbeat_s:
                    self._backoff.reset()
                self._end()

    def _establish(self) -> None:
        self._figures.sessions += 1
        self._figures.connected = True
        self._changed.set()
        self._outage.recovered()

    def _end(self) -> None:
        self._figures.connected = False
        self._changed.set()
        for peer, lost in self._outbox.clear().items():
            self._figures.peers[peer].dropped += lost

    def _note_end(self, cause: BaseException) -> None:
        if not isinstance(cause, LinkLostError | OSError) and not self._outage.lasts:
            _log.error("unexpected error in the MQTT session for pairs of nodes", exc_info=cause)
        self._outage.failed(cause)

    async def _read(self, connection: Connection) -> None:
        while True:
            message = await connection.receive()
            self._arrived += 1
            self._take(message)

    def _take(self, message: Message) -> None:
        sender = self._topics.sender_of(message.topic)
        peer = self._figures.peers.get(sender or "")
        if sender is None or peer is None:
            self._figures.unknown += 1
        elif message.retain or not is_fit(message.payload):
            peer.refused += 1
        else:
            peer.note_received(message.payload, self._clock.monotonic())
            incoming = Incoming(sender, message.payload, self._via)
            peer.overrun += self._inbox.put((self._via, sender), incoming)

    async def _write(self, connection: Connection) -> None:
        while True:
            to, data = await self._outbox.get()
            peer = self._figures.peers[to]
            try:
                await connection.publish(Outgoing(self._topics.to(to), data, qos=0))
            except BaseException:
                peer.dropped += 1
                raise
            peer.note_sent(data)

    async def _beat(self, connection: Connection) -> None:
        while True:
            await self._clock.sleep(self._settings.heartbeat_s)
            await self._show_life(connection)

    async def _show_life(self, connection: Connection) -> None:
        """Acknowledged, unlike what is sent to peers: shows that the link works both ways and writing is allowed."""
        begin_s = self._clock.monotonic()
        answer = asyncio.ensure_future(connection.publish(Outgoing(self._topics.sign_of_life, b"", qos=1)))
        try:
            await self._wait_for(answer)
        finally:
            answer.cancel()
        self._figures.round_trip_s = self._clock.monotonic() - begin_s

    async def _wait_for(self, answer: asyncio.Future[None]) -> None:
        """In a flood the answer stands in line behind other messages, so those buy it time, but not for ever."""
        for _ in range(_BUSY_TIMEOUTS):
            arrived = self._arrived
            try:
                return await within(self._clock, self._settings.connect_timeout_s, _shielded(answer))
            except TimeoutError as error:
                late = error
            if self._arrived == arrived:
                break
        raise LinkLostError(f"heartbeat: {late}") from late


async def _shielded(answer: asyncio.Future[None]) -> None:
    await asyncio.shield(answer)
