"""A few replicas around a table: the test decides who hears what, and when time passes."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from hil_sim.agreement.application import SimulatedApplication
from hil_sim.agreement.disk import Disk
from qkdctl.abft.chain import Chain
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
from qkdctl.abft.instance import Instance
from qkdctl.abft.messages import Echo, Message, Proposal, Report, RoundChange, Vote, digest_of
from qkdctl.abft.quorum import Electorate, Member
from qkdctl.abft.replica import Beginning, Replica
from qkdctl.abft.timing import Timing
from qkdctl.abft.value import Value

Letter = tuple[str, str, Message]
"""Sender, receiver and message."""
APPLICATION = SimulatedApplication({}, "kept", frozenset())


def electorate(names: str = "abcd", faults: int = 1, scores: Mapping[str, int] | None = None) -> Electorate:
    """Members with one-letter names."""
    return Electorate(tuple(Member(name, (scores or {}).get(name, 1_000_000)) for name in names), faults)


class RoundTable:
    """Replicas with disks; whoever is not in `seated` is played by the test.

    Attributes:
        under_way: letters that were sent and not delivered.
        decided: (node, epoch) -> digest.
        alarms: node -> what it raised.
        now: time on all clocks.
    """

    def __init__(
        self, members: Electorate, seated: str | None = None, application: SimulatedApplication = APPLICATION
    ) -> None:
        self.members = members
        self.now = 0.0
        self.under_way: list[Letter] = []
        self.decided: dict[tuple[str, int], str] = {}
        self.alarms: dict[str, list[Alarm | Halt]] = {}
        self.answers = True
        self.application = application
        names = members.names if seated is None else seated
        self.disks = {name: Disk(Chain.beginning(members)) for name in names}
        self.replicas: dict[str, Replica] = {}
        for name in names:
            self.restart(name)

    def chain_of(self, name: str) -> Chain:
        """Where a node stands; the beginning for one that the test plays."""
        return self.replicas[name].chain if name in self.replicas else Chain.beginning(self.members)

    def restart(self, name: str, *, sits_out: bool = False) -> None:
        """Come up from the disk."""
        disk = self.disks[name]
        beginning = Beginning(disk.chain, dict(disk.stored), sits_out=sits_out)
        self.replicas[name] = Replica(name, beginning, Timing(), self.application, self.now)

    def step(self, name: str, event: Event) -> list[Effect]:
        """One step, with its effects done."""
        effects = self.replicas[name].step(event, self.now)
        for effect in effects:
            self._do(name, effect)
        return effects

    def tick(self, names: Iterable[str] | None = None) -> None:
        """The next epoch."""
        for name in self.replicas if names is None else names:
            self.step(name, Tick())

    def say(self, sender: str, message: Message, to: Iterable[str] | None = None) -> None:
        """What the test lets a node say; it arrives at once."""
        for name in sorted(self.replicas if to is None else to):
            self.step(name, Received(sender, message))

    def deliver(
        self, wanted: Callable[[str, str, Message], bool] = lambda *_: True, *, rounds: int = 50, loses: bool = True
    ) -> None:
        """Deliver what is under way and what follows from it; what is not wanted is lost, or waits."""
        for _ in range(rounds):
            letters, self.under_way = self.under_way, []
            arriving = [letter for letter in letters if letter[1] in self.replicas and wanted(*letter)]
            if not loses:
                self.under_way = [letter for letter in letters if letter not in arriving]
            if not arriving:
                return
            for sender, to, message in arriving:
                self.step(to, Received(sender, message))

    def wait(self, seconds: float, names: Iterable[str] | None = None) -> None:
        """Time passes; clocks of those named, or of all, ring."""
        self.now += seconds
        for name in self.replicas if names is None else names:
            if self.replicas[name].wake_at <= self.now:
                self.step(name, Wake())

    def _do(self, name: str, effect: Effect) -> None:
        if isinstance(effect, Send):
            self.under_way.append((name, effect.to, effect.message))
        elif isinstance(effect, Persist):
            self.disks[name].write(effect.writes)
        elif isinstance(effect, Commit):
            self.disks[name].ledger.append(effect.entry)
            self.decided[name, effect.entry.value.epoch] = effect.entry.value.digest
        elif isinstance(effect, Collect) and self.answers:
            self.step(name, OwnReport(effect.epoch, report_of(name, effect.epoch)))
        elif isinstance(effect, Recall):
            self.under_way += [(name, effect.to, message) for message in self.disks[name].recalled(effect)]
        elif isinstance(effect, Alarm | Halt):
            self.alarms.setdefault(name, []).append(effect)


def report_of(name: str, epoch: int, number: int | None = None) -> str:
    """What a node measures; its own number unless another is given."""
    return SimulatedApplication.report(name, epoch, ord(name[0]) if number is None else number, 0)


def stored_state(disk: Disk) -> dict[str, object]:
    """What the replica wrote of the epoch under way."""
    return dict(json.loads(disk.stored["epoch"]))


def decided_table(epochs: int = 0) -> RoundTable:
    """Three honest nodes, after some decisions."""
    table = RoundTable(electorate(), seated="abc")
    for epoch in range(1, epochs + 1):
        decide(table, epoch)
    return table


def decide(table: RoundTable, epoch: int) -> None:
    table.tick()
    table.deliver()
    table.wait(1.1)
    table.deliver()
    for _ in range(8):
        if all((name, epoch) in table.decided for name in "abc"):
            break
        table.wait(1.0)
        table.deliver()
    assert len({table.decided[name, epoch] for name in "abc"}) == 1


def instance_of(table: RoundTable, name: str = "a") -> Instance:
    instance = table.replicas[name].instance
    assert instance is not None
    return instance


def proposed(table: RoundTable, text: str) -> dict[str, bool]:
    """Who votes for what the leader of round 1 proposes; d leads it."""
    context = table.replicas["a"].chain.context
    table.wait(1.01)
    table.deliver(lambda _, __, message: isinstance(message, Report | Echo))
    for turn in (1, 2):
        for sender in "abcd":
            table.say(sender, RoundChange(1, context, turn), {"a", "b", "c"} - {sender})
    table.under_way.clear()
    table.wait(3.0)
    table.deliver(lambda _, __, message: message.kind in {"proof", "suggest"})
    table.say("d", Proposal(1, context, 2, text))
    return {name: instance_of(table, name).ballots.has_voted(1, 2) for name in "abc"}


def value_text(authors: str, members: Electorate | None = None, **changes: object) -> str:
    """A value of epoch 1 that follows from these reports, with something changed."""
    chain = Chain.beginning(members or electorate())
    reports = {author: report_of(author, 1) for author in authors}
    named = tuple((author, digest_of(reports[author])) for author in authors)
    outcome = APPLICATION.decide(chain, reports)
    value = Value(1, chain.previous, named, outcome)
    return replace(value, **changes).text  # type: ignore[arg-type]


def prepared() -> RoundTable:
    """Everybody's report is certified, except that of d, which a holds."""
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    table.deliver(lambda _, __, message: isinstance(message, Report | Echo))
    seen = tuple((name, (digest_of(report_of(name, 1)),)) for name in "abc")
    table.say("d", Echo(1, context, seen))
    return table


def in_round(turn: int, *, heard: str = "abc") -> RoundTable:
    """All reports of a, b and c are certified, and a, b and c have entered a round."""
    table = prepared()
    table.wait(1.01)
    table.deliver(lambda _, __, message: isinstance(message, Report | Echo))
    enter(table, turn)
    table.deliver(lambda sender, _, message: message.kind in {"proof", "suggest"} and sender in heard)
    return table


def enter(table: RoundTable, turn: int) -> None:
    """All wish a round and enter it; what was under way is lost."""
    context = table.chain_of("a").context
    for sender in "abcd":
        table.say(sender, RoundChange(1, context, turn), {"a", "b", "c"} - {sender})
    table.deliver(lambda *_: False, rounds=1)
    table.wait(2.1)


def votes_of(table: RoundTable, turn: int, phase: int, value: str, to: str, senders: str = "bcd") -> None:
    """Nodes give a vote in front of others."""
    for sender in senders:
        table.say(sender, Vote(1, table.chain_of("a").context, turn, phase, value), to)
