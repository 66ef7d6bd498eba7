"""Flow of least weight in which every link, and if wanted every relay, carries one unit at most.

Successive best paths in the residual network, with potentials that keep Dijkstra's weights from being negative
(Edmonds and Karp, J. ACM 19, 248 (1972)). Each relay is split into an entry and an exit, as in Suurballe, Networks 4,
125 (1974).
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence

from qkdctl.routing.topology import Topology


class FlowLayout:
    """The residual network of a topology, without weights and ends: made once for many flows.

    Vertices are 2 v (entry) and 2 v + 1 (exit) of node v. Arcs come in pairs: an even one and, at the next number, its
    reverse, whose capacity is the flow through it.

    Attributes:
        out: arcs out of each vertex.
        head, link, room: of each arc. Those of links come first, two pairs each, in the order of the links; the arc
            through a relay has no link.
        through: the arc through each relay.
    """

    def __init__(self, topology: Topology, *, relays_once: bool) -> None:
        self.out: list[list[int]] = [[] for _ in range(2 * len(topology.nodes))]
        self.head: list[int] = []
        self.link: list[int | None] = []
        self.room: list[int] = []
        self.through: dict[int, int] = {}
        links_at = [0] * len(topology.nodes)
        for i, link in enumerate(topology.links):
            for one, two in (link.ends, link.ends[::-1]):
                tail, head = topology.node_index[one], topology.node_index[two]
                links_at[tail] += 1
                # A relay that is used once limits its links already; with room on them a cut names the relay.
                self._add(2 * tail + 1, 2 * head, 2 if relays_once else 1, i)
        for node, entry in enumerate(topology.nodes):
            if entry.relays:
                self.through[node] = len(self.head)
                self._add(2 * node, 2 * node + 1, 1 if relays_once else links_at[node], None)

    def _add(self, tail: int, head: int, room: int, link: int | None) -> None:
        for vertex, other, capacity in ((tail, head, room), (head, tail, 0)):
            self.out[vertex].append(len(self.head))
            self.head.append(other)
            self.room.append(capacity)
            self.link.append(link)


class UnitFlow:
    """The residual network of one demand; it starts without flow.

    Args:
        layout: of the network.
        weights: of each link, at least 1.
        source, target: nodes.
        barred: nodes that are not to relay.
    """

    def __init__(
        self, layout: FlowLayout, weights: Sequence[int], source: int, target: int, barred: Iterable[int] = ()
    ) -> None:
        self._start, self._goal = 2 * source + 1, 2 * target
        self._out, self._head, self._link = layout.out, layout.head, layout.link
        self._capacity = layout.room.copy()
        of_links = [signed for weight in weights for signed in (weight, -weight, weight, -weight)]
        self._weight = of_links + [0] * (len(self._head) - len(of_links))
        self._potential = [0] * len(self._out)
        self._flowing = set[int]()
        for node in layout.through.keys() & {*barred}:
            self._capacity[layout.through[node]] = 0
        for arc in self._out[self._start]:
            if self._head[arc] == self._goal:
                self._capacity[arc] = 1

    def augment(self) -> bool:
        """One unit more, at the least weight of all flows of that size; False if there is no way."""
        distance, came_by = self._distances()
        if self._goal not in distance:
            return False
        furthest = distance[self._goal]
        for vertex in range(len(self._potential)):
            self._potential[vertex] += min(distance.get(vertex, furthest), furthest)
        vertex = self._goal
        while vertex != self._start:
            arc = came_by[vertex]
            self._capacity[arc] -= 1
            self._capacity[arc ^ 1] += 1
            if self._link[arc] is not None:
                (self._flowing.discard if arc & 1 else self._flowing.add)(arc & ~1)
            vertex = self._head[arc ^ 1]
        return True

    def paths(self) -> Iterator[list[int]]:
        """The units' paths as lists of links; where paths cross, the earlier link by name goes with the earlier."""
        unused = self._flowing.copy()
        for first in [arc for arc in self._out[self._start] if arc in unused]:
            links, arc = list[int](), first
            while True:
                unused.discard(arc)
                links.append(self._link_of(arc))
                if self._head[arc] == self._goal:
                    break
                arc = next(following for following in self._out[self._head[arc] ^ 1] if following in unused)
            yield links

    def cut(self) -> tuple[list[int], list[int]]:
        """Relays and links that separate source and target, as many as there are units, once none can be added."""
        reached, stack = {self._start}, [self._start]
        while stack:
            for arc in self._out[stack.pop()]:
                if self._capacity[arc] and self._head[arc] not in reached:
                    reached.add(self._head[arc])
                    stack.append(self._head[arc])
        across = [
            arc
            for vertex in sorted(reached)
            for arc in self._out[vertex]
            if arc % 2 == 0 and self._head[arc] not in reached
        ]
        relays = [self._head[arc] // 2 for arc in across if self._link[arc] is None]
        return sorted(relays), sorted(self._link_of(arc) for arc in across if self._link[arc] is not None)

    def _distances(self) -> tuple[dict[int, int], dict[int, int]]:
        """Dijkstra with reduced weights until the goal: distances settled, and by which arc."""
        heads, weights, capacities, potentials = self._head, self._weight, self._capacity, self._potential
        settled: dict[int, int] = {}
        came_by: dict[int, int] = {}
        best = {self._start: 0}
        queue = [(0, self._start)]
        while queue and self._goal not in settled:
            distance, vertex = heapq.heappop(queue)
            if vertex in settled:
                continue
            settled[vertex] = distance
            above = distance + potentials[vertex]
            for arc in self._out[vertex]:
                head = heads[arc]
                if not capacities[arc] or head in settled:
                    continue
                length = above + weights[arc] - potentials[head]
                if head not in best or length < best[head]:
                    best[head], came_by[head] = length, arc
                    heapq.heappush(queue, (length, head))
        return settled, came_by

    def _link_of(self, arc: int) -> int:
        link = self._link[arc]
        assert link is not None
        return link
