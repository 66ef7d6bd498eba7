"""How much key a network can deliver at most, to judge routing by: linear programs.

A bit of end-to-end key uses up one bit of key on every link of its path, in whichever direction it goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qkdctl.routing.topology import Topology

_Floats = NDArray[np.float64]
Demand = tuple[str, str]
"""Source and target of a stream of keys."""
_TOLERANCE = 1e-7
"""Relative, for one optimum as a constraint of another."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowBound:
    """The most key that demands can get together, all of them added up.

    Attributes:
        total_bits: the bound.
        demand_bits: a split over the demands that attains it, not the only one.
    """

    total_bits: float
    demand_bits: _Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """A network and what is wanted of it in some time; for the attributes see `multicommodity_bound_on_any_path`."""

    topology: Topology
    demands: Sequence[Demand]
    capacity_bits: ArrayLike
    demand_bits: ArrayLike


def multicommodity_bound_on_any_path(
    topology: Topology, demands: Sequence[Demand], capacity_bits: ArrayLike, demand_bits: ArrayLike
) -> FlowBound:
    """Most bits that all demands can get together over any paths, by a linear program over links.

    It has two variables per link and source: a thousand links with ten sources take seconds.

    Args:
        topology: nodes that do not relay let nothing through.
        demands: source and target of each.
        capacity_bits: key on each link, shape (links,), finite, not negative.
        demand_bits: what each demand asks for, shape (demands,), finite, not negative.

    Raises:
        ValueError: for unknown or equal ends, or amounts that are negative, not finite, or too few or many.
    """
    capacities = _check_amounts("capacities", capacity_bits, len(topology.links))
    wanted = _check_amounts("demands", demand_bits, len(demands))
    if not demands:
        return FlowBound(0.0, np.zeros(0))
    served = _most_flow(topology, demands, capacities, wanted, np.eye(len(demands)))
    return FlowBound(float(served.sum()), served)


def most_for_each(topology: Topology, demands: Sequence[Demand], capacity_bits: ArrayLike) -> float:
    """Most bits that every demand can get when all get equally much at once, over any paths: maximum concurrent flow.

    Shahrokhi and Matula, J. ACM 37, 318 (1990); a linear program as in `multicommodity_bound_on_any_path`.

    Args:
        topology: nodes that do not relay let nothing through.
        demands: source and target of each; a pair that is named twice gets its share twice.
        capacity_bits: key on each link, shape (links,), finite, not negative.

    Raises:
        ValueError: for no demand, unknown or equal ends, or capacities that are negative, not finite, or too few or
            many.
    """
    capacities = _check_amounts("capacities", capacity_bits, len(topology.links))
    if not demands:
        raise ValueError("expected a demand, got none")
    [share] = _most_flow(topology, demands, capacities, np.array([np.inf]), np.ones((len(demands), 1)))
    return float(share)


def bound_after(before: Sharing, after: Sharing, store_bits: ArrayLike = np.inf) -> FlowBound:
    """Most bits that demands can get in a period when the one before it was served as well as it can be.

    Key that the first period leaves over is in store for the second. It is chosen for the second as long as the first
    gets all that it can; whoever let demands of the first go short could have stored more.

    Args:
        before: the first period.
        after: the second, with the same links in the same order.
        store_bits: most that a link can store, a number or of shape (links,).

    Returns:
        The bound of the second period.

    Raises:
        ValueError: as `multicommodity_bound_on_any_path`, or for links that differ.
    """
    from scipy.sparse import block_array, block_diag, csr_array, eye_array, hstack  # noqa: PLC0415 - slow to import, and only bounds need it

    links = len(before.topology.links)
    if [link.name for link in before.topology.links] != [link.name for link in after.topology.links]:
        raise ValueError("both periods must have the same links")
    if not after.demands:
        return FlowBound(0.0, np.zeros(0))
    amounts = [_check_amounts("demands", period.demand_bits, len(period.demands)) for period in (before, after)]
    keys = [_check_amounts("capacities", period.capacity_bits, links) for period in (before, after)]
    store = np.broadcast_to(np.asarray(store_bits, dtype=np.float64), links)
    if not before.demands:
        plenty = keys[1] + np.minimum(keys[0], store)
        return multicommodity_bound_on_any_path(after.topology, after.demands, plenty, amounts[1])
    flows = [_Flow.of(period.topology, period.demands, np.eye(len(period.demands))) for period in (before, after)]
    first = float(flows[0].most(keys[0], amounts[0]).sum())
    one, two = (flow.balance.shape[1] for flow in flows)
    carry = eye_array(links)
    served_first = csr_array(np.concatenate([np.zeros(flows[0].arcs), np.ones(len(amounts[0]))])[np.newaxis])
    limits = block_array(
        [
            [flows[0].loads, None, carry],
            [None, flows[1].loads, -carry],
            [-served_first, csr_array((1, two)), csr_array((1, links))],
        ]
    )
    kept = block_diag([flow.balance for flow in flows])
    balance = hstack([kept, csr_array((kept.shape[0], links))])
    upper = np.concatenate([flows[0].upper, amounts[0], flows[1].upper, amounts[1], store])
    objective = np.zeros(one + two + links)
    objective[one + flows[1].arcs : one + two] = 1.0
    most = np.concatenate([*keys, [-first * (1 - _TOLERANCE)]])
    served = _maximise(objective, limits, most, upper=upper, balance=balance)[one + flows[1].arcs : one + two]
    return FlowBound(float(served.sum()), served)


