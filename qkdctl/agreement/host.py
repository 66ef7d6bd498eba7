"""Runs a replica: hands it what happens and does what it wants done, in its order, durably where it says so."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import structlog

from qkdctl.abft.effects import (
    Alarm,
    Collect,
    Commit,
    Effect,
    Event,
    Halt,
    OwnReport,
    Persist,
    Recall,
    Received,
    Send,
    SitOut,
    Tick,
    Wake,
)
from qkdctl.abft.messages import Message
from qkdctl.abft.packet import Spoken
from qkdctl.abft.replica import Replica
from qkdctl.abft.value import Entry
from qkdctl.bus.pairwise_queues import FairQueues
from qkdctl.clock import Clock
from qkdctl.store.errors import StoreError

log = structlog.get_logger(__name__)
_WAITING = 1024
"""Messages per peer; the oldest give way."""
_AT_ONCE = 256
"""Events between two moments in which the rest of the node gets its turn."""
_OWN = ""
_BETWEEN_TRIES_S = 1.0
STORE_FAILING = "agreement-store-failing"


class Duties(Protocol):
    """What the node does for its replica."""

    async def persist(self, writes: Mapping[str, str | None]) -> None:
        """Make texts durable.

        Raises:
            StoreError: they are not; it is tried again.
        """

    async def commit(self, entry: Entry) -> None:
        """Append a decision to the ledger and act on it.

        Raises:
            StoreError: it is not durable; it is tried again, and nothing was done.
        """

    async def collect(self, wish: Collect) -> str:
        """The text of this node's report for an epoch."""

    async def recall(self, wish: Recall) -> list[Message]:
        """What is known of an old epoch, for a node that is behind."""

    async def send(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        """Say something to peers, soon or never."""

    def alarm(self, alarm: Alarm) -> None:
        """Somebody should know."""

    def alarm_over(self, code: str, subject: str) -> None:
        """What the alarm with this code was about has ended."""

    def halt(self, halt: Halt) -> None:
        """The node must stop for good."""


class Host:
    """One replica at work.

    Args:
        replica: not halted.
        duties: of the node.
        clock: of the node.
        peers: whose messages come; they take turns with each other and with what happens here.
    """

    def __init__(self, replica: Replica, duties: Duties, clock: Clock, peers: Iterable[str] = ()) -> None:
        self._replica = replica
        self._duties = duties
        self._clock = clock
        self._events: FairQueues[str, Event] = FairQueues((_OWN, *peers), _WAITING)
        self._something = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopped = False

    def tick(self) -> None:
        """It is time for the next epoch."""
        self._post(Tick())

    def received(self, sender: str, message: Message) -> None:
        """A peer said something, beyond doubt."""
        self._post(Received(sender, message), sender)

    def sit_out(self) -> None:
        """Peers know more of this node than its store does."""
        self._post(SitOut())

    def stop(self) -> None:
        """Take nothing in any more."""
        self._is_stopped = True

    async def run(self) -> None:
        """Work until cancelled, or until the replica halts."""
        try:
            while not self._replica.halted and not self._is_stopped:
                await self._next()
                await self._execute(self._step())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _post(self, event: Event, source: str = _OWN) -> None:
        self._events.put(source, event)
        self._something.set()

    async def _next(self) -> None:
        """Wait for an event, or for the time the replica named."""
        if self._events:
            await asyncio.sleep(0)
            return
        self._something.clear()
        waiting = asyncio.create_task(self._something.wait())
        timer = asyncio.create_task(self._clock.sleep(self._replica.wake_at - self._clock.monotonic()))
        try:
            await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            timer.cancel()
            await asyncio.gather(waiting, timer, return_exceptions=True)

    def _step(self) -> list[Effect]:
        """Take in what has happened, up to the first decision and not too much at once."""
        now = self._clock.monotonic()
        effects: list[Effect] = []
        if now >= self._replica.wake_at:
            effects += self._replica.step(Wake(), now)
        for _ in range(min(len(self._events), _AT_ONCE)):
            if any(isinstance(effect, Commit | Halt) for effect in effects):
                break
            _, event = self._events.pop()
            effects += self._replica.step(event, now)
        return effects

    async def _execute(self, effects: list[Effect]) -> None:
        """In order, except that what is to be stored before a decision is stored at once, and messages go together."""
        for part in _parts(effects):
            writes: dict[str, str | None] = {}
            for effect in part:
                writes |= effect.writes if isinstance(effect, Persist) else {}
            if writes:
                await self._surely(lambda writes=writes: self._duties.persist(writes))  # type: ignore[misc]
            for effect in part:
                await self._do(effect)
                if self._is_stopped:
                    return
            sends = [(effect.to, effect.message) for effect in part if isinstance(effect, Send)]
            if sends:
                await self._duties.send(sends)

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Commit():
                await self._surely(lambda: self._duties.commit(effect.entry))
            case Collect():
                self.spawn(self._collect(effect))
            case Recall():
                self.spawn(self._recall(effect))
            case Alarm():
                self._duties.alarm(effect)
            case Halt():
                self._duties.halt(effect)
            case _:
                pass

    async def _surely(self, work: Callable[[], Awaitable[None]]) -> None:
        """Until it is done: nothing that depends on it may be said before."""
        failed = False
        while True:
            try:
                await work()
            except StoreError as error:
                if not failed:
                    log.exception("agreement waits for its store")
                    self._duties.alarm(Alarm(STORE_FAILING, "agreement", str(error)))
                failed = True
                await self._clock.sleep(_BETWEEN_TRIES_S)
            else:
                if failed:
                    log.info("the store of the agreement works again")
                    self._duties.alarm_over(STORE_FAILING, "agreement")
                return

    def spawn(self, work: Awaitable[None]) -> None:
        """Do something beside, at most until the replica stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _collect(self, wish: Collect) -> None:
        """The own report, tried again as long as its epoch lasts: a node alone decides nothing without."""
        failed = False
        while self._replica.chain.epoch == wish.epoch:
            try:
                text = await self._duties.collect(wish)
            except Exception:
                if not failed:
                    log.exception("no report", epoch=wish.epoch)
                failed = True
                await self._clock.sleep(_BETWEEN_TRIES_S)
            else:
                self._post(OwnReport(wish.epoch, text))
                return

    async def _recall(self, wish: Recall) -> None:
        try:
            messages = await self._duties.recall(wish)
        except StoreError as error:
            log.warning("old decision cannot be read", epoch=wish.epoch, error=str(error))
            return
        await self._duties.send([(wish.to, message) for message in messages])


def _parts(effects: list[Effect]) -> list[list[Effect]]:
    """Cut after each decision: what is stored for the next epoch must not be there without it."""
    parts: list[list[Effect]] = [[]]
    for effect in effects:
        parts[-1].append(effect)
        if isinstance(effect, Commit):
            parts.append([])
    return [part for part in parts if part]
