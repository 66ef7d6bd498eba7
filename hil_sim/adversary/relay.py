"""Nodes that misbehave when they relay the keys of others."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.strengths import Integers, Mask


class RelayConduct(IntFlag):
    """What a node does to keys that pass through it; one may read and corrupt at once."""

    HONEST = 0
    WITHHOLD = 1
    CORRUPT = 2
    SPY = 4


class RelayPaths(Protocol):
    """Relay paths of all routes as flat arrays; segment i of any is `offsets[i]:offsets[i + 1]`."""

    @property
    def path_offsets(self) -> Integers:
        """Paths of each route."""

    @property
    def thresholds(self) -> Integers:
        """Shares that give the key back, per route."""

    @property
    def relay_offsets(self) -> Integers:
        """Relays of each path; none on a path of one link."""

    @property
    def relays(self) -> Integers:
        """Nodes."""


@dataclass(frozen=True, slots=True)
class RelayOutcome:
    """What became of one key per route. Of the first three exactly one holds.

    Attributes:
        delivered: both ends hold the same key.
        detected: it is spoilt, and the ends see it.
        lost: too few shares arrived, which shows nobody's guilt.
        leaked: one coalition read enough shares to know the key, whether or not it was delivered.
        missing, wrong: shares that did not arrive, and that arrived altered.
    """

    delivered: Mask
    detected: Mask
    lost: Mask
    leaked: Mask
    missing: Integers
    wrong: Integers


def relay_outcomes(
    paths: RelayPaths, conduct: NDArray[np.uint8], coalition: Integers, chosen: Integers | None = None
) -> RelayOutcome:
    """Send one key over each chosen route, a share of it over each of its paths.

    Of n shares m arrive. Any k of them give the key back, and up to (m - k) // 2 altered ones are found and corrected
    (McEliece, Sarwate, Commun. ACM 24, 583 (1981)). With more of them the ends compute different keys and see it,
    because they compare a hash. Members of a coalition pool what they read; a share counts as read by every spy on its
    path, also by one behind a node that withheld it.

    Args:
        paths: all routes.
        conduct: `RelayConduct` of each node.
        coalition: a number per node that only colluding nodes share.
        chosen: routes to use; all of them by default.
    """
    route_count = paths.thresholds.size
    routes = np.arange(route_count) if chosen is None else chosen
    path_indices, paths_of = _members(paths.path_offsets, routes)
    relay_indices, path_of = _members(paths.relay_offsets, path_indices)
    nodes = paths.relays[relay_indices]
    flags = conduct[nodes]
    k, size = paths.thresholds[routes], routes.size
    held = _any(path_of[(flags & RelayConduct.WITHHOLD) != 0], path_indices.size)
    altered = _any(path_of[(flags & RelayConduct.CORRUPT) != 0], path_indices.size) & ~held
    missing, wrong = (np.bincount(paths_of[share], minlength=size) for share in (held, altered))
    arrived = np.bincount(paths_of, minlength=size) - missing
    decodable = arrived >= k
    delivered = decodable & (2 * wrong <= arrived - k)
    spies = (flags & RelayConduct.SPY) != 0
    return RelayOutcome(
        delivered=delivered,
        detected=decodable & ~delivered,
        lost=~decodable,
        leaked=_leaked(path_of[spies], coalition[nodes[spies]], paths_of, k),
        missing=missing,
        wrong=wrong,
    )


def _members(offsets: Integers, segments: Integers) -> tuple[Integers, Integers]:
    """Elements of the segments, one segment after the other, and for each the position of its segment among them."""
    sizes = offsets[segments + 1] - offsets[segments]
    owner = np.repeat(np.arange(segments.size), sizes)
    begins = np.cumsum(sizes) - sizes
    return np.arange(owner.size) + (offsets[segments] - begins)[owner], owner


def _any(hits: Integers, count: int) -> Mask:
    found = np.zeros(count, dtype=bool)
    found[hits] = True
    return found


def _leaked(path: Integers, coalition: Integers, route_of_path: Integers, k: Integers) -> Mask:
    """Whether a coalition reads k paths of a route, from one entry per spy."""
    readers, number = np.unique(coalition, return_inverse=True)
    width = max(readers.size, 1)
    read = np.unique(path * width + number)
    pairs, shares = np.unique(route_of_path[read // width] * width + read % width, return_counts=True)
    route = pairs // width
    return _any(route[shares >= k[route]], k.size)
