"""Everything one run found, and its form on disk."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

from tests.bench.figures import Spread
from tests.bench.network.plan import Plan
from tests.bench.network.rounds import NetworkRounds, Run

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """All rounds of one contender with one number of links.

    Attributes:
        simulated_s, pulses: of each link.
        setup_s, run_s: wall clock to build the network, and to simulate it.
        per_wall_s: link-seconds simulated per second of wall clock, building not counted.
        per_cpu_s: the same per second of processor time.
        sifted_per_s: sifted bits per link and simulated second.
    """

    contender: str
    links: int
    simulated_s: float
    pulses: int
    setup_s: Spread
    run_s: Spread
    per_wall_s: Spread
    per_cpu_s: Spread
    sifted_per_s: Spread

    @classmethod
    def of(cls, runs: list[Run]) -> Self:
        """From runs that differ in their seeds only."""

        def spread(value: Callable[[Run], float]) -> Spread:
            return Spread.of(value(run) for run in runs)

        first = runs[0]
        return cls(
            first.contender,
            first.order.links,
            first.order.simulated_s,
            first.order.pulses,
            setup_s=spread(lambda run: run.sample.setup_s),
            run_s=spread(lambda run: run.sample.run_s),
            per_wall_s=spread(lambda run: run.link_seconds / run.sample.run_s),
            per_cpu_s=spread(lambda run: run.link_seconds / run.sample.cpu_s),
            sifted_per_s=spread(lambda run: run.sample.sifted / run.link_seconds),
        )

    def to_plain(self) -> dict[str, Any]:
        """For the results; spreads are [median, least, most] over the rounds, to six digits."""
        names = self.__dataclass_fields__
        values = {name: getattr(self, name) for name in names}
        return {name: _plain(v) if isinstance(v, Spread) else v for name, v in values.items()}


@dataclass(frozen=True, slots=True)
class Results:
    """One run.

    Attributes:
        mode: full or quick.
        machine: where.
        load: load averages before and after.
        date: of the run, ISO 8601.
        revision: of the source.
        duration_s: of the run.
    """

    mode: str
    plan: Plan
    machine: dict[str, Any]
    load: dict[str, list[float]]
    date: str
    revision: str
    duration_s: float
    rounds: NetworkRounds

    @property
    def versions(self) -> dict[str, dict[str, str]]:
        """Contender -> versions of Python and of what was measured."""
        return {run.contender: run.sample.versions for run in self.rounds.runs}

    def cell(self, contender: str, links: int) -> Cell | None:
        """One cell of the table; None when it was not measured."""
        runs = [run for run in self.rounds.runs if (run.contender, run.order.links) == (contender, links)]
        return Cell.of(runs) if runs else None

    def to_plain(self) -> dict[str, Any]:
        """The whole run as JSON takes it."""
        measured = dict.fromkeys((run.contender, run.order.links) for run in self.rounds.runs)
        cells = [self.cell(contender, links) for contender, links in measured]
        return {
            "schema_version": _SCHEMA_VERSION,
            "mode": self.mode,
            "date": self.date,
            "revision": self.revision,
            "duration_s": round(self.duration_s, 1),
            "machine": self.machine,
            "load_average": self.load,
            "plan": self.plan.to_plain(),
            "versions": self.versions,
            "not_measured": self.rounds.absent,
            "network": [cell.to_plain() for cell in cells if cell is not None],
            "runs": [asdict(run) for run in self.rounds.runs],
        }


def _plain(spread: Spread) -> list[float]:
    return [float(f"{value:.6g}") for value in (spread.median, spread.least, spread.most)]
