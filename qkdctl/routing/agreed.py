"""The routes that all nodes choose alike: from the agreed state, in integers, without regard to the order of anything.

A route is the cheapest set of paths without a common relay. A demand keeps it until it breaks or another is clearly
better: below 7/10 of its cost, for three epochs in a row. If costs are noisy by a factor of 1 - d to 1 + d around their
true values, with (1 - d) / (1 + d) > 7/10 (d up to 17 %), every such change leads to a route that is truly cheaper, and
so no demand returns to one by itself. Links that are too short of key for a demand cost much more, from one threshold
on for a new route and from another for one in force (`carriers`): 15 % of the link's key lie between them, so a noise
of 7 % brings no route back, but less does where many demands share a link, whose noise is all of what is left for the
last. Where links are short all the same, demands make room for each other (`relief`), once they could for three epochs
in a row.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.route import Route, RouteDemand, RoutePlan, RouteTable
from qkdctl.records.series import later
from qkdctl.routing.carriers import carriers
from qkdctl.routing.choices import EXCLUDED_COST, Choice, DemandChoices, KeyNetwork
from qkdctl.routing.relief import Relief
from qkdctl.routing.suspicion import next_suspects, suspicion

EXCLUDED_BELOW_PPM = 500_000
PATIENCE_EPOCHS = 3
FULL_WEIGHT_E6 = 1_000_000


def plan_routes(
    demands: Sequence[RouteDemand],
    state: NetworkState,
    table: LinkTable,
    previous: Sequence[RoutePlan] = (),
    lossy: Collection[tuple[str, int, int]] = (),
) -> tuple[RoutePlan, ...]:
    """Choose the route of every demand.

    Shares travel over k + failing paths, k = colluding + 1, or over fewer when there are fewer, down to k. Paths that
    are links between source and target need no relay and k = 1. Nodes that are excluded, or in dispute with source or
    target, relay only where there is no other way: a relay that deceives one end alone is found out by nothing else.
    A relay that may have lost keys of a demand is dear to this demand (see `suspicion`).
    Demands choose one after the other, in the order of their names, from the key that the routes of the others leave,
    and make room for each other where a link is short (see `relief`). Those of excluded nodes come last, and get no
    route that would take key from others: routers share a link that is short of key among all routes alike.

    Args:
        demands: in any order.
        state: links and standings; a node without a standing counts as excluded.
        table: the links.
        previous: what was chosen in the epoch before.
        lossy: demand, share and since of paths that lose keys.

    Returns:
        One plan for each demand, sorted by name.

    Raises:
        ValueError: two demands of one name.
    """
    ordered = sorted(demands, key=lambda demand: demand.demand)
    if any(one.demand == two.demand for one, two in pairwise(ordered)):
        raise ValueError(f"demands must have different names, got {', '.join(demand.demand for demand in ordered)}")
    doubts, quarrels = _doubts(state), {(entry.one, entry.other) for entry in state.disputes}
    network = KeyNetwork(carriers(state, table), doubts, quarrels)
    before = {plan.demand: plan for plan in previous}
    excluded = {node for node in _nodes_of(previous) if doubts.get(node, EXCLUDED_COST) >= EXCLUDED_COST}
    suspects = {demand.demand: next_suspects(before.get(demand.demand), lossy, excluded) for demand in ordered}
    suspicions = {name: suspicion(found) for name, found in suspects.items()}
    trusted = [demand for demand in ordered if not _excluded(demand, doubts)]
    plans = _planned(trusted, network, before, suspicions, doubts, state.epoch)
    plans = _relieved(trusted, network, plans, before, suspicions, state.epoch)
    for demand in ordered:
        if demand.demand not in plans:
            present = before.get(demand.demand)
            plan = _next_plan(
                demand, present, network.for_demand(demand, suspicions[demand.demand], present), state.epoch
            )
            if not network.takes_from_nobody(plan, present):
                plan = _new_plan(demand, None, present, state.epoch)
            network.reserve(plan)
            plans[demand.demand] = plan
    return tuple(plan.model_copy(update={"suspects": suspects[name]}) for name, plan in sorted(plans.items()))


def _planned(
    demands: Sequence[RouteDemand],
    network: KeyNetwork,
    before: Mapping[str, RoutePlan],
    suspicions: Mapping[str, Mapping[str, int]],
    doubts: Mapping[str, int],
    epoch: int,
) -> dict[str, RoutePlan]:
    """The way that is best for each demand, one after the other, while the others stay where they are."""
    in_force = {
        demand.demand: plan
        for demand in demands
        if (plan := before.get(demand.demand)) is not None and _may_stay(plan, demand, doubts)
    }
    for plan in in_force.values():
        network.reserve(plan)
    plans = {}
    for demand in demands:
        present = before.get(demand.demand)
        if demand.demand in in_force:
            network.release(in_force[demand.demand])
        plan = _next_plan(demand, present, network.for_demand(demand, suspicions[demand.demand], present), epoch)
        network.reserve(plan)
        plans[demand.demand] = plan
    return plans


def _may_stay(plan: RoutePlan, demand: RouteDemand, doubts: Mapping[str, int]) -> bool:
    relays = (relay for path in plan.paths for relay in path.relays)
    return plan.bits == demand.bits and all(doubts.get(relay, EXCLUDED_COST) < EXCLUDED_COST for relay in relays)


def _relieved(
    demands: Sequence[RouteDemand],
    network: KeyNetwork,
    plans: Mapping[str, RoutePlan],
    before: Mapping[str, RoutePlan],
    suspicions: Mapping[str, Mapping[str, int]],
    epoch: int,
) -> dict[str, RoutePlan]:
    """All plans, some changed to make room for others: new routes at once, others once they could for a while."""
    relief = Relief(network, {demand.demand: demand for demand in demands}, plans, suspicions, epoch)
    crowding = {name: _crowding(before.get(name)) for name in plans}
    moved, waiting = relief.run(lambda name: plans[name].since == epoch or crowding[name] >= PATIENCE_EPOCHS)
    return {
        name: relief.plans[name]
        if name in moved
        else plan.model_copy(update={"crowding": crowding[name] if name in waiting else 0})
        for name, plan in plans.items()
    }


def _crowding(before: RoutePlan | None) -> int:
    """Epochs in a row in which a demand could make room, when it can in this one."""
    return later(before.crowding, 1) if before is not None else 0


def route_table(node: str, epoch: int, plans: Sequence[RoutePlan], interval_ms: int) -> RouteTable:
    """The part of the plans that one node has to serve, as source, relay or destination."""
    routes = [
        Route.of(plan, share, interval_ms)
        for plan in sorted(plans, key=lambda plan: plan.demand)
        for share, path in enumerate(plan.paths, start=1)
        if node in path.nodes
    ]
    return RouteTable(epoch=epoch, routes=tuple(routes))


def _doubts(state: NetworkState) -> Mapping[str, int]:
    """Cost of relaying through each node: 0 with full data weight, up to 1000 with none, beyond all when excluded."""
    return {
        node.node: EXCLUDED_COST
        if min(node.score_ppm, node.trust_ppm) < EXCLUDED_BELOW_PPM
        else (FULL_WEIGHT_E6 - node.data_weight_e6) // 1000
        for node in state.standings
    }


def _nodes_of(plans: Collection[RoutePlan]) -> set[str]:
    """Relays and suspects of plans."""
    relays = {relay for plan in plans for path in plan.paths for relay in path.relays}
    return relays | {suspect.node for plan in plans for suspect in plan.suspects}


def _excluded(demand: RouteDemand, doubts: Mapping[str, int]) -> bool:
    return any(doubts.get(end, EXCLUDED_COST) >= EXCLUDED_COST for end in (demand.source, demand.target))


def _next_plan(demand: RouteDemand, before: RoutePlan | None, choices: DemandChoices, epoch: int) -> RoutePlan:
    kept = None if before is None or before.bits != demand.bits else choices.as_it_stands(before)
    best = choices.best()
    if kept is None or before is None:
        return _new_plan(demand, best, before, epoch)
    better = best is not None and best.is_clearly_better_than(kept)
    distrust_can_be_avoided = best is not None and len(best.distrusted) < len(kept.distrusted)
    challenged = later(before.challenged, 1) if better else 0
    if distrust_can_be_avoided or challenged >= PATIENCE_EPOCHS:
        return _new_plan(demand, best, before, epoch)
    return before.model_copy(update={"challenged": challenged, "crowding": 0, "distrusted": kept.distrusted})


def _new_plan(demand: RouteDemand, best: Choice | None, before: RoutePlan | None, epoch: int) -> RoutePlan:
    plan = RoutePlan(
        demand=demand.demand,
        since=epoch,
        challenged=0,
        distrusted=best.distrusted if best else (),
        bits=demand.bits,
        threshold=best.threshold if best else demand.colluding + 1,
        paths=best.paths if best else (),
    )
    if before is not None and (before.bits, before.threshold, before.paths) == (plan.bits, plan.threshold, plan.paths):
        return plan.model_copy(update={"since": before.since})
    return plan
