"""How much is measured: the full plan for a result worth keeping, the quick one for a look."""

from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        core_nodes: numbers of nodes for the agreement alone.
        hub_nodes: for whole nodes over memory.
        broker_nodes: for whole nodes over a broker.
        rounds: windows of each contender, in turn with the others.
        work: node-epochs per window, of whole epochs and at least one.
        silence_s: how long nodes repeat themselves while nothing can be decided.
    """

    core_nodes: tuple[int, ...]
    hub_nodes: tuple[int, ...]
    broker_nodes: tuple[int, ...]
    rounds: int
    work: int
    silence_s: float

    def epochs(self, nodes: int) -> int:
        """Epochs per window."""
        return max(1, self.work // nodes)

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


_ALL = (4, 7, 10, 16, 31, 64, 100)
FULL: Final = Plan(_ALL, _ALL, (4, 7, 10, 31), 3, 100, 2.0)
QUICK: Final = Plan((4, 10, 16, 31), (4, 10, 16), (4,), 1, 20, 0.5)
