"""The receiving side for one node, as a state machine without I/O: births, deaths, and what to ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from qkdctl.bus.announcements import Availability, Birth, RebirthRequest, SessionId
from qkdctl.bus.base import Message, Origin
from qkdctl.bus.ordering import Delivered, Ordering, StreamFigures
from qkdctl.bus.topics import NodeTopics


@dataclass(frozen=True, slots=True)
class Born:
    """The node began a session."""

    birth: Birth


@dataclass(frozen=True, slots=True)
class Died:
    """The node's present session ended."""

    session: SessionId


Event: TypeAlias = Delivered | Born | Died


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """Patience of a receiver.

    Attributes:
        window: out-of-order messages that are kept per node at most.
        gap_timeout_s: how long a missing number may be late before it is asked for.
        request_interval_s: pause between requests.
    """

    window: int = 1024
    gap_timeout_s: float = 0.2
    request_interval_s: float = 1.0


class NodeStream:
    """Follows the sessions of one node and puts its durable messages in order.

    Attributes:
        alive: whether the node's present session lasts, as far as is known.
        figures: counts.
    """

    def __init__(self, topics: NodeTopics, settings: ReceiverSettings) -> None:
        self.alive = False
        self.figures = StreamFigures()
        self._topics = topics
        self._settings = settings
        self._session: SessionId | None = None
        self._birth_sequence = -1
        self._ordering: Ordering | None = None
        self._unintroduced = False
        self._request_at_s: float | None = None

    def take(self, message: Message, now_s: float) -> Sequence[Event]:
        """Process a message of the node."""
        try:
            events = self._dispatch(message)
        except ValueError:
            self.figures.ignored += 1
            events = []
        if not self._wanting():
            self._request_at_s = None
        elif self._request_at_s is None:
            self._request_at_s = now_s + self._settings.gap_timeout_s
        return events

    def request(self, now_s: float) -> RebirthRequest | None:
        """What to ask of the node now, if anything."""
        if self._request_at_s is None or now_s < self._request_at_s:
            return None
        self._request_at_s = now_s + self._settings.request_interval_s
        if self._ordering and self._ordering.gap:
            return RebirthRequest(stream=self._ordering.stream, after=self._ordering.last)
        return RebirthRequest()

    def _wanting(self) -> bool:
        missing = self.alive and self._ordering is not None and self._ordering.gap
        return self._unintroduced or missing

    def _dispatch(self, message: Message) -> Sequence[Event]:
        if message.topic == self._topics.birth:
            return self._take_birth(Birth.decode(message.payload))
        if message.topic == self._topics.death:
            return self._take_death(SessionId.decode(message.payload))
        if message.topic == self._topics.availability:
            return self._take_availability(Availability.decode(message.payload)) if message.payload else []
        if message.origin is not None:
            return self._take_durable(message, message.origin)
        return []

    def _take_birth(self, birth: Birth) -> Sequence[Event]:
        ordering = self._ordering_of(birth.session.stream)
        if ordering is None:
            ordering = self._begin_stream(birth.session.stream)
        elif birth.sequence <= self._birth_sequence:
            self.figures.ignored += 1
            return []
        born = [] if self.alive and birth.session == self._session else [Born(birth)]
        self._session, self._birth_sequence = birth.session, birth.sequence
        self.alive, self._unintroduced = True, False
        replayed = ordering.close_gap(birth.replayed.after, birth.replayed.through) if birth.replayed else []
        ordering.note(birth.acknowledged)
        return [*born, *replayed]

    def _take_death(self, session: SessionId) -> Sequence[Event]:
        if not self.alive or session != self._session:
            self.figures.ignored += 1
            return []
        self.alive = False
        return [Died(session)]

    def _take_availability(self, availability: Availability) -> Sequence[Event]:
        session = availability.session
        if not availability.online:
            return self._take_death(session) if self.alive else []
        if session != self._session or not self.alive:
            self._unintroduced = True
        ordering = self._ordering_of(session.stream) or (None if self._ordering else self._begin_stream(session.stream))
        if ordering:
            ordering.note(availability.acknowledged)
        return []

    def _take_durable(self, message: Message, origin: Origin) -> Sequence[Event]:
        if self._session is None:
            self._unintroduced = True
        ordering = self._ordering_of(origin.stream)
        if ordering is None and self._ordering is not None:
            self._unintroduced = True
            self.figures.ignored += 1
            return []
        ordering = ordering or self._begin_stream(origin.stream)
        topic = self._topics.replayed(message.topic) or message.topic
        delivery = Delivered(topic, message.payload, origin.sequence)
        return ordering.offer_kept(delivery) if message.retain else ordering.offer(delivery, origin.previous)

    def _ordering_of(self, stream: str) -> Ordering | None:
        return self._ordering if self._ordering and self._ordering.stream == stream else None

    def _begin_stream(self, stream: str) -> Ordering:
        self._ordering = Ordering(stream, self._settings.window, self.figures)
        self._birth_sequence = -1
        return self._ordering
