"""What happened epoch by epoch, as the network itself decided: rows of links, verdicts, routes, latency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from hil_sim.demo.liars import Manner
from hil_sim.demo.moves import Move, moves_of
from hil_sim.demo.untouched import Yield
from hil_sim.demo.watching import Scene

Json = dict[str, Any]
_HALF_PPM = 500_000


@dataclass(frozen=True, slots=True)
class Lie:
    """A node that began to lie.

    Attributes:
        epoch: after whose decision it began.
        routes: paths of each demand at that time.
    """

    node: str
    manner: Manner
    epoch: int
    routes: Mapping[str, list[list[str]]]


@dataclass(slots=True)
class Story:
    """Everything seen so far.

    Attributes:
        policy: who decides, in few words.
        scene: the newest one; None before the first.
        key: of each link and of its untouched twin, at the newest look.
        lies: in the order in which they began.
        digests: of decisions, by epoch, and the nodes that took each; more than one in an epoch is a fork.
        rounds: in which decisions came, by epoch.
    """

    policy: str = ""
    scene: Scene | None = None
    key: Mapping[str, Yield] = field(default_factory=dict)
    lies: list[Lie] = field(default_factory=list)
    digests: dict[int, dict[str, set[str]]] = field(default_factory=dict)
    rounds: dict[int, int] = field(default_factory=dict)
    _rows: dict[str, list[tuple[int, Json]]] = field(default_factory=dict)
    _moves: list[Move] = field(default_factory=list)

    def add(self, scene: Scene, key: Mapping[str, Yield]) -> None:
        """Another look at the network, and at the key by the simulators' record."""
        self.scene, self.key = scene, key
        self._rows = _rows(scene)
        moves = (move for link, rows in self._rows.items() for move in moves_of(link, rows))
        self._moves = sorted(moves, key=lambda move: move.epoch)
        for node, agreement in scene.agreements.items():
            last = agreement["last"]
            if last is not None:
                self.digests.setdefault(last["epoch"], {}).setdefault(last["digest"], set()).add(node)
                if node == scene.observer:
                    self.rounds[last["epoch"]] = last["round"]

    def began(self, node: str, manner: Manner) -> None:
        """A node lies from now on."""
        self.lies.append(Lie(node, manner, self.last_epoch, paths(self.scene)))

    @property
    def epochs(self) -> int:
        """So many epochs were seen."""
        return 0 if self.scene is None else len(self.scene.evidence)

    @property
    def last_epoch(self) -> int:
        """That was decided."""
        return 0 if self.scene is None else self.scene.epoch

    @property
    def forks(self) -> list[int]:
        """Epochs in which nodes decided differently."""
        return sorted(epoch for epoch, by_digest in self.digests.items() if len(by_digest) > 1)

    def latency_s(self, epoch: int) -> float:
        """From the first report of an epoch to its decision."""
        assert self.scene is not None, "asked about an epoch that was seen"
        evidence = self.scene.evidence[epoch]
        first_ms = min(int(report["wall_ms"]) for report in evidence["reports"])
        return max(0.0, (int(evidence["ended_ms"]) - first_ms) / 1000)

    def verdicts(self) -> list[Json]:
        """All verdicts, oldest first, with their epochs and with what became of score and trust."""
        if self.scene is None:
            return []
        return [
            {"epoch": epoch, **verdict} | self.scene.numbers.get((epoch, verdict["node"]), {})
            for epoch, evidence in sorted(self.scene.evidence.items())
            for verdict in evidence["verdicts"]
        ]

    def epochs_until(self, lie: Lie, number: str) -> int | None:
        """Epochs from the beginning of a lie until score or trust was below one half; None when it never was."""
        assert self.scene is not None, "asked once something was seen"
        below = (
            epoch
            for (epoch, node), row in sorted(self.scene.numbers.items())
            if node == lie.node and epoch > lie.epoch and row[number] is not None and row[number] < _HALF_PPM
        )
        first = next(below, None)
        return None if first is None else first - lie.epoch

    def rows(self, link: str) -> list[tuple[int, Json]]:
        """Agreed rows of a link with their epochs, oldest first."""
        return self._rows.get(link, [])

    @property
    def harvest(self) -> Yield:
        """Key of all links together."""
        return Yield(*(sum(getattr(each, name) for each in self.key.values()) for name in Yield.__slots__))

    def moves(self, link: str | None = None) -> list[Move]:
        """What was done to a link, or to all of them, oldest first."""
        return [move for move in self._moves if link in (None, move.link)]

    def key_rate(self, *, lying: bool) -> float | None:
        """Secret bits per epoch of all links, before anybody lied or since; None when there was no such epoch."""
        if self.scene is None:
            return None
        begin = min((lie.epoch for lie in self.lies), default=None)
        chosen = [e for e in self.scene.evidence if (begin is not None and e > begin) == lying]
        sums = [
            sum(entry["row"]["secret_key_bits"] for entry in self.scene.evidence[epoch]["links"] if entry["row"])
            for epoch in chosen
        ]
        return round(fmean(sums), 1) if sums else None

    def latency(self) -> Json:
        """Median and longest latency of all decisions, in seconds."""
        if self.scene is None:
            return {"median": None, "longest": None}
        values = [self.latency_s(epoch) for epoch in self.scene.evidence]
        return {"median": round(median(values), 3), "longest": round(max(values), 3)}


def _rows(scene: Scene) -> dict[str, list[tuple[int, Json]]]:
    """Agreed rows by link, with their epochs, oldest first; none of an epoch in which nothing was heard of a link."""
    rows: dict[str, list[tuple[int, Json]]] = {}
    for epoch, evidence in sorted(scene.evidence.items()):
        for entry in evidence["links"]:
            if entry["row"] is not None:
                rows.setdefault(entry["link"], []).append((epoch, entry["row"]))
    return rows


def paths(scene: Scene | None) -> dict[str, list[list[str]]]:
    """Nodes of the paths of each demand."""
    if scene is None:
        return {}
    return {route["demand"]: [list(path["nodes"]) for path in route["paths"]] for route in scene.routes}
