"""From samples to figures: percentiles of one window, their spread over the rounds, overhead against the floor."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from tests.bench.contender import POLLERS, TOGETHER
from tests.bench.plan import PACE_S
from tests.bench.worker import Sample

_FLOORS: Final = {entry.name: entry.floor for entry in (*POLLERS, *TOGETHER)}


def percentile(values: Sequence[int], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return float(ordered[max(0, math.ceil(share * len(ordered)) - 1)])


@dataclass(frozen=True, slots=True)
class Figures:
    """One window of one contender.

    Attributes:
        contender, devices, paced, round: which; `paced` means 10 Hz, otherwise without pause.
        polls: in the window, over all devices.
        polls_per_s: completed polls per second.
        cycles_share: cycles done of those that 10 Hz asks for; None without pace.
        p50_us, p99_us: of the time of one poll.
        cpu_us: processor time per poll.
        simulator_cpu_share: of one core; near 1 the simulator holds everybody back.
        missed_share: skipped deadlines of all deadlines; None for contenders without deadlines.
        lateness_p50_us, lateness_p99_us: start of a cycle after its deadline; None likewise.
    """

    contender: str
    devices: int
    paced: bool
    round: int
    polls: int
    polls_per_s: float
    cycles_share: float | None
    p50_us: float
    p99_us: float
    cpu_us: float
    simulator_cpu_share: float
    missed_share: float | None
    lateness_p50_us: float | None
    lateness_p99_us: float | None

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return {key: round(v, 4) if isinstance(v, float) else v for key, v in asdict(self).items()}


def figures(sample: Sample, contender: str, devices: int, number: int, *, paced: bool) -> Figures:
    """The figures of a sample."""
    assert sample.polls, f"{contender} polled nothing in {sample.elapsed_s:g} s"
    deadlines = None if sample.missed is None else sample.cycles + sample.missed
    late = sample.lateness_ns
    return Figures(
        contender=contender,
        devices=devices,
        paced=paced,
        round=number,
        polls=sample.polls,
        polls_per_s=sample.polls / sample.elapsed_s,
        cycles_share=sample.cycles * PACE_S / sample.elapsed_s / devices if paced else None,
        p50_us=percentile(sample.latencies_ns, 0.5) / 1e3,
        p99_us=percentile(sample.latencies_ns, 0.99) / 1e3,
        cpu_us=sample.cpu_s / sample.polls * 1e6,
        simulator_cpu_share=sample.simulator_cpu_s / sample.elapsed_s,
        missed_share=sample.missed / deadlines if sample.missed is not None and deadlines else None,
        lateness_p50_us=percentile(late, 0.5) / 1e3 if late else None,
        lateness_p99_us=percentile(late, 0.99) / 1e3 if late else None,
    )


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Over values of equal standing."""
        listed = list(values)
        return cls(median(listed), min(listed), max(listed))

    def to_plain(self) -> list[float]:
        """Median, least, most."""
        return [round(value, 4) for value in (self.median, self.least, self.most)]


@dataclass(frozen=True, slots=True)
class Cell:
    """All rounds of one contender at one load, each next to the floor of its own round.

    Attributes:
        overhead_p50_us, overhead_p99_us: the percentile less that of the floor in the same round.
        of_raw: polls per second as a share of what raw streams reached in the same round.
        added_us: wall clock per poll of all devices together, less that of raw streams.
    """

    contender: str
    devices: int
    paced: bool
    polls_per_s: Spread
    p50_us: Spread
    p99_us: Spread
    cpu_us: Spread
    cycles_share: Spread | None
    simulator_cpu_share: Spread
    overhead_p50_us: Spread
    overhead_p99_us: Spread
    of_raw: Spread
    added_us: Spread

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        names = self.__dataclass_fields__
        values = {name: getattr(self, name) for name in names}
        return {name: v.to_plain() if isinstance(v, Spread) else v for name, v in values.items()}


def cells(rounds: Sequence[Figures]) -> list[Cell]:
    """One cell per contender, number of devices and kind of load; rounds without a floor do not count."""
    found = {(f.contender, f.devices, f.paced, f.round): f for f in rounds}
    groups: dict[tuple[str, int, bool], list[tuple[Figures, Figures]]] = {}
    for f in rounds:
        floor = found.get((_FLOORS[f.contender], f.devices, f.paced, f.round))
        if floor is not None:
            groups.setdefault((f.contender, f.devices, f.paced), []).append((f, floor))
    return [_cell(key, pairs) for key, pairs in groups.items()]


def _cell(key: tuple[str, int, bool], pairs: Sequence[tuple[Figures, Figures]]) -> Cell:
    def spread(value: Callable[[Figures, Figures], float]) -> Spread:
        return Spread.of(value(f, floor) for f, floor in pairs)

    contender, devices, paced = key
    return Cell(
        contender,
        devices,
        paced,
        polls_per_s=spread(lambda f, _: f.polls_per_s),
        p50_us=spread(lambda f, _: f.p50_us),
        p99_us=spread(lambda f, _: f.p99_us),
        cpu_us=spread(lambda f, _: f.cpu_us),
        cycles_share=spread(lambda f, _: f.cycles_share or 0.0) if paced else None,
        simulator_cpu_share=spread(lambda f, _: f.simulator_cpu_share),
        overhead_p50_us=spread(lambda f, raw: f.p50_us - raw.p50_us),
        overhead_p99_us=spread(lambda f, raw: f.p99_us - raw.p99_us),
        of_raw=spread(lambda f, raw: f.polls_per_s / raw.polls_per_s),
        added_us=spread(lambda f, raw: 1e6 / f.polls_per_s - 1e6 / raw.polls_per_s),
    )
