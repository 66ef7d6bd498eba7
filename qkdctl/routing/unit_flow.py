"""Flow of least weight in which every link, and if wanted every relay, carries one unit at most.

Successive best paths in the residual network, with potentials that keep Dijkstra's weights from being negative
(Edmonds and Karp, J. ACM 19, 248 (1972)). Each relay is split into an entry and an exit, as in Suurballe, Networks 4,
125 (1974).
"""

import heapq
from collections.abc import Iterator

from qkdctl.routing.adjacency import Adjacency


class UnitFlow:
    """The residual network of one demand; it starts without flow.

    Vertices are 2 v (entry) and 2 v + 1 (exit) of node v. Arcs come in pairs: an even one and, at the next number, its
    reverse, whose capacity is the flow through it.
    """

    def __init__(self, adjacency: Adjacency, source: int, target: int, *, relays_once: bool) -> None:
        self._start, self._goal = 2 * source + 1, 2 * target
        self._out: list[list[int]] = [[] for _ in range(2 * len(adjacency.arcs))]
        self._head: list[int] = []
        self._weight: list[int] = []
        self._capacity: list[int] = []
        self._link: list[int | None] = []
        self._potential = [0] * len(self._out)
        for node, arcs in enumerate(adjacency.arcs):
            if adjacency.relays[node] and node not in (source, target):
                self._add(2 * node, 2 * node + 1, 0, 1 if relays_once else len(arcs), None)
            for arc in arcs:
                # A relay that is used once limits its links already; with room on them a cut names the relay.
                room = 2 if relays_once and {node, arc.head} != {source, target} else 1
                self._add(2 * node + 1, 2 * arc.head, arc.weight, room, arc.link)

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
            vertex = self._head[arc ^ 1]
        return True

    def paths(self) -> Iterator[list[int]]:
        """The units' paths as lists of links; where paths cross, the earlier link by name goes with the earlier."""
        unused = {arc for arc, link in enumerate(self._link) if link is not None and self._flows(arc)}
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
        settled: dict[int, int] = {}
        came_by: dict[int, int] = {}
        best = {self._start: 0}
        queue = [(0, self._start)]
        while queue and self._goal not in settled:
            distance, vertex = heapq.heappop(queue)
            if vertex in settled:
                continue
            settled[vertex] = distance
            for arc in self._out[vertex]:
                head = self._head[arc]
                if not self._capacity[arc] or head in settled:
                    continue
                length = distance + self._weight[arc] + self._potential[vertex] - self._potential[head]
                if head not in best or length < best[head]:
                    best[head], came_by[head] = length, arc
                    heapq.heappush(queue, (length, head))
        return settled, came_by

    def _add(self, tail: int, head: int, weight: int, capacity: int, link: int | None) -> None:
        for vertex, other, signed, room in ((tail, head, weight, capacity), (head, tail, -weight, 0)):
            self._out[vertex].append(len(self._head))
            self._head.append(other)
            self._weight.append(signed)
            self._capacity.append(room)
            self._link.append(link)

    def _flows(self, arc: int) -> bool:
        return arc % 2 == 0 and self._capacity[arc ^ 1] > 0

    def _link_of(self, arc: int) -> int:
        link = self._link[arc]
        assert link is not None
        return link
