"""The routes that all nodes choose alike: from the agreed state, in integers, without regard to the order of anything.

A route is the cheapest set of paths without a common relay, and stays until it breaks or another is clearly better:
below 7/10 of its cost, for three epochs in a row. If costs are noisy by a factor of 1 - d to 1 + d around their true
values, with (1 - d) / (1 + d) > 7/10 (d up to 17 %), every such change leads to a route that is truly cheaper, and so
none is ever returned to.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise

from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.relay import MOST_NODES
from qkdctl.records.route import Route, RouteDemand, RoutePath, RoutePlan, RouteTable
from qkdctl.records.series import later
from qkdctl.routing.carriers import Carrier, carriers
from qkdctl.routing.disjoint import disjoint_paths
from qkdctl.routing.topology import Link, Node, Topology

EXCLUDED_BELOW_PPM = 500_000
EXCLUDED_COST = 1_000_000
"""Of a relay that should be avoided: more than any path costs that does without."""
CLEARLY_BETTER_PERMILLE = 700
PATIENCE_EPOCHS = 3
FULL_WEIGHT_E6 = 1_000_000


def plan_routes(
    demands: Sequence[RouteDemand], state: NetworkState, table: LinkTable, previous: Sequence[RoutePlan] = ()
) -> tuple[RoutePlan, ...]:
    """Choose the route of every demand.

    Shares travel over k + failing paths, k = colluding + 1, or over fewer when there are fewer, down to k. Paths that
    are links between source and target need no relay and k = 1. Nodes that are excluded, or in dispute with source or
    target, relay only where there is no other way: a relay that deceives one end alone is found out by nothing else.
    Demands are served in the order of their names, and each leaves less key for the next.

    Args:
        demands: in any order.
        state: links and standings; a node without a standing counts as excluded.
        table: the links.
        previous: what was chosen in the epoch before.

    Returns:
        One plan for each demand, sorted by name.

    Raises:
        ValueError: two demands of one name.
    """
    ordered = sorted(demands, key=lambda demand: demand.demand)
    if any(one.demand == two.demand for one, two in pairwise(ordered)):
        raise ValueError(f"demands must have different names, got {', '.join(demand.demand for demand in ordered)}")
    usable = carriers(state, table)
    left = {name: carrier.key_bits for name, carrier in usable.items()}
    network = _Network(usable, _doubts(state), {(d.one, d.other) for d in state.disputes}, left)
    before = {plan.demand: plan for plan in previous}
    plans = []
    for demand in ordered:
        plan = _next_plan(demand, before.get(demand.demand), network, state.epoch)
        network.reserve(plan)
        plans.append(plan)
    return tuple(plans)


def route_table(node: str, epoch: int, plans: Sequence[RoutePlan], interval_ms: int) -> RouteTable:
    """The part of the plans that one node has to serve, as source, relay or destination."""
    routes = [
        Route(
            demand=plan.demand,
            share=share,
            since=plan.since,
            threshold=plan.threshold,
            shares=len(plan.paths),
            path=path,
            bits=plan.bits,
            interval_ms=interval_ms,
        )
        for plan in sorted(plans, key=lambda plan: plan.demand)
        for share, path in enumerate(plan.paths, start=1)
        if node in path.nodes
    ]
    return RouteTable(epoch=epoch, routes=tuple(routes))


@dataclass(frozen=True, slots=True)
class _Choice:
    """A route and what speaks against it.

    Attributes:
        distrusted: relays that should be avoided, sorted.
        missing: paths fewer than asked for.
        cost: of all its links.
    """

    threshold: int
    paths: tuple[RoutePath, ...]
    distrusted: tuple[str, ...]
    missing: int
    cost: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Less is better."""
        return (len(self.distrusted), self.missing, self.cost)

    def is_clearly_better_than(self, other: "_Choice") -> bool:
        """Whether it is worth a change, if it stays so for a while."""
        one, two = self.rank[:2], other.rank[:2]
        if one != two:
            return one < two
        return 1000 * self.cost < CLEARLY_BETTER_PERMILLE * other.cost


