"""Links share their key among demands: never more than there is, fairly, and as much as three rounds give."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.relaying import grant, known_share
from hil_sim.network.routes import PathLinks, RoutePlan, Routes

LINKS = 6
BITS = st.integers(0, 2**40)


def plan(*paths, threshold=1):
    return RoutePlan(tuple(PathLinks(tuple(links), ()) for links in paths), threshold)


def routes_of(*plans):
    return Routes.of([[one] for one in plans])


def chosen_of(routes):
    return routes.demand_offsets[:-1]


PATH = st.lists(st.integers(0, LINKS - 1), min_size=1, max_size=4, unique=True)
ROUTES = st.lists(PATH, min_size=1, max_size=8).map(lambda paths: routes_of(*(plan(path) for path in paths)))


@given(ROUTES, st.data())
def test_no_link_is_overdrawn_and_nobody_gets_more_than_wanted(routes, data):
    wanted = np.array([data.draw(BITS) for _ in range(routes.demands)])
    available = np.array([data.draw(BITS) for _ in range(LINKS)])
    granted, used = grant(routes, chosen_of(routes), wanted, available)
    assert (granted >= 0).all()
    assert (granted <= wanted).all()
    assert (used <= available).all()
    by_hand = np.zeros(LINKS, dtype=np.int64)
    for number, bits in enumerate(granted):
        for link in routes.links[routes.link_offsets[number] : routes.link_offsets[number + 1]]:
            by_hand[link] += bits
    assert used.tolist() == by_hand.tolist()


@given(ROUTES, st.data())
def test_plenty_serves_everybody(routes, data):
    wanted = np.array([data.draw(BITS) for _ in range(routes.demands)])
    granted, _ = grant(routes, chosen_of(routes), wanted, np.full(LINKS, wanted.sum()))
    assert granted.tolist() == wanted.tolist()


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8), st.floats(0, 1))
def test_a_link_that_is_short_gives_each_the_same_fraction(wanted, share):
    routes = routes_of(*(plan([0]) for _ in wanted))
    wanted = np.array(wanted)
    available = np.array([int(share * wanted.sum())])
    granted, used = grant(routes, chosen_of(routes), wanted, available)
    exact = wanted * (available[0] / wanted.sum())
    assert np.abs(granted - exact).max() <= len(wanted)
    # what rounding leaves over is less than a bit per demand
    assert available[0] - used[0] < len(wanted)


def test_what_a_demand_cannot_use_is_offered_to_others_again():
    # the first demand is limited to 10 on link 1, so the second may have the rest of link 0
    routes = routes_of(plan([0, 1]), plan([0]))
    granted, used = grant(routes, chosen_of(routes), np.array([100, 100]), np.array([100, 10]))
    assert granted.tolist() == [10, 90]
    assert used.tolist() == [100, 10]


def test_every_path_of_a_shared_secret_uses_as_much_key_as_the_secret_is_long():
    routes = routes_of(plan([0, 1], [2], [3, 4, 5], threshold=2))
    granted, used = grant(routes, chosen_of(routes), np.array([50]), np.array([90, 80, 70, 60, 40, 99]))
    assert granted.tolist() == [40]
    assert used.tolist() == [40] * 6


def test_nobody_wants_anything_of_nothing():
    routes = Routes.of([])
    nobody = np.zeros(0, dtype=np.int64)
    granted, used = grant(routes, nobody, nobody, np.array([5, 7]))
    assert granted.size == 0
    assert used.tolist() == [0, 0]
    assert known_share(routes, nobody, np.array([0.5, 0.1])).size == 0


def read_by_chance(plans, known):
    """Every bit of every link is read or not: the sum over all cases."""
    total = 0.0
    for case in product((False, True), repeat=LINKS):
        chance = math.prod(known[link] if read else 1 - known[link] for link, read in enumerate(case))
        paths = sum(any(case[link] for link in path.links) for path in plans.paths)
        total += chance * (paths >= plans.threshold)
    return total


@pytest.mark.parametrize(
    "plans",
    [
        plan([0]),
        plan([0, 3, 5]),
        plan([0, 1], [2], threshold=1),
        plan([0, 1], [2], threshold=2),
        plan([0], [1, 2], [3, 4, 5], threshold=2),
        plan([0], [1], [2], [3], threshold=3),
    ],
)
def test_what_is_read_is_the_sum_over_all_cases(plans):
    known = np.array([0.1, 0.0, 0.5, 0.3, 1.0, 0.02])
    routes = routes_of(plan([4]), plans, plan([1]))
    shares = known_share(routes, chosen_of(routes), known)
    assert shares == pytest.approx([1.0, read_by_chance(plans, known), 0.0], abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=LINKS, max_size=LINKS), st.data())
def test_chosen_routes_are_told_apart(known, data):
    plans = [plan([0, 1], [2, 3], threshold=2), plan([4]), plan([0], [2], [4], threshold=3)]
    routes = Routes.of([plans, plans[::-1]])
    choice = np.array([data.draw(st.integers(0, 2)), 3 + data.draw(st.integers(0, 2))])
    shares = known_share(routes, choice, np.array(known))
    all_plans = [*plans, *plans[::-1]]
    assert shares == pytest.approx([read_by_chance(all_plans[route], known) for route in choice], abs=1e-9)
