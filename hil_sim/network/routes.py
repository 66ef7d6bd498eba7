"""Candidate routes of all demands as flat arrays.

A route is one relay path, or several disjoint paths over which a secret is shared so that any `threshold` of them give
it back. Everything is an index array with offsets, so that thousands of routes are weighed in a few NumPy calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PathLinks:
    """One relay path: the links it uses and the nodes between its ends, in order."""

    links: tuple[int, ...]
    relays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """One candidate: disjoint paths, and how many of them are enough."""

    paths: tuple[PathLinks, ...]
    threshold: int = 1


@dataclass(frozen=True, slots=True)
class Routes:
    """All candidates; those of one demand are neighbours, in order of preference.

    Attributes:
        demand_offsets: routes of demand d are `demand_offsets[d]:demand_offsets[d + 1]`.
        path_offsets: paths of each route, likewise.
        thresholds: paths that suffice, per route.
        path_link_offsets, path_links: links of each path, likewise.
        relay_offsets, relays: nodes inside each path, likewise.
        link_offsets, links: links of all paths of each route, likewise.
    """

    demand_offsets: Indices
    path_offsets: Indices
    thresholds: Indices
    path_link_offsets: Indices
    path_links: Indices
    relay_offsets: Indices
    relays: Indices
    link_offsets: Indices
    links: Indices

    @classmethod
    def of(cls, candidates: Sequence[Sequence[RoutePlan]]) -> Self:
        """From the candidates of each demand.

        Raises:
            ValueError: for a demand without a candidate, a route without a path, a path without a link, or a threshold
                that not all paths together reach.
        """
        for demand, choice in enumerate(candidates):
            if not choice or any(not plan.paths or any(not path.links for path in plan.paths) for plan in choice):
                raise ValueError(f"demand {demand} needs a candidate route, each path with at least one link")
            for plan in choice:
                if not 1 <= plan.threshold <= len(plan.paths):
                    raise ValueError(f"demand {demand}: {plan.threshold} of {len(plan.paths)} paths cannot suffice")
        plans = [plan for choice in candidates for plan in choice]
        paths = [path for plan in plans for path in plan.paths]
        path_offsets = _offsets([len(plan.paths) for plan in plans])
        path_link_offsets = _offsets([len(path.links) for path in paths])
        return cls(
            demand_offsets=_offsets([len(choice) for choice in candidates]),
            path_offsets=path_offsets,
            thresholds=_integers([plan.threshold for plan in plans]),
            path_link_offsets=path_link_offsets,
            path_links=_integers([link for path in paths for link in path.links]),
            relay_offsets=_offsets([len(path.relays) for path in paths]),
            relays=_integers([node for path in paths for node in path.relays]),
            # paths of a route are neighbours, so are their links
            link_offsets=path_link_offsets[path_offsets],
            links=_integers([link for path in paths for link in path.links]),
        )

    @property
    def demands(self) -> int:
        """Number of demands."""
        return self.demand_offsets.size - 1

    def choices(self) -> Indices:
        """Number of candidates of each demand, shape (demands,)."""
        return np.diff(self.demand_offsets)

    def shifted(self, links: int, nodes: int) -> "Routes":
        """The same routes in a larger network in which links and nodes count from here."""
        return Routes(
            self.demand_offsets,
            self.path_offsets,
            self.thresholds,
            self.path_link_offsets,
            self.path_links + links,
            self.relay_offsets,
            self.relays + nodes,
            self.link_offsets,
            self.links + links,
        )


def joined(parts: Sequence[Routes]) -> Routes:
    """One table of several, one after the other."""
    return Routes(
        _chain([part.demand_offsets for part in parts]),
        _chain([part.path_offsets for part in parts]),
        _flat([part.thresholds for part in parts]),
        _chain([part.path_link_offsets for part in parts]),
        _flat([part.path_links for part in parts]),
        _chain([part.relay_offsets for part in parts]),
        _flat([part.relays for part in parts]),
        _chain([part.link_offsets for part in parts]),
        _flat([part.links for part in parts]),
    )


def segments(offsets: Indices, chosen: Indices) -> tuple[Indices, Indices]:
    """Positions of the elements of the chosen segments, and where each segment begins among them.

    For example segments 2 and 0 of offsets (0, 2, 3, 5) are the positions 3, 4, 0, 1, and they begin at 0 and 2.
    """
    sizes = offsets[chosen + 1] - offsets[chosen]
    begins = np.cumsum(sizes) - sizes
    positions = np.arange(int(sizes.sum())) + np.repeat(offsets[chosen] - begins, sizes)
    return positions, begins


def _integers(values: Sequence[int]) -> Indices:
    return np.array(values, dtype=np.int64)


def _offsets(sizes: Sequence[int]) -> Indices:
    return np.concatenate([[0], np.cumsum(_integers(sizes))]).astype(np.int64)


def _flat(parts: Sequence[Indices]) -> Indices:
    return np.concatenate(parts) if parts else _integers([])


def _chain(parts: Sequence[Indices]) -> Indices:
    """Offsets of several tables behind each other."""
    begins = np.cumsum([0, *(part[-1] for part in parts)])
    return np.concatenate([[0], *(part[1:] + begin for part, begin in zip(parts, begins, strict=False))]).astype(
        np.int64
    )
