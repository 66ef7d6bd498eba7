"""The k best paths: complete, loop-free and in one order, as exhaustive search finds them."""

import random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.routing.path import Path
from qkdctl.routing.shortest import KShortest
from qkdctl.routing.topology import Link, Node, Topology
from tests.routing.networks import SOURCE, TARGET, all_paths, grid, networks


@given(networks(), st.integers(1, 40))
def test_the_k_best_paths_are_those_of_exhaustive_search(topology, k):
    assert list(KShortest(topology).paths(SOURCE, TARGET, k)) == all_paths(topology)[:k]


@given(networks(most_relays=3, most_links=8))
def test_all_paths_are_found_once_and_none_visits_a_node_twice(topology):
    paths = KShortest(topology).paths(SOURCE, TARGET, 10_000)
    assert len(set(paths)) == len(paths) == len(all_paths(topology))
    assert all(len(set(path.nodes)) == len(path.nodes) for path in paths)


def test_every_path_through_a_grid_of_ties_comes_in_order():
    topology = grid(4, 3)
    expected = all_paths(topology, "n00", "n32")
    assert list(KShortest(topology).paths("n00", "n32", 1000)) == expected
    assert [path.cost for path in expected].count(5) == 10


@given(networks(), st.randoms(use_true_random=False))
def test_the_order_in_which_links_are_learned_changes_nothing(topology, order):
    nodes, links = list(topology.nodes), list(topology.links)
    order.shuffle(nodes)
    order.shuffle(links)
    turned = [Link(link.name, link.ends[:: order.choice((1, -1))], link.cost) for link in links]
    assert KShortest(Topology.of(nodes, turned)).paths(SOURCE, TARGET, 5) == KShortest(topology).paths(
        SOURCE, TARGET, 5
    )


@given(networks())
def test_the_way_back_is_the_way_there(topology):
    there, back = (KShortest(topology).paths(*ends, 5) for ends in ((SOURCE, TARGET), (TARGET, SOURCE)))
    assert back == tuple(Path(path.nodes[::-1], path.links[::-1], path.cost) for path in there)


def test_costs_are_those_that_networkx_finds_in_larger_networks():
    draw = random.Random(7)
    for _ in range(5):
        graph = nx.gnm_random_graph(40, 90, seed=draw.randrange(10**6))
        links = [Link(f"l{i}", (f"n{a}", f"n{b}"), draw.randint(1, 9)) for i, (a, b) in enumerate(graph.edges)]
        for (a, b), link in zip(graph.edges, links, strict=True):
            graph.edges[a, b]["cost"] = link.cost
        source, target = draw.sample(sorted(nx.node_connected_component(graph, 0)), 2)
        paths = KShortest(Topology.of([Node(f"n{i}") for i in range(40)], links)).paths(f"n{source}", f"n{target}", 25)
        theirs = nx.shortest_simple_paths(graph, source, target, weight="cost")
        expected = [nx.path_weight(graph, next(theirs), "cost") for _ in range(25)]
        assert [path.cost for path in paths] == expected


def test_ties_fall_to_fewer_links_then_to_names():
    nodes = [Node(name) for name in "abst"]
    direct = Link("z-direct", ("s", "t"), 2)
    by_a = [Link("1-sa", ("s", "a")), Link("2-at", ("a", "t"))]
    by_b = [Link("0-sb", ("s", "b")), Link("3-bt", ("b", "t"))]
    paths = KShortest(Topology.of(nodes, [*by_b, direct, *by_a])).paths("s", "t", 5)
    assert [path.links for path in paths] == [("z-direct",), ("1-sa", "2-at"), ("0-sb", "3-bt")]
    assert paths[1].relays == ("a",)
    assert paths[0].relays == ()


def test_who_may_not_relay_is_an_end_only():
    nodes = [Node("s", relays=False), Node("m", relays=False), Node("t")]
    topology = Topology.of(nodes, [Link("sm", ("s", "m")), Link("mt", ("m", "t"))])
    assert KShortest(topology).paths("s", "t", 3) == ()
    assert len(KShortest(topology).paths("s", "m", 3)) == 1


def test_what_is_left_out_is_not_used():
    topology = grid(3, 3)
    left = topology.without(nodes=["n11"], links=["n00-n10"])
    assert KShortest(left).paths("n00", "n22", 9) == tuple(all_paths(left, "n00", "n22"))
    assert all("n11" not in path.nodes for path in KShortest(left).paths("n00", "n22", 9))


def test_k_is_positive():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        KShortest(grid(2, 2)).paths("n00", "n11", 0)
