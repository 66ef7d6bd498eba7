"""What there is to choose from for one demand: sets of paths, and what speaks against each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from qkdctl.records.relay import MOST_NODES
from qkdctl.records.route import RouteDemand, RoutePath, RoutePlan
from qkdctl.routing.carriers import Carrier
from qkdctl.routing.disjoint import DisjointSearch
from qkdctl.routing.topology import Link, Node, Topology

EXCLUDED_COST = 1_000_000
"""Of a relay that should be avoided: more than any path costs that does without."""
CLEARLY_BETTER_PERMILLE = 700
Paths = list[list[int]]
"""Links of each path by their positions in the topology."""


@dataclass(frozen=True, slots=True)
class Choice:
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

    def is_clearly_better_than(self, other: "Choice") -> bool:
        """Whether it is worth a change, if it stays so for a while."""
        one, two = self.rank[:2], other.rank[:2]
        if one != two:
            return one < two
        return 1000 * self.cost < CLEARLY_BETTER_PERMILLE * other.cost


class KeyNetwork:
    """Links that carry key, and what is left of it while one demand after the other is served.

    Args:
        usable: links by name.
        doubts: what relaying through a node costs, `EXCLUDED_COST` for a node that is not named.
        quarrels: pairs of nodes in dispute.
    """

    def __init__(
        self, usable: Mapping[str, Carrier], doubts: Mapping[str, int], quarrels: Collection[tuple[str, str]]
    ) -> None:
        ends = {end for carrier in usable.values() for end in carrier.ends}
        self.topology = Topology.of(map(Node, ends), [Link(name, usable[name].ends) for name in usable])
        self.search = DisjointSearch(self.topology)
        self.usable = usable
        self._links = [usable[link.name] for link in self.topology.links]
        self._left = [carrier.key_bits for carrier in self._links]
        self._routes = [0] * len(self._links)
        self._doubts = {end: doubts.get(end, EXCLUDED_COST) for end in ends}
        self._quarrels = quarrels

    def reserve(self, plan: RoutePlan) -> None:
        """Take the key of a plan out of what is left, links that carry none left out."""
        self._count(plan, 1)

    def release(self, plan: RoutePlan) -> None:
        """Give the key of a plan back that was reserved."""
        self._count(plan, -1)

    def lacking_bits(self) -> list[int]:
        """How much more than it has is wanted of each link, by its position in the topology."""
        return [max(0, -left) for left in self._left]

    def lacks_of(self, bits: int) -> list[int]:
        """How much of so many bits each link cannot give besides, likewise."""
        return [max(0, bits - max(0, left)) for left in self._left]

    def lost_bits(self, plan: RoutePlan) -> int:
        """Key that a reserved plan loses when each link gives all of its routes the same share of what they want."""
        given = sorted((min(map(self._given, path.links)) for path in plan.paths), reverse=True)
        return plan.bits - plan.bits * given[plan.threshold - 1] // 1_000_000

    def takes_from_nobody(self, plan: RoutePlan, before: RoutePlan | None = None) -> bool:
        """Whether every link of a plan has enough key left for it, or serves nobody else; `before` is in force."""
        in_force = links_of(before)
        names = [name for path in plan.paths for name in path.links]
        links = [self.topology.link_index[name] for name in names]
        return all(
            self._routes[link] == 0
            or self._links[link].has_enough(plan.bits, max(0, self._left[link]), in_force=name in in_force)
            for name, link in zip(names, links, strict=True)
        )

    def for_demand(
        self, demand: RouteDemand, suspicion: Mapping[str, int], before: RoutePlan | None = None
    ) -> "DemandChoices":
        """What one demand may choose from now.

        Args:
            demand: to be served.
            suspicion: what else relaying through some nodes costs this demand.
            before: its route in force.
        """
        in_force = links_of(before)
        doubts = self._doubts | {
            node: self._doubts[node] + cost for node, cost in suspicion.items() if node in self._doubts
        }
        doubts |= {foe: EXCLUDED_COST for foe in self._foes(demand.source, demand.target) if foe in doubts}
        doubts |= dict.fromkeys({demand.source, demand.target}.intersection(doubts), 0)
        # A relay is entered by one link and left by another, so each carries half of what it costs.
        costs = [
            carrier.cost(demand.bits, max(0, left), in_force=link.name in in_force)
            + (doubts[carrier.ends[0]] + doubts[carrier.ends[1]]) // 2
            for link, carrier, left in zip(self.topology.links, self._links, self._left, strict=True)
        ]
        distrusted = {node for node, doubt in doubts.items() if doubt >= EXCLUDED_COST}
        return DemandChoices(self, demand, costs, distrusted)

    def _count(self, plan: RoutePlan, sign: int) -> None:
        for name in links_of(plan) & self.topology.link_index.keys():
            link = self.topology.link_index[name]
            self._left[link] -= sign * plan.bits
            self._routes[link] += sign

    def _given(self, name: str) -> int:
        """Share in ppm of what is wanted that a link can give."""
        link = self.topology.link_index.get(name)
        if link is None:
            return 0
        key = self._links[link].key_bits
        return 1_000_000 if self._left[link] >= 0 else 1_000_000 * key // (key - self._left[link])

    def _foes(self, *ends: str) -> set[str]:
        """Nodes in dispute with one of these."""
        return {node for pair in self._quarrels if not {*ends}.isdisjoint(pair) for node in pair}.difference(ends)


def links_of(plan: RoutePlan | None) -> set[str]:
    """Names of the links that a route uses; none without a route."""
    return {name for path in plan.paths for name in path.links} if plan else set()


@dataclass(frozen=True, slots=True)
class DemandChoices:
    """The sets of paths for one demand.

    Attributes:
        costs: of each link, relays included.
        distrusted: nodes that are excluded, or in dispute with an end.
    """

    network: KeyNetwork
    demand: RouteDemand
    costs: list[int]
    distrusted: AbstractSet[str]

    def best(self) -> Choice | None:
        """The best of all; relays that are not trusted are for when there is no other way."""
        if not {self.demand.source, self.demand.target} <= self.network.topology.node_index.keys():
            return None
        found = [*self._direct(), *self._relayed(self.distrusted)]
        if not found and self.distrusted:
            found += self._relayed(())
        return min(found, key=lambda choice: choice.rank, default=None)

    def at_cost(self, extra: Sequence[int]) -> "DemandChoices":
        """The same where each link costs so much more."""
        return replace(self, costs=[cost + more for cost, more in zip(self.costs, extra, strict=True)])

    def as_it_stands(self, plan: RoutePlan) -> Choice | None:
        """The route in force, judged by the present state; None when it is broken or was made for another demand."""
        direct = not any(path.relays for path in plan.paths)
        if not plan.paths or plan.threshold != (1 if direct else self.demand.colluding + 1):
            return None
        usable = self.network.usable
        for path in plan.paths:
            hops = list(zip(path.links, pairwise(path.nodes), strict=True))
            if (path.nodes[0], path.nodes[-1]) != (self.demand.source, self.demand.target):
                return None
            if any(link not in usable or {*usable[link].ends} != {*hop} for link, hop in hops):
                return None
        return self._choice(plan.threshold, plan.paths)

    def _direct(self) -> Iterator[Choice]:
        """Links between the ends, which need no relay; the cheapest ones go first."""
        ends = {self.demand.source, self.demand.target}
        links = [i for i, link in enumerate(self.network.topology.links) if {*link.ends} == ends]
        links.sort(key=lambda i: (self.costs[i], i))
        for count in range(min(1 + self.demand.failing, len(links)), 0, -1):
            yield self._choice(1, tuple(self._path([link]) for link in links[:count]))

    def _relayed(self, barred: Collection[str]) -> Iterator[Choice]:
        """Paths over relays but these, as many as asked for down to as many as are needed."""
        if self.network.topology.node_index.keys() <= {self.demand.source, self.demand.target, *barred}:
            return
        threshold = self.demand.colluding + 1
        most = threshold + self.demand.failing
        cheapest = self._sets(self.costs, barred, most)
        if not all(map(_can_be_told, cheapest[threshold:])):
            shortest = self._sets([1] * len(self.costs), barred, most)
            cheapest = [paths if _can_be_told(paths) else shortest[i] for i, paths in enumerate(cheapest)]
        for paths in reversed(cheapest[threshold:]):
            if _can_be_told(paths):
                yield self._choice(threshold, tuple(map(self._path, paths)))

    def _sets(self, costs: list[int], barred: Collection[str], most: int) -> list[Paths]:
        """The best sets of no, one, two disjoint paths and so on."""
        search = self.network.search.best_sets(self.demand.source, self.demand.target, costs, barred)
        return [[], *islice(search, most)]

    def _path(self, links: list[int]) -> RoutePath:
        topology = self.network.topology
        nodes = [self.demand.source]
        for link in links:
            one, two = topology.links[link].ends
            nodes.append(two if nodes[-1] == one else one)
        return RoutePath(nodes=tuple(nodes), links=tuple(topology.links[link].name for link in links))

    def _choice(self, threshold: int, paths: tuple[RoutePath, ...]) -> Choice:
        relays = sorted(relay for path in paths for relay in path.relays)
        index = self.network.topology.link_index
        return Choice(
            threshold=threshold,
            paths=paths,
            distrusted=tuple(relay for relay in relays if relay in self.distrusted),
            missing=threshold + self.demand.failing - len(paths),
            cost=sum(self.costs[index[link]] for path in paths for link in path.links),
        )


def _can_be_told(paths: Paths) -> bool:
    """Whether none of them is too long for a record."""
    return all(len(links) < MOST_NODES for links in paths)
