"""Nodes that handle acts, with a stand-in for the agreement: in each epoch some reports are decided, for all nodes.

Hosts execute effects as the daemon does: what is persisted is durable at once, messages go into a queue. A crash can be
put before any effect; the node then starts from what it persisted.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from qkdctl.abft.act_book import electorate_of, next_book
from qkdctl.abft.act_messages import ActMessage, Confide, KeyShare, PartialTag, Tell
from qkdctl.abft.acts import Acts, Effect
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.records.act import Act, ActBook, ActReport

FULL_PPM = 1_000_000
Tamper = Callable[[str, str, ActMessage], ActMessage | None]
"""(sender, receiver, message) -> what is sent in its place, None for nothing."""


def book(n: int = 4, faults: int = 1, **changes: object) -> ActBook:
    """The book of a new network of nodes a, b, c, ..."""
    values = {
        "members": tuple("abcdefghij"[:n]),
        "faults": faults,
        "threshold_wish": faults + 1,
        "lifetime_epochs": 50,
        "policy": "rule-based",
    }
    return ActBook(**(values | changes))


class PowerFailureError(Exception):
    """Before an effect was executed."""


@dataclass
class Host:
    """One node with its disk.

    Attributes:
        crash_in: effects that are still executed before the next crash; None for no crash.
    """

    name: str
    network: "ActNetwork"
    stored: dict[str, str] = field(default_factory=dict)
    crash_in: int | None = None
    crashes: int = 0
    alarms: list[Alarm] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """From what is stored, at the last decision."""
        self.acts = Acts(self.name, "ring", self.network.book, dict(self.stored), self.network.source.randbytes)

    def do(self, act: Callable[[Acts], list[Effect]]) -> None:
        """Call the node and execute what it wants; after a crash, start again and take up what is unfinished."""
        try:
            for effect in act(self.acts):
                self._execute(effect)
        except PowerFailureError:
            self.crashes += 1
            self.start()
            self.do(lambda acts: acts.decided(self.network.book))

    def _execute(self, effect: Effect) -> None:
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise PowerFailureError
        match effect:
            case Persist():
                for key, text in effect.writes.items():
                    if text is None:
                        self.stored.pop(key, None)
                    else:
                        self.stored[key] = text
            case Tell() | Confide():
                self.network.post(self.name, effect.to, effect.message)
            case Alarm():
                self.alarms.append(effect)


class ActNetwork:
    """All nodes.

    Attributes:
        liars: nodes whose messages and reports are tampered with.
        said: (signer, verifier, number) -> every partial tag that the signer's code ever sent.
    """

    def __init__(self, start: ActBook, *, seed: int = 1, liars: Iterable[str] = ()) -> None:
        self.book = start
        self.epoch = 0
        self.source = random.Random(seed)
        self.liars = frozenset(liars)
        self.tamper: Tamper = lambda _sender, _to, message: message
        self.lie: Callable[[str, ActReport], ActReport] = lambda _node, report: report
        self.lost = 0.0
        self.queue: list[tuple[str, str, ActMessage]] = []
        self.said: dict[tuple[str, str, int], set[str]] = {}
        self.history: list[ActBook] = []
        self.hosts = {name: Host(name, self) for name in start.members}

    def post(self, sender: str, to: str, message: ActMessage) -> None:
        if isinstance(message, PartialTag):
            self.said.setdefault((sender, to, message.number), set()).add(message.tag)
        changed = self.tamper(sender, to, message) if sender in self.liars else message
        if changed is not None and self.source.random() >= self.lost:
            self.queue.append((sender, to, changed))

    def deliver(self) -> None:
        """Everything that is under way, in any order, and what follows from it."""
        while self.queue:
            sender, to, message = self.queue.pop(self.source.randrange(len(self.queue)))
            if to in self.hosts:
                self.hosts[to].do(lambda acts, sender=sender, message=message: acts.received(sender, message))

    def decide(self, authors: Iterable[str] | None = None) -> ActBook:
        """One epoch: reports of these authors (all, if not given) are decided, then messages arrive."""
        self.epoch += 1
        reports = {}
        for name in authors if authors is not None else self.book.members:
            report = self.hosts[name].acts.report()
            reports[name] = self.lie(name, report) if name in self.liars else report
        electorate = electorate_of(self.book, dict.fromkeys(self.book.members, FULL_PPM))
        self.book = next_book(self.book, self.epoch, reports, electorate)
        self.history.append(self.book)
        for name in self.book.members:
            if name not in self.hosts:
                self.hosts[name] = Host(name, self)
        for host in self.hosts.values():
            host.do(lambda acts: acts.decided(self.book))
        self.deliver()
        return self.book

    def file(self, node: str, act: Act) -> int:
        """File an act, again if the power fails before it is stored, let it be decided, and give its number."""
        while not self.hosts[node].acts.report().filed:
            self.hosts[node].do(lambda acts: acts.file(act))
        self.decide()
        (number,) = (state.number for state in self.book.open if state.act == act)
        return number

    def withdraw(self, node: str) -> None:
        """Withdraw the act of a node, again if the power fails before that is stored."""
        while not any(key.startswith("act-withdrawn/") for key in self.hosts[node].stored):
            self.hosts[node].do(lambda acts: acts.withdraw())

    def approve(self, number: int, nodes: Iterable[str]) -> None:
        """Approve an act at some nodes, and deliver what follows."""
        for node in nodes:
            while f"act-approved/{number}" not in self.hosts[node].stored:
                self.hosts[node].do(lambda acts: acts.approve(number))
        self.deliver()

    def outcomes(self) -> dict[int, str]:
        """Number -> outcome of every act that was closed."""
        return {state.number: state.outcome for entry in self.history for state in entry.closed}

    def secrets_of(self, number: int) -> list[str]:
        """Keys and shares of an act that are stored anywhere."""
        return [
            f"{host.name}: {key}"
            for host in self.hosts.values()
            for key in host.stored
            if key == f"act-key/{number}" or (key.startswith("act-share/") and key.endswith(f"/{number}"))
        ]


def wrong_tag(message: PartialTag) -> PartialTag:
    return PartialTag(message.number, f"{int(message.tag, 16) ^ 1:032x}")


def wrong_share(message: KeyShare, source: random.Random) -> KeyShare:
    return KeyShare(message.number, message.committee, source.randbytes(len(message.share) // 2).hex())
