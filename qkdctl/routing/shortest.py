"""The k best loop-free paths between two nodes.

Yen, Manage. Sci. 17, 712 (1971), in the form of Lawler, Manage. Sci. 18, 401 (1972): the set of all paths is split, at
each path found, into disjoint subsets by where a path first leaves it; the best of each subset waits in a heap. Within
a subset A* is led by the exact distances to the target in the whole network (Hart, Nilsson, Raphael, IEEE Trans. Syst.
Sci. Cybern. 4, 100 (1968)), so that it looks at little more than the path itself.
"""

import heapq
from dataclasses import dataclass

from qkdctl.routing.adjacency import Adjacency, Arc
from qkdctl.routing.path import Path
from qkdctl.routing.topology import Topology


@dataclass(frozen=True, slots=True)
class _Subset:
    """Paths that begin with these arcs and do not go on over those links."""

    prefix: tuple[Arc, ...]
    barred: frozenset[int]


class KShortest:
    """The search, for many demands in one topology."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._adjacency = Adjacency(topology)

    def paths(self, source: str, target: str, k: int) -> tuple[Path, ...]:
        """The k best loop-free paths, best first in the order of `order`; fewer if there are no more.

        Raises:
            ValueError: for unknown or equal ends, or k below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        start, goal = self._topology.ends(source, target)
        search = _Search(self._adjacency, start, goal)
        return tuple(Path.along(self._topology, start, links) for links in search.best(k))


class _Search:
    """The paths of one demand."""

    def __init__(self, adjacency: Adjacency, start: int, goal: int) -> None:
        self._adjacency = adjacency
        self._start = start
        self._goal = goal
        self._remaining = adjacency.distances_to(goal)

    def best(self, k: int) -> list[list[int]]:
        """Links of the k best paths; no two weigh the same, so the heap never compares more than weights."""
        found: list[list[int]] = []
        waiting: list[tuple[int, tuple[Arc, ...], _Subset]] = []
        self._push(waiting, _Subset((), frozenset()))
        while waiting and len(found) < k:
            _, path, subset = heapq.heappop(waiting)
            found.append([arc.link for arc in path])
            if len(found) < k:
                for i in range(len(subset.prefix), len(path)):
                    barred = subset.barred if i == len(subset.prefix) else frozenset[int]()
                    self._push(waiting, _Subset(path[:i], barred | {path[i].link}))
        return found

    def _push(self, waiting: list[tuple[int, tuple[Arc, ...], _Subset]], subset: _Subset) -> None:
        path = self._best_of(subset)
        if path is not None:
            heapq.heappush(waiting, (sum(arc.weight for arc in path), path, subset))

    def _best_of(self, subset: _Subset) -> tuple[Arc, ...] | None:
        """A* from the end of the prefix: the best way on that does not touch the prefix again."""
        begin = subset.prefix[-1].head if subset.prefix else self._start
        closed = {arc.tail for arc in subset.prefix}
        came_by: dict[int, Arc] = {}
        known = {begin: 0}
        queue = [(0, begin)]
        while queue:
            _, node = heapq.heappop(queue)
            if node == self._goal:
                return (*subset.prefix, *self._way(came_by, begin))
            if node in closed:
                continue
            closed.add(node)
            for arc in self._adjacency.arcs[node]:
                rest = self._remaining.get(arc.head)
                if rest is None or (node == begin and arc.link in subset.barred):
                    continue
                length = known[node] + arc.weight
                if arc.head not in known or length < known[arc.head]:
                    known[arc.head] = length
                    came_by[arc.head] = arc
                    heapq.heappush(queue, (length + rest, arc.head))
        return None

    def _way(self, came_by: dict[int, Arc], begin: int) -> list[Arc]:
        way, node = list[Arc](), self._goal
        while node != begin:
            way.append(came_by[node])
            node = came_by[node].tail
        return way[::-1]
