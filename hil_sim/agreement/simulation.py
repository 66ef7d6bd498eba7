"""Runs one scenario from the first tick until every honest node has decided every epoch, or a property fails."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hil_sim.agreement.application import SimulatedApplication
from hil_sim.agreement.checkers.agreement import Agreement
from hil_sim.agreement.checkers.blame import Blame
from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.checkers.consistency import Consistency
from hil_sim.agreement.checkers.durability import Durability
from hil_sim.agreement.checkers.memory import Memory
from hil_sim.agreement.checkers.termination import SETTLED_AFTER_S, Termination
from hil_sim.agreement.checkers.validity import Validity
from hil_sim.agreement.disk import Disk
from hil_sim.agreement.host import Host
from hil_sim.agreement.liars.cabal import Cabal
from hil_sim.agreement.liars.liar import Liar
from hil_sim.agreement.liars.library import BEHAVIOURS, TWINS
from hil_sim.agreement.network import Network
from hil_sim.agreement.scenario import Crash, Scenario
from hil_sim.agreement.scheduler import Scheduler
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Effect, Event
from qkdctl.abft.messages import Message

Show = Callable[[float, str, object], None]
"""Time, node, what it did."""
_WALL_JUMP_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a simulation has shown.

    Attributes:
        violation: what failed, "" when nothing did.
        decided: epochs.
        steps: events handled.
        ended_s: virtual time.
        rounds: highest round entered after healing, less what the epoch had reached before.
        memory: most entries of a replica.
    """

    violation: str
    decided: int
    steps: int
    ended_s: float
    rounds: int
    memory: int


