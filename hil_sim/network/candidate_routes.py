"""Candidate routes of a demand over the spans of a topology."""

from hil_sim.network.routes import PathLinks, RoutePlan
from hil_sim.network.scenario import RoutingSection
from hil_sim.network.topology import Topology
from qkdctl.routing.path import Path
from qkdctl.routing.plan import plan_k_of_n
from qkdctl.routing.shortest import KShortest
from qkdctl.routing.topology import Link, Node
from qkdctl.routing.topology import Topology as Graph


class Router:
    """Finds the candidates of demand after demand; passive sites relay nothing."""

    def __init__(self, topology: Topology, settings: RoutingSection) -> None:
        self._settings = settings
        passive = topology.passive_sites()
        self._names = [site.name for site in topology.sites]
        self._nodes = topology.site_indices()
        self._links = {span.name: number for number, span in enumerate(topology.spans)}
        self._graph = Graph.of(
            [Node(site.name, relays=site.may_relay) for site in topology.sites if site.name not in passive],
            [Link(span.name, (span.a, span.b)) for span in topology.spans],
        )
        self._shortest = KShortest(self._graph)

    def candidates(self, source: int, target: int) -> tuple[RoutePlan, ...]:
        """Routes from node to node, best first: single paths, or the one plan that shares the key over several.

        Raises:
            NoPlanError: when there are too few disjoint paths for the colluding and failing relays of the settings.
            LookupError: when no path leads there.
        """
        settings, a, b = self._settings, self._names[source], self._names[target]
        if settings.colluding or settings.failing:
            plan = plan_k_of_n(
                self._graph, a, b, colluding=settings.colluding, failing=settings.failing, failure=settings.failure
            )
            return (RoutePlan(tuple(self._numbered(path) for path in plan.paths), plan.k),)
        paths = self._shortest.paths(a, b, settings.candidates)
        if not paths:
            raise LookupError(f"no path of trusted relays leads from {a} to {b}")
        return tuple(RoutePlan((self._numbered(path),)) for path in paths)

    def _numbered(self, path: Path) -> PathLinks:
        return PathLinks(
            tuple(self._links[name] for name in path.links), tuple(self._nodes[name] for name in path.relays)
        )
