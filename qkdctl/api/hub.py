"""Live events for any number of readers, in bounded memory, however slow they are."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import structlog

from qkdctl.api.facade import Event, NodeFacade
from qkdctl.api.models import SCHEMA_VERSION, Status, event_value
from qkdctl.clock import Clock

_log = structlog.get_logger("qkdctl.api")
STREAMS_MAX = 64
BEAT = b": beat\n\n"


@dataclass(slots=True)
class HubCounts:
    """What the streams did, for the metrics."""

    streams: int = 0
    updates: int = 0
    coalesced: int = 0
    stalled: int = 0


class EventHub:
    """Keeps the latest event of each part with its sequence number, and serves streams from that.

    An event replaces its predecessor of the same part and name, so a reader needs only the latest ones above the last
    sequence it has seen. Memory grows with the number of names, not with time or readers, and any earlier sequence of
    this run can be resumed from.

    Args:
        interval_s: shortest time between two updates of one stream.
        beat_s: a silent stream says this often that it is alive, so that both ends notice a dead peer.
    """

    def __init__(self, facade: NodeFacade, clock: Clock, *, interval_s: float = 0.5, beat_s: float = 10.0) -> None:
        self._facade = facade
        self._clock = clock
        self._interval_s = interval_s
        self._beat_s = beat_s
        self._run = secrets.token_hex(4)
        self._sequence = 0
        self._latest: dict[tuple[str, str], tuple[int, Event]] = {}
        self._wakes: set[asyncio.Event] = set()
        self._closing = asyncio.Event()
        self.counts = HubCounts()

    async def run(self) -> None:
        """Take events from the node until it stops; then, or on failure, end all streams."""
        try:
            async for event in self._facade.subscribe():
                self.publish(event)
        except Exception:  # noqa: BLE001 - whatever the node's iterator raises ends the streams, not the daemon
            _log.exception("live events have stopped; status and actions still work")
        finally:
            self.close()

    def publish(self, event: Event) -> None:
        """Give the event its sequence number and wake the streams."""
        self._sequence += 1
        key = (event.part, event.name)
        # Taken out first: the dictionary stays in the order of the sequence numbers.
        self._latest.pop(key, None)
        self._latest[key] = (self._sequence, event)
        self._wake()

    def close(self) -> None:
        """End all streams; new ones end at once."""
        self._closing.set()
        self._wake()

    @property
    def is_open(self) -> bool:
        """False once no further event will come."""
        return not self._closing.is_set()

    @property
    def is_full(self) -> bool:
        """True when no further stream is served: they must not take all connections from those who act."""
        return self.counts.streams >= STREAMS_MAX

    async def stream(self, last_event_id: str | None) -> AsyncGenerator[bytes]:
        """Server-sent events: a snapshot (or what was missed since `last_event_id`), then updates.

        Args:
            last_event_id: id of the last event the reader has; one of another run of the daemon gives a snapshot.
        """
        wake = asyncio.Event()
        self._wakes.add(wake)
        self.counts.streams += 1
        try:
            sent = self._resume(last_event_id)
            if sent is None:
                sent = self._sequence
                yield self._snapshot(sent)
            while self.is_open:
                wake.clear()
                if sent == self._sequence:
                    if not await self._occurs(wake, self._beat_s):
                        yield BEAT
                    continue
                before, sent = sent, self._sequence
                yield self._update(before)
                await self._occurs(self._closing, self._interval_s)
        finally:
            self._wakes.discard(wake)
            self.counts.streams -= 1

    def _resume(self, last_event_id: str | None) -> int | None:
        run, _, number = (last_event_id or "").partition("-")
        if run != self._run or not number.isascii() or not number.isdecimal() or len(number) > 18:
            return None
        return int(number) if int(number) <= self._sequence else None

    def _snapshot(self, sequence: int) -> bytes:
        document = Status.model_validate(self._facade.status())
        return self._message("snapshot", sequence, document.model_dump_json())

    def _update(self, since: int) -> bytes:
        fresh: list[Event] = []
        for sequence, event in reversed(self._latest.values()):
            if sequence <= since:
                break
            fresh.append(event)
        fresh.reverse()
        self.counts.updates += 1
        self.counts.coalesced += self._sequence - since - len(fresh)
        changes = [{"part": event.part, "name": event.name, "value": event_value(event)} for event in fresh]
        document = {"schema_version": SCHEMA_VERSION, "sequence": self._sequence, "changes": changes}
        return self._message("update", self._sequence, json.dumps(document, separators=(",", ":"), allow_nan=False))

    def _message(self, kind: str, sequence: int, data: str) -> bytes:
        return f"event: {kind}\nid: {self._run}-{sequence}\ndata: {data}\n\n".encode()

    async def _occurs(self, what: asyncio.Event, seconds: float) -> bool:
        timer = asyncio.create_task(self._clock.sleep(seconds))
        waiter = asyncio.create_task(what.wait())
        try:
            await asyncio.wait({timer, waiter}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            waiter.cancel()
            await asyncio.gather(timer, waiter, return_exceptions=True)
        return what.is_set()

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()
