from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.adversary.relay import RelayConduct, relay_outcomes

NODES = 8
PRIME = 2**31 - 1
HONEST, WITHHOLD, CORRUPT, SPY = RelayConduct.HONEST, RelayConduct.WITHHOLD, RelayConduct.CORRUPT, RelayConduct.SPY


@dataclass(frozen=True)
class Paths:
    path_offsets: np.ndarray
    thresholds: np.ndarray
    relay_offsets: np.ndarray
    relays: np.ndarray


def flat(routes):
    """From (threshold, paths) per route, a path being a list of nodes."""
    paths = [path for _, route in routes for path in route]
    return Paths(
        np.cumsum([0, *(len(route) for _, route in routes)]),
        np.array([threshold for threshold, _ in routes], dtype=np.int64),
        np.cumsum([0, *(len(path) for path in paths)]),
        np.array([node for path in paths for node in path], dtype=np.int64),
    )


@st.composite
def route_lists(draw):
    path = st.lists(st.integers(0, NODES - 1), max_size=3, unique=True)
    routes = draw(st.lists(st.lists(path, min_size=1, max_size=5), min_size=0, max_size=4))
    return [(draw(st.integers(1, len(route))), route) for route in routes]


conducts = st.lists(st.integers(0, 7), min_size=NODES, max_size=NODES).map(lambda c: np.array(c, dtype=np.uint8))
coalitions = st.lists(st.integers(0, 3), min_size=NODES, max_size=NODES).map(np.array)


def value_at(x, points):
    """The polynomial through these points, at x, over the integers modulo a prime."""
    total = 0
    for i, (xi, yi) in enumerate(points):
        term = yi
        for j, (xj, _) in enumerate(points):
            if i != j:
                term = term * (x - xj) * pow(xi - xj, -1, PRIME) % PRIME
        total += term
    return total % PRIME


def send_shares(threshold, route, conduct, rng):
    """Share a secret, let the relays handle the shares, and decode by trying every set of them."""
    secret, *others = rng.integers(PRIME, size=threshold).tolist()
    arrived = []
    for x, path in enumerate(route, start=1):
        share = (secret + sum(c * x**power for power, c in enumerate(others, start=1))) % PRIME
        if any(conduct[node] & WITHHOLD for node in path):
            continue
        if any(conduct[node] & CORRUPT for node in path):
            share = (share + int(rng.integers(1, PRIME))) % PRIME
        arrived.append((x, share))
    if len(arrived) < threshold:
        return "lost"
    needed = len(arrived) - (len(arrived) - threshold) // 2
    for points in combinations(arrived, threshold):
        if sum(value_at(x, points) == y for x, y in arrived) >= needed:
            return "delivered" if value_at(0, points) == secret else "detected"
    return "detected"


def is_known(threshold, route, conduct, coalition):
    return any(
        sum(any(conduct[node] & SPY and coalition[node] == c for node in path) for path in route) >= threshold
        for c in set(coalition.tolist())
    )


@given(route_lists(), conducts, coalitions, st.integers(0, 1000))
def test_outcomes_are_those_of_shares_sent_one_by_one(routes, conduct, coalition, seed):
    rng = np.random.default_rng(seed)
    outcome = relay_outcomes(flat(routes), conduct, coalition)
    assert outcome.delivered.shape == (len(routes),)
    for index, (threshold, route) in enumerate(routes):
        result = send_shares(threshold, route, conduct, rng)
        found = [name for name in ("delivered", "detected", "lost") if getattr(outcome, name)[index]]
        assert found == [result]
        assert outcome.leaked[index] == is_known(threshold, route, conduct, coalition)


@given(route_lists(), conducts, coalitions, st.data())
def test_chosen_routes_fare_as_they_do_among_all(routes, conduct, coalition, data):
    chosen = data.draw(st.lists(st.integers(0, len(routes) - 1), max_size=6) if routes else st.just([]))
    picked = np.array(chosen, dtype=np.int64)
    every, some = (relay_outcomes(flat(routes), conduct, coalition, which) for which in (None, picked))
    for name in ("delivered", "detected", "lost", "leaked", "missing", "wrong"):
        assert np.array_equal(getattr(some, name), getattr(every, name)[picked])


@given(route_lists(), coalitions)
def test_honest_relays_deliver_and_learn_nothing(routes, coalition):
    outcome = relay_outcomes(flat(routes), np.zeros(NODES, dtype=np.uint8), coalition)
    assert outcome.delivered.all()
    assert not outcome.leaked.any()
    assert not outcome.missing.any()
    assert not outcome.wrong.any()


def one_route(threshold, route, conduct, coalition=None):
    flags = np.zeros(NODES, dtype=np.uint8)
    for node, flag in conduct.items():
        flags[node] = flag
    return relay_outcomes(
        flat([(threshold, route)]), flags, np.arange(NODES) if coalition is None else np.array(coalition)
    )


@pytest.mark.parametrize(
    ("threshold", "conduct", "result"),
    [
        (1, {0: CORRUPT}, "delivered"),
        (2, {0: CORRUPT}, "detected"),
        (2, {0: WITHHOLD}, "delivered"),
        (3, {0: WITHHOLD}, "lost"),
        (1, {0: CORRUPT, 1: CORRUPT}, "detected"),
        (1, {0: CORRUPT, 1: WITHHOLD}, "detected"),
        (2, {0: SPY, 1: SPY}, "delivered"),
    ],
)
def test_one_relay_on_each_of_three_paths(threshold, conduct, result):
    outcome = one_route(threshold, [[0], [1], [2]], conduct)
    assert [getattr(outcome, name).item() for name in ("delivered", "detected", "lost")] == [
        result == name for name in ("delivered", "detected", "lost")
    ]


def test_a_share_that_is_altered_and_then_withheld_is_missing():
    outcome = one_route(1, [[0, 1], [2]], {0: CORRUPT, 1: WITHHOLD})
    assert (outcome.missing.item(), outcome.wrong.item()) == (1, 0)


def test_spies_learn_a_key_together_only_when_they_collude():
    conduct = {0: SPY, 1: SPY}
    apart = one_route(2, [[0], [1], [2]], conduct)
    together = one_route(2, [[0], [1], [2]], conduct, coalition=[0, 0, 2, 3, 4, 5, 6, 7])
    assert (apart.leaked.item(), together.leaked.item()) == (False, True)


def test_two_spies_on_one_path_read_one_share():
    outcome = one_route(2, [[0, 1], [2]], {0: SPY, 1: SPY}, coalition=[0] * NODES)
    assert not outcome.leaked.item()


def test_a_key_over_one_link_passes_nobody():
    outcome = one_route(1, [[]], dict.fromkeys(range(NODES), SPY | CORRUPT | WITHHOLD))
    assert outcome.delivered.item()
    assert not outcome.leaked.item()
