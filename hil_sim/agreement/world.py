"""All hosts of one scenario, the liars among them and the network between them."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from hil_sim.agreement.application import SimulatedApplication
from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.disk import Disk
from hil_sim.agreement.host import Host, Watcher
from hil_sim.agreement.network import Network
from hil_sim.agreement.scenario import Crash, Scenario
from hil_sim.agreement.scheduler import Scheduler
from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Effect, Event
from qkdctl.abft.messages import Message

Show = Callable[[float, str, object], None]
"""Virtual time, node, and what it hears, does or says."""
_WALL_JUMP_MS = 3_600_000


class Liar(Protocol):
    """A node that need not keep to the protocol."""

    hosts: list[Host]

    def start(self) -> None:
        """The simulation begins."""

    def receive(self, sender: str, message: Message) -> None:
        """A message arrives."""


class World:
    """Everything that happens; checkers see what honest hosts do.

    Args:
        scenario: what happens.
        checkers: raise when a property fails.
        show: takes every event, for a trace.

    Attributes:
        hosts: honest nodes.
        source: of all chance.
    """

    def __init__(self, scenario: Scenario, checkers: Sequence[Checker], show: Show | None = None) -> None:
        self.scenario = scenario
        self.scheduler = Scheduler()
        self.source = random.Random(f"run {scenario.seed} {scenario.nodes} {scenario.faults}")
        self._checkers = checkers
        self._show = show
        self._network = Network(scenario.spells, self.source)
        self._genesis = Chain.beginning(scenario.founders)
        self._backups: dict[str, Disk] = {}
        self.hosts = {name: self._host(name, self, partial(self.transmit, name)) for name in scenario.honest}
        self._liars: Mapping[str, Liar] = {}
        self._receivers: dict[str, Callable[[str, Message], None]] = {
            name: host.receive for name, host in self.hosts.items()
        }

    def seat(self, liars: Mapping[str, Liar]) -> None:
        """The liars of the scenario take part."""
        self._liars = liars
        self._receivers |= {name: liar.receive for name, liar in liars.items()}

    def begin(self) -> None:
        """All hosts come up; ticks, crashes and healing will follow."""
        everybody = list(self.hosts.values())
        for liar in self._liars.values():
            liar.start()
            everybody += liar.hosts
        for host in everybody:
            host.start()
            host.tick_every(self.scenario.epoch_s, self.source.uniform(0.0, self.scenario.epoch_s))
        for crash in self.scenario.crashes:
            self.scheduler.after(crash.at_s, partial(self._crash, crash))
            if crash.backup_of_s is not None:
                self.scheduler.after(crash.backup_of_s, partial(self._back_up, crash.node))
        self.scheduler.after(self.scenario.heal_s, self._heal)

    def transmit(self, sender: str, to: str, message: Message) -> None:
        """Give a message to the network."""
        if to not in self._receivers or to == sender:
            return
        for delay_s in self._network.delays_s(sender, to, message, self.scheduler.now):
            self.scheduler.after(delay_s, partial(self._receivers[to], sender, message))

    def liars_host(self, name: str, emit: Callable[[str, Message], None]) -> Host:
        """A host that nobody checks."""
        return self._host(name, _NOBODY, emit)

    def stepped(self, host: Host, event: Event) -> None:
        """Ask all checkers."""
        if self._show:
            self._show(self.scheduler.now, host.name, event)
        for checker in self._checkers:
            checker.stepped(host, event)

    def did(self, host: Host, effect: Effect) -> None:
        """Ask all checkers."""
        if self._show:
            self._show(self.scheduler.now, host.name, effect)
        for checker in self._checkers:
            checker.did(host, effect)

    def reported(self, host: Host, epoch: int, content: str) -> None:
        """Ask all checkers."""
        for checker in self._checkers:
            checker.reported(host, epoch, content)

    def crashed(self, host: Host) -> None:
        """Ask all checkers."""
        if self._show:
            self._show(self.scheduler.now, host.name, "crashes")
        for checker in self._checkers:
            checker.crashed(host)

    def _host(self, name: str, watcher: Watcher, emit: Callable[[str, Message], None]) -> Host:
        return Host(
            name,
            disk=Disk(self._genesis),
            application=self.scenario.application(name),
            timing=self.scenario.timings[name],
            clock=self.scenario.clocks[name],
            scheduler=self.scheduler,
            source=self.source,
            measure=partial(self._measure, name),
            emit=emit,
            watcher=watcher,
            last_epoch=self.scenario.epochs,
            lacks_until_s=self.scenario.lacking.get(name, 0.0),
        )

    def _measure(self, node: str, epoch: int) -> tuple[str, float]:
        takes_s = self.source.choice((0.01, 0.1, self.source.uniform(0.0, 2.0)))
        wall_ms = int(self.scheduler.now * 1000) + self.source.choice((0, 0, _WALL_JUMP_MS))
        return SimulatedApplication.report(node, epoch, self.source.randrange(100), wall_ms), takes_s

    def _crash(self, crash: Crash) -> None:
        backup = None if crash.backup_of_s is None else self._backups.pop(crash.node)
        self.hosts[crash.node].crash_soon(crash.position, crash.down_s, backup)

    def _back_up(self, node: str) -> None:
        self._backups[node] = self.hosts[node].disk.copy()

    def _heal(self) -> None:
        for host in self.hosts.values():
            host.crash_no_more()


class _Nobody:
    """Watches nothing."""

    def stepped(self, host: Host, event: Event) -> None:
        """Nothing."""

    def did(self, host: Host, effect: Effect) -> None:
        """Nothing."""

    def reported(self, host: Host, epoch: int, content: str) -> None:
        """Nothing."""

    def crashed(self, host: Host) -> None:
        """Nothing."""


_NOBODY = _Nobody()
