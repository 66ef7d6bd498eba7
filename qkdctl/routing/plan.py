"""End-to-end keys over several relay paths at once, so that no few relays can read or stop them.

The key is split k of n (`qkdctl.secretsharing`), and one share goes along each of n paths that have no relay in common.
A relay reads and can change every share it passes on, and no other.
"""

from dataclasses import dataclass
from typing import Literal

from qkdctl.routing.disjoint import Cut, disjoint_paths, smallest_cut
from qkdctl.routing.path import Path
from qkdctl.routing.topology import Topology
from qkdctl.secretsharing.shares import MOST_SHARES

Failure = Literal["silent", "lying"]
"""How paths fail. Silent: a share does not come, or is wrong and found out alone, by its tag (`sealed`). Lying: a share
is wrong and has no tag, so that only the others show it; each then costs one path more."""


@dataclass(frozen=True, slots=True)
class KOfNPlan:
    """A way to send a key so that `colluding` relays learn nothing and `failing` paths do not stop it.

    Attributes:
        k: shares that are needed.
        paths: one for each share, best first.
        colluding: relays that may tell each other all they see.
        failing: paths that may fail at once.
        failure: how they may fail.
    """

    k: int
    paths: tuple[Path, ...]
    colluding: int
    failing: int
    failure: Failure

    @property
    def n(self) -> int:
        """Number of shares."""
        return len(self.paths)

    @property
    def cost(self) -> int:
        """Sum of the costs of all paths."""
        return sum(path.cost for path in self.paths)

    @property
    def key_bits(self) -> dict[str, int]:
        """Bits of link key that one bit of end-to-end key costs, for each link used, sorted by name.

        A share is as long as the key (filled up to whole blocks of 128 bits) and is one-time padded once per link.
        """
        return dict.fromkeys(sorted(link for path in self.paths for link in path.links), 1)


class NoPlanError(Exception):
    """There are too few disjoint paths for what is asked.

    Attributes:
        needed: disjoint paths that the plan needs.
        available: disjoint paths that there are.
        cut: the relays and links that all paths lead through; only a path around them adds one.
    """

    def __init__(self, message: str, *, needed: int, cut: Cut) -> None:
        super().__init__(message)
        self.needed = needed
        self.available = cut.size
        self.cut = cut


def plan_k_of_n(
    topology: Topology, source: str, target: str, *, colluding: int, failing: int, failure: Failure = "lying"
) -> KOfNPlan:
    """The cheapest plan that survives so many relays and paths.

    Secrecy needs k >= colluding + 1. Delivery needs n >= k + failing where paths are silent, n >= k + 2 failing where
    they lie (see `recover`); more of either only costs more. Where enough direct links join the two ends, the plan uses
    those alone with k = 1, as no relay sees anything.

    Leave distrusted nodes, dead links and links without key out of the topology first (`Topology.without`).

    Raises:
        NoPlanError: if there are not enough disjoint paths; it says what is missing.
        ValueError: for unknown or equal ends, negative numbers, or a plan of more than 255 shares.
    """
    if colluding < 0 or failing < 0:
        raise ValueError(f"numbers of relays and paths are not negative, got {colluding} colluding, {failing} failing")
    spare = 2 * failing if failure == "lying" else failing
    if colluding + 1 + spare > MOST_SHARES:
        raise ValueError(f"a plan has at most {MOST_SHARES} shares, this would need {colluding + 1 + spare}")
    others = [node.name for node in topology.nodes if node.name not in (source, target)]
    for reachable, k in ((topology.without(nodes=others), 1), (topology, colluding + 1)):
        paths = disjoint_paths(reachable, source, target, k + spare)
        if len(paths) == k + spare:
            return KOfNPlan(k, paths, colluding, failing, failure)
    raise _no_plan(topology, source, target, colluding + 1, spare)


def _no_plan(topology: Topology, source: str, target: str, k: int, spare: int) -> NoPlanError:
    cut = smallest_cut(topology, source, target)
    ways = [*(f"relay {name}" for name in cut.relays), *(f"link {name}" for name in cut.links)]
    through = f"all lead through {', '.join(ways)}" if ways else "they are not connected"
    message = (
        f"{source} to {target} needs {k + spare} paths without a common relay ({k} shares to read, {spare} to spare), "
        f"the network has {cut.size}: {through}"
    )
    return NoPlanError(message, needed=k + spare, cut=cut)
