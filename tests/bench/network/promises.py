"""What the network engine promises, next to what was measured."""

from tests.bench.figures import Spread
from tests.bench.network.contender import IN_USE, KERNELS
from tests.bench.network.results import Results
from tests.bench.targets import Verdict

OVERHEAD = 2.0
OVERHEAD_AT = 1000
FLAT = 1.25
FLAT_FROM, FLAT_TO = 1000, 10_000


def promises(results: Results) -> list[Verdict]:
    """Every promise."""
    ratio, few, many = (
        overhead(results, OVERHEAD_AT),
        link_step_us(results, IN_USE.name, FLAT_FROM),
        link_step_us(results, IN_USE.name, FLAT_TO),
    )
    first = f"an epoch in use costs under {OVERHEAD:g} times its kernels at {OVERHEAD_AT} links"
    second = f"a link costs at {FLAT_TO} links at most {FLAT:g} times what it costs at {FLAT_FROM}"
    return [
        Verdict(first, "not measured", None)
        if ratio is None
        else Verdict(first, f"{ratio.median:.2f} times", ratio.median < OVERHEAD),
        Verdict(second, "not measured", None)
        if few is None or many is None
        else Verdict(second, f"{many.median / few.median:.2f} times", many.median / few.median <= FLAT),
    ]


def link_step_us(results: Results, contender: str, links: int) -> Spread | None:
    """Processor time per link and step; None when it was not measured."""
    times = _link_step_us(results, contender, links)
    return Spread.of(times.values()) if times else None


def overhead(results: Results, links: int) -> Spread | None:
    """Time in use over that of the kernels in the same round; None when either was not measured."""
    ours, bare = (_link_step_us(results, entry.name, links) for entry in (IN_USE, KERNELS))
    both = ours.keys() & bare.keys()
    return Spread.of(ours[seed] / bare[seed] for seed in both) if both else None


def _link_step_us(results: Results, contender: str, links: int) -> dict[int, float]:
    """By the seed, which is the number of the round."""
    return {
        run.order.seed: run.sample.cpu_s / (run.order.links * run.order.steps) * 1e6
        for run in results.rounds.runs
        if (run.contender, run.order.links) == (contender, links)
    }
