"""Everything one run found, and its form on disk."""

from dataclasses import dataclass, field
from typing import Any

from tests.bench.command_line import CommandLineResult
from tests.bench.figures import Cell, cells
from tests.bench.plan import Plan
from tests.bench.polling import PollingResult
from tests.bench.targets import Verdict, verdicts

_SCHEMA_VERSION = 1


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
    polling: PollingResult
    command_line: CommandLineResult
    table: list[Cell] = field(init=False)
    verdicts: list[Verdict] = field(init=False)

    def __post_init__(self) -> None:
        table = cells(self.polling.rounds)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "verdicts", verdicts(self.plan, self.polling, table, self.command_line))

    def cell(self, contender: str, devices: int, *, paced: bool) -> Cell | None:
        """One cell of the table; None when it was not measured."""
        for cell in self.table:
            if (cell.contender, cell.devices, cell.paced) == (contender, devices, paced):
                return cell
        return None

    def to_plain(self) -> dict[str, Any]:
        """The whole run as JSON takes it; spreads are [median, least, most] over the rounds."""
        polling = self.polling
        return {
            "schema_version": _SCHEMA_VERSION,
            "mode": self.mode,
            "date": self.date,
            "revision": self.revision,
            "duration_s": round(self.duration_s, 1),
            "machine": self.machine,
            "load_average": self.load,
            "plan": self.plan.to_plain(),
            "versions": polling.versions,
            "not_measured": {**polling.absent, **self.command_line.absent},
            "verdicts": [verdict.to_plain() for verdict in self.verdicts],
            "polling": [cell.to_plain() for cell in self.table],
            "deadlines": polling.deadlines.to_plain() if polling.deadlines else None,
            "command_line": self.command_line.to_plain(),
            "rounds": [figures.to_plain() for figures in polling.rounds],
        }
