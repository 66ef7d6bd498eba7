"""Over which paths keys are lost, as both ends of each say.

A key is lost when a relay announces nothing, or when the hashes are unequal: nobody can tell which node of the path did
it, or whether a link had too little key. So nobody is blamed; the ends look for another way.
"""

from collections.abc import Iterable, Mapping

from qkdctl.records.path_tally import PathTally
from qkdctl.records.report import NodeReport
from qkdctl.records.route import RoutePlan

LOSSY_PERMILLE = 50
"""Share of keys that must have failed; what a short link or a change of routes costs now and then is less."""

PathId = tuple[str, int, int]
"""Demand, share and since."""


def lossy_paths(reports: Iterable[NodeReport], plans: Iterable[RoutePlan]) -> frozenset[PathId]:
    """Paths of which both ends say that they lose keys, or give none at all.

    A liar at one end cannot condemn a path, and one that denies all losses could deny every key as well.

    Args:
        reports: of one epoch, one per node.
        plans: in force while the keys were made.
    """
    told = {report.node: {tally.path: tally for tally in report.tallies} for report in reports}
    paths = (
        ((plan.demand, share, plan.since), (path.nodes[0], path.nodes[-1]))
        for plan in plans
        for share, path in enumerate(plan.paths, start=1)
    )
    return frozenset(path for path, ends in paths if all(_is_lossy(told.get(end, {}), path) for end in ends))


def _is_lossy(tallies: Mapping[PathId, PathTally], path: PathId) -> bool:
    tally = tallies.get(path)
    if tally is None:
        return False
    return 1000 * tally.failed >= LOSSY_PERMILLE * (tally.equal + tally.failed)