class Simulation:
    """All hosts, the network and the checkers of one scenario.

    Args:
        scenario: what happens.
        show: takes what is said and done, for a trace.
    """

    def __init__(self, scenario: Scenario, show: Show | None = None) -> None:
        self.scenario = scenario
        self.scheduler = Scheduler()
        self._show = show
        self._source = random.Random(f"run {scenario.seed} {scenario.nodes} {scenario.faults}")
        self._network = Network(scenario.spells, self._source)
        self._application = self._application_of("")
        self.agreement = Agreement(scenario)
        self.memory = Memory(scenario)
        self.termination = Termination(scenario)
        self.checkers: list[Checker] = [
            self.agreement,
            Validity(scenario, self._application),
            Consistency(scenario),
            Durability(scenario),
            Blame(scenario),
            self.memory,
            self.termination,
        ]
        self._genesis = Chain.beginning(scenario.founders)
        self._backups: dict[str, Disk] = {}
        self.hosts = {name: self._honest(name) for name in scenario.honest}
        self.liars = self._make_liars()
        self._receivers: dict[str, Callable[[str, Message], None]] = {
            **{name: host.receive for name, host in self.hosts.items()},
            **{name: liar.receive for name, liar in self.liars.items()},
        }

    def run(self) -> Result:
        """To the end."""
        violation = ""
        try:
            self._begin()
            while not self._is_done():
                self.scheduler.run_next()
                if self.scheduler.now > self._deadline_s():
                    where = {name: host.replica.chain.epoch for name, host in self.hosts.items() if host.replica}
                    raise ViolationError("all epochs are decided after healing", "all", f"{where}")  # noqa: TRY301
        except ViolationError as error:
            violation = str(error)
        except Exception as error:  # noqa: BLE001 -- whatever a replica raises would end its host
            violation = f"replicas take everything that is sent: {error!r}"
        return Result(
            violation=violation,
            decided=len(self.agreement.decided),
            steps=self.scheduler.done,
            ended_s=self.scheduler.now,
            rounds=self.termination.highest,
            memory=self.memory.most,
        )

    def stepped(self, host: Host, event: Event) -> None:
        """Ask all checkers."""
        if self._show:
            self._show(self.scheduler.now, host.name, event)
        for checker in self.checkers:
            checker.stepped(host, event)

    def did(self, host: Host, effect: Effect) -> None:
        """Ask all checkers."""
        if self._show:
            self._show(self.scheduler.now, host.name, effect)
        for checker in self.checkers:
            checker.did(host, effect)

    def reported(self, host: Host, epoch: int, content: str) -> None:
        """Ask all checkers."""
        for checker in self.checkers:
            checker.reported(host, epoch, content)

    def crashed(self, host: Host) -> None:
        """Ask all checkers."""
        if self._show:
            self._show(self.scheduler.now, host.name, "crashes")
        for checker in self.checkers:
            checker.crashed(host)

    def _begin(self) -> None:
        for liar in self.liars.values():
            liar.start()
        everybody = [*self.hosts.values(), *(host for liar in self.liars.values() for host in liar.hosts)]
        for host in everybody:
            host.start()
            host.tick_every(self.scenario.epoch_s, self._source.uniform(0.0, self.scenario.epoch_s))
        for crash in self.scenario.crashes:
            self.scheduler.after(crash.at_s, partial(self._crash, crash))
            if crash.backup_of_s is not None:
                self.scheduler.after(crash.backup_of_s, partial(self._back_up, crash.node))
        self.scheduler.after(self.scenario.heal_s, self._heal)
        self.scheduler.after(self.scenario.heal_s + SETTLED_AFTER_S, self._settle)

    def _is_done(self) -> bool:
        if self.scheduler.now < self.scenario.heal_s:
            return False
        last = self.scenario.epochs
        return all(host.replica is not None and host.replica.chain.epoch > last for host in self.hosts.values())

    def _deadline_s(self) -> float:
        """Generous: what counts is the bound on rounds, this only ends a simulation that stands still."""
        return self.scenario.heal_s + 3000.0

    def _crash(self, crash: Crash) -> None:
        backup = None if crash.backup_of_s is None else self._backups.pop(crash.node)
        self.hosts[crash.node].crash_soon(crash.position, crash.down_s, backup)

    def _back_up(self, node: str) -> None:
        self._backups[node] = self.hosts[node].disk.copy()

    def _heal(self) -> None:
        for host in self.hosts.values():
            host.crash_no_more()

    def _settle(self) -> None:
        self.termination.settle(self.hosts.values())

    def _transmit(self, sender: str, to: str, message: Message) -> None:
        if to not in self._receivers or to == sender:
            return
        for delay_s in self._network.delays_s(sender, to, message, self.scheduler.now):
            self.scheduler.after(delay_s, partial(self._receivers[to], sender, message))

    def _measure(self, node: str, epoch: int) -> tuple[str, float]:
        takes_s = self._source.choice((0.01, 0.1, self._source.uniform(0.0, 2.0)))
        wall_ms = int(self.scheduler.now * 1000) + self._source.choice((0, 0, _WALL_JUMP_MS))
        return SimulatedApplication.report(node, epoch, self._source.randrange(100), wall_ms), takes_s

    def _application_of(self, node: str) -> SimulatedApplication:
        scenario = self.scenario
        skew = int(node != "" and node == scenario.skewed)
        return SimulatedApplication(scenario.changes, scenario.scoring, frozenset(scenario.liars), skew)

    def _host(self, name: str, watcher: "Simulation | Unwatched", emit: Callable[[str, Message], None]) -> Host:
        return Host(
            name,
            disk=Disk(self._genesis),
            application=self._application_of(name),
            timing=self.scenario.timings[name],
            clock=self.scenario.clocks[name],
            scheduler=self.scheduler,
            source=self._source,
            measure=partial(self._measure, name),
            emit=emit,
            watcher=watcher,
            last_epoch=self.scenario.epochs,
        )

    def _honest(self, name: str) -> Host:
        return self._host(name, self, partial(self._transmit, name))

    def _make_liars(self) -> dict[str, Liar]:
        names = frozenset(self.scenario.liars)
        cabal = Cabal(self.scenario.names, names, self._application, self._source)
        liars = {}
        for name, lies in self.scenario.liars.items():
            behaviours = [
                BEHAVIOURS[behaviour](name, cabal, self._source) for behaviour in lies.behaviours if behaviour != TWINS
            ]
            liar = Liar(
                name,
                behaviours,
                lies.from_epoch,
                cabal=cabal,
                scheduler=self.scheduler,
                source=self._source,
                transmit=self._transmit,
            )
            count = 2 if TWINS in lies.behaviours else 1
            liar.hosts = [self._host(name, Unwatched(), partial(liar.emit, number)) for number in range(count)]
            liars[name] = liar
        return liars


class Unwatched:
    """Nobody checks what a liar does."""

    def stepped(self, host: Host, event: Event) -> None:
        """Nothing."""

    def did(self, host: Host, effect: Effect) -> None:
        """Nothing."""

    def reported(self, host: Host, epoch: int, content: str) -> None:
        """Nothing."""

    def crashed(self, host: Host) -> None:
        """Nothing."""