@dataclass(frozen=True, slots=True)
class _Network:
    """What is known when a demand is served.

    Attributes:
        doubts: what relaying through a node costs.
        quarrels: pairs of nodes in dispute.
        left: bits of key per epoch that nobody has taken yet, by link.
    """

    usable: Mapping[str, Carrier]
    doubts: Mapping[str, int]
    quarrels: AbstractSet[tuple[str, str]]
    left: dict[str, int]

    def reserve(self, plan: RoutePlan) -> None:
        for path in plan.paths:
            for link in path.links:
                self.left[link] = max(0, self.left[link] - plan.bits)

    def doubt(self, node: str, demand: RouteDemand) -> int:
        ends = (demand.source, demand.target)
        quarrels = any({(node, end), (end, node)} & self.quarrels for end in ends)
        return EXCLUDED_COST if quarrels else self.doubts.get(node, EXCLUDED_COST)

    def is_distrusted(self, node: str, demand: RouteDemand) -> bool:
        return self.doubt(node, demand) >= EXCLUDED_COST

    def for_demand(self, demand: RouteDemand) -> Topology:
        """A relay is entered by one link and left by another, so each carries half of what it costs."""
        ends = {demand.source, demand.target}
        links = []
        for name, carrier in self.usable.items():
            doubts = sum(self.doubt(node, demand) for node in carrier.ends if node not in ends)
            links.append(Link(name, carrier.ends, carrier.cost(demand.bits, self.left[name]) + doubts // 2))
        names = ends.union(*(carrier.ends for carrier in self.usable.values()))
        return Topology.of(map(Node, names), links)


def _doubts(state: NetworkState) -> Mapping[str, int]:
    """Cost of relaying through each node: 0 with full data weight, up to 1000 with none, beyond all when excluded."""
    return {
        node.node: EXCLUDED_COST
        if min(node.score_ppm, node.trust_ppm) < EXCLUDED_BELOW_PPM
        else (FULL_WEIGHT_E6 - node.data_weight_e6) // 1000
        for node in state.standings
    }


def _next_plan(demand: RouteDemand, before: RoutePlan | None, network: _Network, epoch: int) -> RoutePlan:
    topology = network.for_demand(demand)
    kept = None if before is None or before.bits != demand.bits else _as_it_stands(before, demand, network, topology)
    best = min(_choices(demand, network, topology), key=lambda choice: choice.rank, default=None)
    if kept is None or before is None:
        return _new_plan(demand, best, before, epoch)
    better = best is not None and best.is_clearly_better_than(kept)
    distrust_can_be_avoided = best is not None and len(best.distrusted) < len(kept.distrusted)
    challenged = later(before.challenged, 1) if better else 0
    if distrust_can_be_avoided or challenged >= PATIENCE_EPOCHS:
        return _new_plan(demand, best, before, epoch)
    return before.model_copy(update={"challenged": challenged, "distrusted": kept.distrusted})


def _new_plan(demand: RouteDemand, best: _Choice | None, before: RoutePlan | None, epoch: int) -> RoutePlan:
    plan = RoutePlan(
        demand=demand.demand,
        since=epoch,
        challenged=0,
        distrusted=best.distrusted if best else (),
        bits=demand.bits,
        threshold=best.threshold if best else demand.colluding + 1,
        paths=best.paths if best else (),
    )
    unchanged = before is not None and before.model_copy(update={"since": epoch}) == plan
    return before if unchanged and before is not None else plan


def _as_it_stands(plan: RoutePlan, demand: RouteDemand, network: _Network, topology: Topology) -> _Choice | None:
    """The route in force, judged by the present state; None when it is broken or was made for another demand."""
    direct = not any(path.relays for path in plan.paths)
    if not plan.paths or plan.threshold != (1 if direct else demand.colluding + 1):
        return None
    for path in plan.paths:
        hops = list(zip(path.links, pairwise(path.nodes), strict=True))
        if (path.nodes[0], path.nodes[-1]) != (demand.source, demand.target):
            return None
        if any(link not in network.usable or {*network.usable[link].ends} != {*hop} for link, hop in hops):
            return None
    return _choice(plan.threshold, plan.paths, demand, network, topology)


def _choices(demand: RouteDemand, network: _Network, topology: Topology) -> Iterator[_Choice]:
    """The best route over links between the ends, over trusted relays, and over any."""
    others = [node.name for node in topology.nodes if node.name not in (demand.source, demand.target)]
    trusted = [name for name in others if not network.is_distrusted(name, demand)]
    seen = set[int]()
    for relays, threshold in (((), 1), (trusted, demand.colluding + 1), (others, demand.colluding + 1)):
        if len(relays) in seen:
            continue
        seen.add(len(relays))
        reachable = topology.without(nodes=set(others) - set(relays))
        for count in range(threshold + demand.failing, threshold - 1, -1):
            if found := _paths(reachable, demand, count):
                yield _choice(threshold, found, demand, network, topology)


def _paths(topology: Topology, demand: RouteDemand, count: int) -> tuple[RoutePath, ...]:
    """So many disjoint paths, the cheapest; those of fewest hops when one of them is too long to be relayed over."""
    alike = tuple(replace(link, cost=1) for link in topology.links)
    for search in (topology, replace(topology, links=alike)):
        found = disjoint_paths(search, demand.source, demand.target, count)
        if len(found) == count and all(len(path.nodes) <= MOST_NODES for path in found):
            return tuple(RoutePath(nodes=path.nodes, links=path.links) for path in found)
    return ()


def _choice(
    threshold: int, paths: tuple[RoutePath, ...], demand: RouteDemand, network: _Network, topology: Topology
) -> _Choice:
    relays = sorted(relay for path in paths for relay in path.relays)
    costs = [topology.links[topology.link_index[link]].cost for path in paths for link in path.links]
    distrusted = tuple(relay for relay in relays if network.is_distrusted(relay, demand))
    missing = threshold + demand.failing - len(paths)
    return _Choice(threshold, paths, distrusted, missing, sum(costs))
