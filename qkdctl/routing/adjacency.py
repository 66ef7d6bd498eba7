"""A topology laid out for searching: arcs out of each node, weighted by the order of preference."""

import heapq
from dataclasses import dataclass

from qkdctl.routing.order import link_weights
from qkdctl.routing.topology import Topology


@dataclass(frozen=True, slots=True)
class Arc:
    """A link in one direction; nodes and link by position."""

    tail: int
    head: int
    link: int
    weight: int


class Adjacency:
    """Arcs out of each node, in order of the links' names."""

    def __init__(self, topology: Topology) -> None:
        self.relays = [node.relays for node in topology.nodes]
        self.arcs: list[list[Arc]] = [[] for _ in topology.nodes]
        weights = link_weights([link.cost for link in topology.links])
        for i, (link, weight) in enumerate(zip(topology.links, weights, strict=True)):
            one, two = (topology.node_index[end] for end in link.ends)
            self.arcs[one].append(Arc(one, two, i, weight))
            self.arcs[two].append(Arc(two, one, i, weight))

    def distances_to(self, goal: int) -> dict[int, int]:
        """Weight of the best path from every node that reaches the goal, and is the goal or may relay.

        Who may not relay is left out, so that no search walks through it; a search may start there all the same.
        """
        distances: dict[int, int] = {}
        queue = [(0, goal)]
        best = {goal: 0}
        while queue:
            distance, node = heapq.heappop(queue)
            if node in distances:
                continue
            distances[node] = distance
            for arc in self.arcs[node]:
                length = distance + arc.weight
                if self.relays[arc.head] and (arc.head not in best or length < best[arc.head]):
                    best[arc.head] = length
                    heapq.heappush(queue, (length, arc.head))
        return distances
