"""Candidate paths of many demands as flat arrays, for whoever computes on all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qkdctl.routing.path import Path
from qkdctl.routing.shortest import KShortest
from qkdctl.routing.topology import Topology

Indices = NDArray[np.int64]

Demand = tuple[str, str]
"""Source and target of a stream of keys."""


@dataclass(frozen=True, slots=True, eq=False)
class PathTable:
    """Paths of all demands, one demand after the other, each one's best path first.

    Links and nodes are positions in the sorted names of the topology that the table was built for. Links of path p are
    `path_links[path_offsets[p] : path_offsets[p + 1]]`, its relays lie in `path_relays` by `relay_offsets`, and paths
    of demand d are `demand_offsets[d]` up to `demand_offsets[d + 1]`.

    Attributes:
        demands: source and target of each demand.
        links: number of links of the topology.
        path_links: link positions, of all paths in a row, from source to target.
        path_offsets: shape (paths + 1); every path has a link at least.
        path_relays: node positions between the ends, of all paths in a row.
        relay_offsets: shape (paths + 1); a direct path has none.
        demand_offsets: shape (demands + 1); a demand may be without any path.
        path_cost: shape (paths,).
    """

    demands: tuple[Demand, ...]
    links: int
    path_links: Indices
    path_offsets: Indices
    path_relays: Indices
    relay_offsets: Indices
    demand_offsets: Indices
    path_cost: Indices

    @classmethod
    def of(cls, topology: Topology, demands: Sequence[Demand], candidates: Sequence[Sequence[Path]]) -> Self:
        """A table of paths found in any way, a sequence of them for each demand."""
        paths = [path for found in candidates for path in found]
        links = [[topology.link_index[name] for name in path.links] for path in paths]
        relays = [[topology.node_index[name] for name in path.relays] for path in paths]
        return cls(
            demands=tuple(demands),
            links=len(topology.links),
            path_links=_flat(links),
            path_offsets=_offsets(links),
            path_relays=_flat(relays),
            relay_offsets=_offsets(relays),
            demand_offsets=_offsets([found for _, found in zip(demands, candidates, strict=True)]),
            path_cost=np.array([path.cost for path in paths], dtype=np.int64),
        )

    @classmethod
    def of_k_shortest(cls, topology: Topology, demands: Sequence[Demand], k: int) -> Self:
        """A table of the k shortest paths of each demand.

        Raises:
            ValueError: for unknown or equal ends, or k below 1.
        """
        search = KShortest(topology)
        return cls.of(topology, demands, [search.paths(source, target, k) for source, target in demands])

    @property
    def path_demand(self) -> Indices:
        """Demand of each path, shape (paths,)."""
        return np.repeat(np.arange(len(self.demands)), np.diff(self.demand_offsets))

    def least(self, link_values: ArrayLike) -> NDArray[np.float64]:
        """The least value on each path, such as the key left on its narrowest link.

        Args:
            link_values: shape (..., links).

        Returns:
            shape (..., paths).
        """
        along = np.asarray(link_values, dtype=np.float64)[..., self.path_links]
        if not len(self.path_cost):
            return along
        return np.asarray(np.minimum.reduceat(along, self.path_offsets[:-1], axis=-1))

    def link_load(self, path_values: ArrayLike) -> NDArray[np.float64]:
        """What paths put on each link together: shape (paths,) gives (links,)."""
        spread = np.repeat(np.asarray(path_values, dtype=np.float64), np.diff(self.path_offsets))
        return np.asarray(np.bincount(self.path_links, weights=spread, minlength=self.links), dtype=np.float64)


def _flat(rows: Sequence[Sequence[int]]) -> Indices:
    return np.array([value for row in rows for value in row], dtype=np.int64)


def _offsets(rows: Sequence[Sequence[object]]) -> Indices:
    return np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
