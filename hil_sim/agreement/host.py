"""One simulated host: runs a replica, does what it asks for, crashes at any point and comes back from its disk."""

import random
from collections.abc import Callable
from functools import partial
from typing import Protocol

from hil_sim.agreement.clocks import LocalClock
from hil_sim.agreement.disk import Disk
from hil_sim.agreement.scheduler import Scheduler
from hil_sim.agreement.standing import StandingApplication
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
    Tick,
    Wake,
)
from qkdctl.abft.messages import Message
from qkdctl.abft.replica import Beginning, Replica
from qkdctl.abft.timing import Timing
from qkdctl.abft.value import Application

_NEVER = float("inf")


class Watcher(Protocol):
    """Sees everything that a host does."""

    def stepped(self, host: "Host", event: Event) -> None:
        """The replica has taken an event in; its effects come next."""

    def did(self, host: "Host", effect: Effect) -> None:
        """An effect is being done."""

    def reported(self, host: "Host", epoch: int, content: str) -> None:
        """The host has measured."""

    def crashed(self, host: "Host") -> None:
        """All that is not on the disk is gone."""


class Host:
    """A host and its replica.

    Args:
        name: of the node.
        disk: what it starts from.
        application: of its replica.
        timing: of its replica.
        clock: its monotonic clock.
        scheduler: of all hosts.
        source: of its own chance.
        measure: (epoch) -> (content of a report, seconds that it takes).
        emit: takes what the replica sends, (to, message).
        watcher: sees what happens.
        last_epoch: no epoch is begun by the clock after this one.
        lacks_until_s: until then the policy in force is not at hand.

    Attributes:
        replica: None while the host is down.
        incarnation: how often it has started.
        last_epoch: no epoch is begun by the clock after this one.
    """

    def __init__(
        self,
        name: str,
        *,
        disk: Disk,
        application: Application,
        timing: Timing,
        clock: LocalClock,
        scheduler: Scheduler,
        source: random.Random,
        measure: Callable[[int], tuple[str, float]],
        emit: Callable[[str, Message], None],
        watcher: Watcher,
        last_epoch: int,
        lacks_until_s: float = 0.0,
    ) -> None:
        self.name = name
        self.disk = disk
        self.replica: Replica | None = None
        self.incarnation = 0
        self.last_epoch = last_epoch
        self.application = application
        self._timing = timing
        self._clock = clock
        self._scheduler = scheduler
        self._source = source
        self._measure = measure
        self._emit = emit
        self._watcher = watcher
        self._wakes_at = _NEVER
        self._lacks_until_s = lacks_until_s
        self._crash: tuple[float, float, Disk | None] | None = None
        self._was_rolled_back = False

    def start(self) -> None:
        """Come up with what is on the disk."""
        self.incarnation += 1
        beginning = Beginning(self.disk.chain, dict(self.disk.stored), sits_out=self._was_rolled_back)
        application = StandingApplication(self.application, self.disk, self._lacks)
        self.replica = Replica(self.name, beginning, self._timing, application, self._reading())
        self._wakes_at = _NEVER
        self._wake_later()

    def tick_every(self, period_s: float, first_s: float) -> None:
        """Begin epochs by the host's own clock, from then on."""
        self._scheduler.after(first_s, partial(self._tick, period_s))

    def receive(self, sender: str, message: Message) -> None:
        """A message arrives; nobody is there while the host is down."""
        self.handle(Received(sender, message))

    def crash_soon(self, position: float, down_s: float, backup: Disk | None = None) -> None:
        """Crash in the next step that has effects.

        Args:
            position: 0 before its first effect, 1 after its last, and everything between.
            down_s: until the host comes up again.
            backup: comes up with this disk instead, and knows that it is not the newest.
        """
        self._crash = position, down_s, backup

    def crash_no_more(self) -> None:
        """Forget a crash that has not come."""
        self._crash = None

    def handle(self, event: Event) -> None:
        """Hand an event to the replica and do what it asks for."""
        if self.replica is None:
            return
        effects = self.replica.step(event, self._reading())
        self._watcher.stepped(self, event)
        survives = len(effects) + 1
        if self._crash is not None and effects:
            survives = round(self._crash[0] * len(effects))
        for effect in effects[:survives]:
            self._do(effect)
        if survives <= len(effects):
            self._go_down()
        else:
            self._wake_later()

    def _do(self, effect: Effect) -> None:
        self._watcher.did(self, effect)
        if isinstance(effect, Send):
            self._emit(effect.to, effect.message)
        elif isinstance(effect, Persist):
            self.disk.write(effect.writes)
            self._was_rolled_back = False
        elif isinstance(effect, Commit):
            self.disk.ledger.append(effect.entry)
        elif isinstance(effect, Collect):
            content, takes_s = self._measure(effect.epoch)
            self._scheduler.after(takes_s, partial(self._report, self.incarnation, effect.epoch, content))
        elif isinstance(effect, Recall):
            for message in self.disk.recalled(effect):
                self._emit(effect.to, message)
        else:
            assert isinstance(effect, Alarm | Halt), effect

    def _report(self, incarnation: int, epoch: int, content: str) -> None:
        if incarnation == self.incarnation and self.replica is not None:
            self._watcher.reported(self, epoch, content)
            self.handle(OwnReport(epoch, content))

    def _tick(self, period_s: float) -> None:
        if self.replica is None or self.replica.chain.epoch <= self.last_epoch:
            self.handle(Tick())
        self._scheduler.after(period_s / self._clock.rate, partial(self._tick, period_s))

    def _lacks(self) -> bool:
        return self._scheduler.now < self._lacks_until_s

    def _reading(self) -> float:
        return self._clock.reading(self._scheduler.now)

    def _wake_later(self) -> None:
        assert self.replica is not None
        at = self.replica.wake_at
        if at in (_NEVER, self._wakes_at):
            return
        self._wakes_at = at
        delay_s = self._clock.true_time(at) - self._scheduler.now
        self._scheduler.after(delay_s + 1e-6, partial(self._wake, self.incarnation, at))

    def _wake(self, incarnation: int, at: float) -> None:
        if incarnation != self.incarnation or self.replica is None or at != self._wakes_at:
            return
        self._wakes_at = _NEVER
        if self.replica.wake_at <= self._reading():
            self.handle(Wake())
        else:
            self._wake_later()

    def _go_down(self) -> None:
        assert self._crash is not None
        _, down_s, backup = self._crash
        self._crash = None
        self.replica = None
        self.incarnation += 1
        if backup is not None:
            self.disk = backup
            self._was_rolled_back = True
        self._clock = LocalClock(self._source.uniform(-1e5, 1e5), self._clock.rate)
        self._watcher.crashed(self)
        self._scheduler.after(down_s, self.start)
