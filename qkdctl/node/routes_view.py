"""The routes of relayed keys as a document."""

from collections.abc import Iterable
from typing import Any

from qkdctl.agreement.state import AgreedState
from qkdctl.control.relaying import Relaying
from qkdctl.records.route import Route, RouteDemand, RoutePath, RoutePlan

_Json = dict[str, Any]


def routes_view(me: str, state: AgreedState | None, demands: Iterable[RouteDemand], relaying: Relaying | None) -> _Json:
    """All demands after the last decision (`qkdctl.api.route_models.Routes`).

    Args:
        me: the node.
        state: after the last decision; None before the first.
        demands: that the nodes have agreed on.
        relaying: of the node's router; None without one.
    """
    table = None if relaying is None else relaying.keeper.in_force
    served = {(route.demand, route.share, route.since): route for route in (table.routes if table else ())}
    wanted = {demand.demand: demand for demand in demands}
    plans = [] if state is None else [plan for plan in state.routes if plan.demand in wanted]
    return {
        "schema_version": 1,
        "epoch": 0 if state is None else state.network.epoch,
        "router": None if relaying is None else relaying.router.device.name,
        "trouble": "" if relaying is None else relaying.keeper.trouble,
        "demands": [_demand(me, wanted[plan.demand], plan, served) for plan in plans],
        "opened": [] if state is None else [case.to_plain() for case in state.audits.cases],
    }


def _demand(me: str, demand: RouteDemand, plan: RoutePlan, served: dict[tuple[str, int, int], Route]) -> _Json:
    def applied(share: int, path: RoutePath) -> bool | None:
        if me not in path.nodes:
            return None
        route = served.get((plan.demand, share, plan.since))
        return route is not None and route.path == path

    return {
        "demand": plan.demand,
        "source": demand.source,
        "target": demand.target,
        "bits": plan.bits,
        "since": plan.since,
        "threshold": plan.threshold,
        "challenged": plan.challenged,
        "crowding": plan.crowding,
        "distrusted": list(plan.distrusted),
        "suspects": [suspect.to_plain() for suspect in plan.suspects],
        "paths": [
            {"share": share, "nodes": list(path.nodes), "links": list(path.links), "applied": applied(share, path)}
            for share, path in enumerate(plan.paths, start=1)
        ],
    }
