"""What a policy sees of the network around a link and along a path: buffers, demand, topology.

These columns stand behind those of the policy format (`qkdctl.policy.schema`), in the same units of 1/4096. All are
integers of what the network itself knows.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.network import Stack
from hil_sim.network.routes import segments
from qkdctl.policy.integers import clip, log2_256
from qkdctl.policy.schema import GRID, GRID_BITS

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """One more column.

    Attributes:
        name, unit: for people.
        shift: the policy sees the value divided by 2**shift.
        low, high: range to which the value is clipped, in its unit.
    """

    name: str
    unit: str
    shift: int
    low: int
    high: int

    def on_grid(self, values: Integers) -> Integers:
        """Scaled values in units of 1/4096, rounded down."""
        clipped = clip(values, self.low, self.high)
        distance = GRID_BITS - self.shift
        return np.asarray(clipped << distance if distance >= 0 else clipped >> -distance)


LINK_COLUMNS: Final = (
    Column("buffer", "log2/256", 11, 0, 10_240),
    Column("buffer_over_ready", "log2/256", 10, -7_936, 7_936),
    Column("buffer_trend", "ppm of ready/epoch", 17, -1_000_000, 1_000_000),
    Column("demand_waiting", "log2/256", 11, 0, 10_240),
    Column("demand_share", "ppm", 17, 0, 1_000_000),
    Column("degree_least", "links", 2, 0, 31),
    Column("degree_most", "links", 2, 0, 31),
    Column("candidate_share", "ppm", 17, 0, 1_000_000),
    Column("neighbour_buffer_least", "log2/256", 11, 0, 10_240),
    Column("neighbour_buffer_mean", "log2/256", 11, 0, 10_240),
)
"""Around a link: its buffer, what waits to be relayed over it, the degrees of its ends, the buffers of the links that
meet it."""

PATH_COLUMNS: Final = (
    Column("hops", "links", 2, 0, 31),
    Column("links_used", "links", 3, 0, 63),
    Column("buffer_least", "log2/256", 11, 0, 10_240),
    Column("buffer_mean", "log2/256", 11, 0, 10_240),
    Column("waiting", "log2/256", 11, 0, 10_240),
    Column("load_most", "ppm", 17, 0, 1_000_000),
    Column("trust_least", "ppm", 17, 0, 1_000_000),
    Column("chosen", "0 or 1", 0, 0, 1),
)
"""Along a route: its length, the buffers and the load of its links, the trust of its relays."""


class NetworkViews:
    """Computes the columns; what never changes is worked out once."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        ends = stack.ends
        degree = np.bincount(ends.ravel(), minlength=stack.node_count)
        self._degrees = np.sort(degree[ends], axis=0)
        routes = stack.routes
        demands = np.diff(routes.demand_offsets)
        self._demand_of_route = np.repeat(np.arange(demands.size), demands)
        of_network = stack.network_of_demand[self._demand_of_route]
        self._routes_beside = np.bincount(of_network, minlength=len(stack.networks))[of_network]
        used = np.bincount(routes.links, minlength=stack.links.count)
        network = stack.network_of_link
        in_network = np.bincount(network, weights=used).astype(np.int64)
        self._candidate_share = used * 1_000_000 // np.maximum(in_network, 1)[network]
        self._hops = (
            np.maximum.reduceat(np.diff(routes.path_link_offsets), routes.path_offsets[:-1])
            if routes.thresholds.size
            else np.zeros(0, dtype=np.int64)
        )

    def links(self, bits: Integers, before: Integers, waiting: Integers, chosen: Integers) -> Integers:
        """Columns of all links, shape (links, columns).

        Args:
            bits: in the buffers now, shape (links,).
            before: in the buffers an epoch ago, shape (links,).
            waiting: in the queues, shape (demands,).
            chosen: route of each demand, shape (demands,).
        """
        stack = self._stack
        ready = np.maximum(stack.buffers.ready, 1)
        level = log2_256(1 + bits)
        positions, begins = segments(stack.routes.link_offsets, chosen)
        owner = np.repeat(np.arange(chosen.size), np.diff(np.append(begins, positions.size)))
        over = np.bincount(stack.routes.links[positions], weights=waiting[owner], minlength=bits.size).astype(np.int64)
        total = np.bincount(stack.network_of_demand, weights=waiting, minlength=len(stack.networks)).astype(np.int64)
        least, mean = self._neighbours(level)
        values = (
            level,
            level - log2_256(1 + ready),
            np.clip((bits - before) * 1_000_000 // ready, -1_000_000, 1_000_000),
            log2_256(1 + over),
            over * 1_000_000 // np.maximum(total, 1)[stack.network_of_link],
            self._degrees[0],
            self._degrees[1],
            self._candidate_share,
            least,
            mean,
        )
        return _columns(LINK_COLUMNS, values)

    def paths(self, bits: Integers, waiting: Integers, trust_ppm: Integers, chosen: Integers) -> Integers:
        """Columns of all candidate routes, shape (routes, columns); `trust_ppm` of the nodes, shape (nodes,)."""
        routes = self._stack.routes
        if not routes.thresholds.size:
            return np.zeros((0, len(PATH_COLUMNS)), dtype=np.int64)
        begins = routes.link_offsets[:-1]
        level = log2_256(1 + bits)[routes.links]
        sizes = np.diff(routes.link_offsets)
        load = np.bincount(routes.links, minlength=bits.size)[routes.links]
        of_route = waiting[self._demand_of_route]
        is_chosen = np.zeros(routes.thresholds.size, dtype=np.int64)
        is_chosen[chosen] = 1
        values = (
            self._hops,
            sizes,
            np.minimum.reduceat(level, begins),
            np.add.reduceat(level, begins) // sizes,
            log2_256(1 + of_route),
            np.maximum.reduceat(load, begins) * 1_000_000 // self._routes_beside,
            self._least_trust(trust_ppm),
            is_chosen,
        )
        return _columns(PATH_COLUMNS, values)

    def _neighbours(self, level: Integers) -> tuple[Integers, Integers]:
        """Least and mean level of the links that share an end with each link; its own where there are none."""
        ends, nodes = self._stack.ends, self._stack.node_count
        count = np.bincount(ends.ravel(), minlength=nodes)
        total = np.bincount(ends.ravel(), weights=np.tile(level, 2), minlength=nodes).astype(np.int64)
        least = np.full((2, nodes), np.iinfo(np.int64).max)
        order = np.lexsort((np.tile(level, 2), ends.ravel()))
        node = ends.ravel()[order]
        first = np.searchsorted(node, np.arange(nodes), side="left")
        for rank in (0, 1):
            has = count > rank
            least[rank, has] = np.tile(level, 2)[order[first[has] + rank]]
        around = (count[ends] - 1).sum(axis=0)
        mean = (total[ends].sum(axis=0) - 2 * level) // np.maximum(around, 1)
        # the least at a node is the link's own level or, where that is the least, the next one
        others = np.where(least[0][ends] == level, least[1][ends], least[0][ends]).min(axis=0)
        alone = around == 0
        return np.where(alone, level, np.minimum(others, np.iinfo(np.int64).max)), np.where(alone, level, mean)

    def _least_trust(self, trust_ppm: Integers) -> Integers:
        """Least trust of the relays of each route, full trust without any."""
        routes = self._stack.routes
        relay_begins = routes.relay_offsets[routes.path_offsets]
        least = np.full(routes.thresholds.size, 1_000_000)
        some = np.diff(relay_begins) > 0
        if some.any():
            least[some] = np.minimum.reduceat(trust_ppm[routes.relays], relay_begins[:-1][some])
        return least


def _columns(columns: tuple[Column, ...], values: tuple[Integers, ...]) -> Integers:
    return np.stack([column.on_grid(value) for column, value in zip(columns, values, strict=True)], axis=1)


def as_input(grid: Integers) -> NDArray[np.float64]:
    """From units of 1/4096 to the numbers a network takes."""
    return grid / GRID
