"""Bounds on the key that a network can deliver, against small cases by hand and against each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.routing.bounds import (
    Sharing,
    bound_after,
    most_for_each,
    multicommodity_bound_on_any_path,
)
from qkdctl.routing.shortest import KShortest
from qkdctl.routing.topology import Link, Node, Topology
from tests.routing.networks import SOURCE, TARGET, all_paths, networks
from tests.routing.oracles import bound_over_paths, max_flow

PLENTY = 10_000


def by_hand():
    """s and t over a (5 then 3 bits), over b (4 then 6), and a link a-b of 2."""
    capacities = {"ab": 2, "at": 3, "bt": 6, "sa": 5, "sb": 4}
    links = [Link(name, (name[0], name[1])) for name in capacities]
    return Topology.of([Node(n) for n in "abst"], links), list(capacities.values())


def test_a_flow_by_hand():
    topology, capacities = by_hand()
    for ends in (("s", "t"), ("t", "s")):
        assert multicommodity_bound_on_any_path(topology, [ends], capacities, [PLENTY]).total_bits == pytest.approx(9)
    cut = topology.without(links=["ab"])
    assert multicommodity_bound_on_any_path(cut, [("s", "t")], capacities[1:], [PLENTY]).total_bits == pytest.approx(7)


def test_two_demands_share_a_link():
    topology = Topology.of([Node(n) for n in "abcm"], [Link(f"{n}m", (n, "m")) for n in "abc"])
    bound = multicommodity_bound_on_any_path(topology, [("a", "c"), ("b", "c")], [4.0, 4.0, 5.0], [3, 3])
    assert bound.total_bits == pytest.approx(5)
    assert bound.demand_bits.sum() == pytest.approx(5)
    assert np.all(bound.demand_bits <= 3 + 1e-9)


def test_equal_shares_are_bound_by_the_scarcest_cut():
    topology = Topology.of([Node(n) for n in "abcm"], [Link(f"{n}m", (n, "m")) for n in "abc"])
    demands = [("a", "c"), ("b", "c")]
    assert most_for_each(topology, demands, [4.0, 1.0, 5.0]) == pytest.approx(1)
    assert most_for_each(topology, demands, [4.0, 4.0, 5.0]) == pytest.approx(2.5)
    assert most_for_each(topology, [*demands, ("b", "c")], [9.0, 4.0, 9.0]) == pytest.approx(2)
    with pytest.raises(ValueError, match="expected a demand"):
        most_for_each(topology, [], [1.0, 1.0, 1.0])


@st.composite
def loaded(draw):
    topology = draw(networks(most_relays=3, most_links=9))
    amounts = st.integers(0, 20)
    return topology, draw(st.lists(amounts, min_size=len(topology.links), max_size=len(topology.links)))


@given(loaded())
def test_one_demand_with_all_paths_gets_the_maximum_flow(case):
    topology, capacities = case
    any_path = multicommodity_bound_on_any_path(topology, [(SOURCE, TARGET)], capacities, [PLENTY])
    assert any_path.total_bits == pytest.approx(max_flow(topology, capacities, SOURCE, TARGET))


@given(loaded(), st.integers(1, 3), st.integers(0, 30))
def test_more_freedom_never_lowers_a_bound(case, k, wanted):
    topology, capacities = case
    demands = [(a.name, b.name) for a in topology.nodes for b in topology.nodes if a.name != b.name][:5]
    asked = [wanted] * len(demands)
    shortest = KShortest(topology)
    few = bound_over_paths(topology, [shortest.paths(*demand, k) for demand in demands], capacities, asked)
    every = bound_over_paths(topology, [all_paths(topology, *demand) for demand in demands], capacities, asked)
    any_path = multicommodity_bound_on_any_path(topology, demands, capacities, asked)
    assert few <= every + 1e-6
    assert any_path.total_bits == pytest.approx(every)
    assert np.all((any_path.demand_bits >= -1e-9) & (any_path.demand_bits <= wanted + 1e-6))


@given(loaded(), st.integers(1, 3))
def test_an_equal_share_is_the_most_that_all_can_ask_for_and_get(case, count):
    topology, capacities = case
    demands = [(a.name, b.name) for a in topology.nodes for b in topology.nodes if a.name < b.name][:count]
    share = most_for_each(topology, demands, capacities)
    whole = multicommodity_bound_on_any_path(topology, demands, capacities, [share] * len(demands))
    assert whole.total_bits == pytest.approx(share * len(demands), abs=1e-6)
    more = multicommodity_bound_on_any_path(topology, demands, capacities, [share + 1] * len(demands))
    assert more.total_bits < (share + 1) * len(demands) - 1e-6


AMOUNT = st.integers(0, 20)


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_what_one_link_leaves_over_and_can_store_serves_the_next_period(made, wanted, made_after, wanted_after, store):
    link = Topology.of([Node("s"), Node("t")], [Link("st", ("s", "t"))])
    found = bound_after(
        Sharing(link, [("s", "t")], [made], [wanted]), Sharing(link, [("s", "t")], [made_after], [wanted_after]), store
    )
    left = min(store, made - min(made, wanted))
    assert found.total_bits == pytest.approx(min(wanted_after, made_after + left), abs=1e-4)


@given(loaded(), st.data())
def test_a_period_gets_the_whole_of_an_idle_one_before_and_nothing_of_one_whose_key_is_not_stored(case, data):
    topology, capacities = case
    demands = [(a.name, b.name) for a in topology.nodes for b in topology.nodes if a.name < b.name][:4]
    asked = [data.draw(AMOUNT) for _ in demands]
    after = Sharing(topology, demands, capacities, asked)
    alone = multicommodity_bound_on_any_path(topology, demands, capacities, asked).total_bits
    twice = multicommodity_bound_on_any_path(topology, demands, [2 * bits for bits in capacities], asked).total_bits
    idle = Sharing(topology, demands, capacities, [0] * len(demands))
    assert bound_after(idle, after).total_bits == pytest.approx(twice, abs=1e-4)
    assert bound_after(Sharing(topology, [], capacities, []), after).total_bits == pytest.approx(twice, abs=1e-4)
    busy = Sharing(topology, demands, capacities, [data.draw(AMOUNT) for _ in demands])
    assert bound_after(busy, after, 0).total_bits == pytest.approx(alone, abs=1e-4)
    assert alone - 1e-4 <= bound_after(busy, after).total_bits <= twice + 1e-4


def test_what_is_left_over_is_left_where_the_next_period_needs_it():
    # the first period may go over a or over b; in the second only b relays
    links = [Link(name, (name[0], name[1])) for name in ("as", "at", "bs", "bt")]
    first = Topology.of([Node(n) for n in "abst"], links)
    second = Topology.of([Node("a", relays=False), *(Node(n) for n in "bst")], links)
    demand = [("s", "t")]
    found = bound_after(Sharing(first, demand, [5] * 4, [7]), Sharing(second, demand, [1] * 4, [9]))
    assert found.total_bits == pytest.approx(1 + 3, abs=1e-4)


def test_both_periods_have_the_same_links():
    one, other = (Topology.of([Node("s"), Node("t")], [Link(name, ("s", "t"))]) for name in ("a", "b"))
    with pytest.raises(ValueError, match="the same links"):
        bound_after(Sharing(one, [("s", "t")], [1], [1]), Sharing(other, [("s", "t")], [1], [1]))


def test_without_paths_or_demands_nothing_is_delivered():
    topology = Topology.of([Node("s"), Node("t")], [])
    assert multicommodity_bound_on_any_path(topology, [("s", "t")], [], [5]).demand_bits.tolist() == [0]
    assert multicommodity_bound_on_any_path(topology, [], [], []).total_bits == 0


def test_who_may_not_relay_lets_nothing_through():
    nodes = [Node("m", relays=False), Node("s"), Node("t")]
    topology = Topology.of(nodes, [Link("sm", ("s", "m")), Link("tm", ("t", "m"))])
    bound = multicommodity_bound_on_any_path(topology, [("s", "t"), ("s", "m"), ("m", "t")], [5, 5], [9, 9, 9])
    assert bound.demand_bits == pytest.approx([0, 5, 5])


@pytest.mark.parametrize("capacities", [[1, 2, 3, 4], [1, 2, 3, 4, -1], [1, 2, 3, 4, float("inf")]])
def test_impossible_capacities_are_refused(capacities):
    topology, _ = by_hand()
    with pytest.raises(ValueError, match=r"capacities"):
        multicommodity_bound_on_any_path(topology, [("s", "t")], capacities, [1])
