"""All contenders simulate the same networks, in turn, round after round."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.contender import UnavailableError
from tests.bench.network.contender import ENTRIES, Entry
from tests.bench.network.order import Order, Sample
from tests.bench.network.plan import Plan
from tests.bench.polling import progress


@dataclass(frozen=True, slots=True)
class Run:
    """One order that one contender carried out."""

    contender: str
    order: Order
    sample: Sample

    @property
    def link_seconds(self) -> float:
        """Simulated time, summed over the links."""
        return self.order.links * self.order.simulated_s


@dataclass(slots=True)
class NetworkRounds:
    """What the rounds showed.

    Attributes:
        runs: in the order in which they were made.
        absent: contender -> why it took no part, or not to the end.
    """

    runs: list[Run] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)


def run_rounds(plan: Plan, entries: Sequence[Entry] = ENTRIES) -> NetworkRounds:
    """Measure everything; whoever fails once takes no further part."""
    found = NetworkRounds()
    for number in range(plan.rounds):
        for links, slice_s in plan.slices_s:
            progress(f"round {number + 1} of {plan.rounds}, links: {links}")
            for step in range(len(entries)):
                entry = entries[(number + step) % len(entries)]
                if entry.name in found.absent:
                    continue
                order = plan.order(links, slice_s, seed=number + 1, long=entry.long)
                try:
                    sample = entry.simulate(order)
                except UnavailableError as error:
                    progress(f"NOT MEASURED: {error}")
                    found.absent[entry.name] = str(error)
                    continue
                found.runs.append(Run(entry.name, order, sample))
    return found
