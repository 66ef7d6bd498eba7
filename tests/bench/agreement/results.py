"""Everything one run found, and its form on disk."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

from tests.bench.agreement.plan import Plan
from tests.bench.agreement.setting import Setting, report_text
from tests.bench.agreement.windows import Contender, Layer, Measured, Window
from tests.bench.figures import Spread

_SCHEMA_VERSION = 1
FIT_FROM = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """All windows of one contender at one size, each next to the floor of its own round.

    Attributes:
        cpu_us, p50_us, p99_us, pair_bits: see `Window`; None where nothing was measured.
        cpu_of_floor, p50_of_floor: times what the floor needed in the same round.
    """

    layer: Layer
    contender: Contender
    nodes: int
    cpu_us: Spread
    cpu_of_floor: Spread
    p50_us: Spread | None
    p99_us: Spread | None
    p50_of_floor: Spread | None
    pair_bits: Spread | None

    @classmethod
    def of(cls, windows: list[Window], floors: list[Window]) -> Self:
        """From windows that differ in their rounds only."""
        floor = {window.round: window for window in floors}
        first = windows[0]

        def spread(value: Callable[[Window], float | None]) -> Spread | None:
            found = [one for window in windows if (one := value(window)) is not None]
            return Spread.of(found) if found else None

        def over(value: Callable[[Window], float | None]) -> Spread | None:
            both = [(value(window), value(floor[window.round])) for window in windows if window.round in floor]
            found = [one / other for one, other in both if one is not None and other is not None]
            return Spread.of(found) if found else None

        cpu, cpu_of_floor = spread(lambda window: window.cpu_us), over(lambda window: window.cpu_us)
        assert cpu is not None
        assert cpu_of_floor is not None
        return cls(
            first.layer,
            first.contender,
            first.nodes,
            cpu,
            cpu_of_floor,
            spread(lambda window: window.p50_us),
            spread(lambda window: window.p99_us),
            over(lambda window: window.p50_us),
            spread(lambda window: window.pair_bits),
        )

    def to_plain(self) -> dict[str, Any]:
        """For the results; spreads are [median, least, most] over the rounds."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value.to_plain() if isinstance(value, Spread) else value for name, value in values.items()}


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
    measured: Measured

    def cell(self, layer: Layer, contender: Contender, nodes: int) -> Cell | None:
        """One cell of the table; None when it was not measured."""
        found = {name: self._windows(layer, name, nodes) for name in (contender, "floor")}
        return Cell.of(found[contender], found["floor"]) if all(found.values()) else None

    def cells(self, layer: Layer, contender: Contender) -> list[Cell]:
        """All sizes, rising."""
        sizes = sorted({window.nodes for window in self.measured.windows if window.layer == layer})
        return [cell for nodes in sizes if (cell := self.cell(layer, contender, nodes)) is not None]

    def exponent(self, layer: Layer, contender: Contender) -> float | None:
        """Exponent of a power law fitted to the processor time per node and epoch; None with under three sizes."""
        points = [(cell.nodes, cell.cpu_us.median) for cell in self.cells(layer, contender) if cell.nodes >= FIT_FROM]
        return power(points) if len(points) > 2 else None

    def to_plain(self) -> dict[str, Any]:
        """The whole run as JSON takes it."""
        measured = dict.fromkeys((window.layer, window.contender, window.nodes) for window in self.measured.windows)
        cells = [self.cell(*key) for key in measured]
        exponents = {
            f"{layer}/{contender}": self.exponent(layer, contender)
            for layer, contender in dict.fromkeys((layer, contender) for layer, contender, _ in measured)
        }
        return {
            "schema_version": _SCHEMA_VERSION,
            "mode": self.mode,
            "date": self.date,
            "revision": self.revision,
            "duration_s": round(self.duration_s, 1),
            "machine": self.machine,
            "load_average": self.load,
            "plan": self.plan.to_plain(),
            "report_bytes": len(report_text(Setting(1).names[0], 1)),
            "agreement": [cell.to_plain() for cell in cells if cell is not None],
            "exponents": exponents,
            "repetition": None if self.measured.repetition is None else asdict(self.measured.repetition),
            "not_measured": self.measured.absent,
            "windows": [asdict(window) for window in self.measured.windows],
        }

    def _windows(self, layer: Layer, contender: str, nodes: int) -> list[Window]:
        return [
            window
            for window in self.measured.windows
            if (window.layer, window.contender, window.nodes) == (layer, contender, nodes)
        ]


def power(points: list[tuple[int, float]]) -> float:
    """Exponent of the power law through points (size, cost): the slope of a straight line through their logarithms."""
    logs = [(math.log(size), math.log(cost)) for size, cost in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    above = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    return float(above / sum((x - mean_x) ** 2 for x, _ in logs))
