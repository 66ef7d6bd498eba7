"""Stored rows of the daemon are known by a version of what it decides; nobody shall forget to raise it."""

import hashlib
import itertools
import json
import random

from qkdctl_policies.experiments.cell import DAEMON_VERSION

from qkdctl.evidence.path_losses import LOSSY_PERMILLE
from qkdctl.records.route import RouteDemand, RoutePlan
from qkdctl.routing.agreed import plan_routes
from tests.routing.test_agreed import Network

DECIDED = {1: "9ae5697eed4fd32a"}
"""Digest of all that is decided below, by version. When yours differs and the version is the same, raise the version:
stored rows of earlier ones are no rows of the suites any more."""

NODES = "abcdefgh"


def story(seed: int) -> list[list[dict[str, object]]]:
    """Plans of a dozen epochs in which links make more and less key, paths lose keys and nodes are distrusted."""
    rng = random.Random(seed)
    pairs = ["-".join(pair) for pair in itertools.combinations(NODES, 2)]
    network = Network(*rng.sample(pairs, 14))
    nodes = sorted({node for link in network.bits for node in link.split("-")})
    demands = [
        RouteDemand(demand=f"d{n}", source=one, target=other, bits=rng.randrange(1, 9) * 100_000, failing=n // 5)
        for n, (one, other) in enumerate(rng.sample(list(itertools.permutations(nodes, 2)), 6))
    ]
    plans: tuple[RoutePlan, ...] = ()
    told = []
    for epoch in range(1, 13):
        network.bits = {link: rng.randrange(1, 15) * 100_000 for link in network.bits}
        network.excluded = set(rng.sample(nodes, rng.choice((0, 0, 0, 1))))
        paths = [(plan.demand, n, plan.since) for plan in plans for n in range(1, len(plan.paths) + 1)]
        lossy = rng.sample(paths, min(len(paths), rng.choice((0, 0, 1))))
        plans = plan_routes(demands, network.state(epoch), network.table, plans, lossy)
        told.append([plan.to_plain() for plan in plans])
    return told


def test_what_the_daemon_decides_is_that_of_its_version() -> None:
    decided = json.dumps([LOSSY_PERMILLE, [story(seed) for seed in range(8)]])
    assert hashlib.sha256(decided.encode()).hexdigest()[:16] == DECIDED[DAEMON_VERSION]