def _most_flow(
    topology: Topology, demands: Sequence[Demand], capacities: _Floats, most: _Floats, gets: _Floats
) -> _Floats:
    """Amounts with the greatest sum, each at most `most`, of which each demand gets a combination.

    Args:
        topology: as in `multicommodity_bound_on_any_path`.
        demands: likewise.
        capacities: of the links.
        most: of each amount, shape (amounts,).
        gets: how much of each amount a demand gets, shape (demands, amounts).
    """
    return _Flow.of(topology, demands, gets).most(capacities, most)


@dataclass(frozen=True, slots=True, eq=False)
class _Flow:
    """Flows as a linear program in amounts of key on arcs, per source, and in what demands get.

    Attributes:
        arcs: variables that are amounts on arcs; those of what demands get come behind them.
        balance: of all variables; 0 where as much key leaves a node as comes.
        loads: of the links by all variables.
        upper: most on each arc.
    """

    arcs: int
    balance: Any
    loads: Any
    upper: _Floats

    @classmethod
    def of(cls, topology: Topology, demands: Sequence[Demand], gets: _Floats) -> "_Flow":
        """For arguments as those of `_most_flow`."""
        from scipy.sparse import block_diag, csr_array, eye_array, hstack  # noqa: PLC0415 - as above

        ends = np.array([topology.ends(*demand) for demand in demands])
        sources, source_of = np.unique(ends[:, 0], return_inverse=True)
        arcs, nodes = _arcs(topology), len(topology.nodes)
        into, out_of = (_incidence(arcs[:, side], np.arange(len(arcs)), (nodes, len(arcs))) for side in (1, 0))
        arrives, leaves = (
            _incidence(source_of * nodes + ends[:, side], np.arange(len(demands)), (len(sources) * nodes, len(demands)))
            for side in (1, 0)
        )
        balance = hstack([block_diag([into - out_of] * len(sources)), csr_array((leaves - arrives) @ gets)])
        loads = hstack([eye_array(len(topology.links))] * (2 * len(sources)))
        open_arcs = [np.where(_may_carry(topology, arcs[:, 0], source), np.inf, 0.0) for source in sources]
        none = csr_array((len(topology.links), gets.shape[1]))
        return cls(len(arcs) * len(sources), balance, hstack([loads, none]), np.concatenate(open_arcs))

    def most(self, capacities: _Floats, most: _Floats) -> _Floats:
        """Amounts with the greatest sum; see `_most_flow`."""
        objective = np.concatenate([np.zeros(self.arcs), np.ones(len(most))])
        upper = np.concatenate([self.upper, most])
        return _maximise(objective, self.loads, capacities, upper=upper, balance=self.balance)[-len(most) :]


def _arcs(topology: Topology) -> NDArray[np.int64]:
    """Tail and head of all links in one direction, then of all in the other, shape (2 links, 2)."""
    ends = [[topology.node_index[end] for end in link.ends] for link in topology.links]
    forward = np.array(ends, dtype=np.int64).reshape(-1, 2)
    return np.concatenate([forward, forward[:, ::-1]])


def _may_carry(topology: Topology, tails: NDArray[np.int64], source: int) -> NDArray[np.bool_]:
    """Arcs on which key of a source may go: those out of relays and of itself."""
    relays = np.array([node.relays for node in topology.nodes])
    return np.asarray(relays[tails] | (tails == source))


def _incidence(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> Any:
    """Sparse matrix with a one at each (row, column)."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - as above

    return csr_array((np.ones(len(rows)), (rows, columns)), shape)


def _maximise(objective: _Floats, limits: Any, most: _Floats, *, upper: ArrayLike, balance: Any = None) -> _Floats:
    """Best x with 0 <= x <= upper, limits x <= most, balance x = 0."""
    from scipy.optimize import linprog  # noqa: PLC0415 - as above

    bounds = np.stack([np.zeros(len(objective)), np.broadcast_to(upper, objective.shape)], axis=-1)
    equal = None if balance is None else np.zeros(balance.shape[0])
    result = linprog(-objective, A_ub=limits, b_ub=most, A_eq=balance, b_eq=equal, bounds=bounds, method="highs")
    assert result.success, result.message  # nothing sent is always allowed, and every demand is finite
    return np.asarray(result.x)


def _check_amounts(kind: str, amounts: ArrayLike, count: int) -> _Floats:
    values = np.asarray(amounts, dtype=np.float64)
    if values.shape != (count,):
        raise ValueError(f"expected {count} {kind}, got an array of shape {values.shape}")
    if not np.all((values >= 0) & np.isfinite(values)):
        raise ValueError(f"{kind} must be finite and not negative, got {values}")
    return values
