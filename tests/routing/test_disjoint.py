"""Disjoint paths: as many and as cheap as exhaustive search over sets finds, and the same set everywhere."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.routing.disjoint import disjoint_paths, smallest_cut
from qkdctl.routing.shortest import KShortest
from qkdctl.routing.topology import Link, Node, Topology
from tests.routing.networks import SOURCE, TARGET, are_apart, disjoint_sets, grid, networks, preference

aparts = st.sampled_from(["relays", "links"])


@given(networks(most_links=9), st.integers(1, 3), aparts)
def test_the_set_is_the_best_of_all_sets(topology, k, apart):
    paths = disjoint_paths(topology, SOURCE, TARGET, k, apart=apart)
    assert are_apart(paths, apart)
    if len(paths) == k:
        assert preference(paths) == min(preference(chosen) for chosen in disjoint_sets(topology, k, apart))
    else:
        assert disjoint_sets(topology, len(paths) + 1, apart) == []
        assert paths == disjoint_paths(topology, SOURCE, TARGET, max(len(paths), 1), apart=apart)


@given(networks(most_relays=6, most_links=16), aparts)
def test_as_many_paths_as_the_smallest_cut_and_none_past_it(topology, apart):
    cut = smallest_cut(topology, SOURCE, TARGET, apart=apart)
    assert len(disjoint_paths(topology, SOURCE, TARGET, 20, apart=apart)) == cut.size
    direct = {link.name for link in topology.links if {*link.ends} == {SOURCE, TARGET}}
    assert cut.relays == () if apart == "links" else direct == {*cut.links}
    left = topology.without(nodes=cut.relays, links=cut.links)
    assert KShortest(left).paths(SOURCE, TARGET, 1) == ()


@given(networks(most_relays=6, most_links=16), aparts)
def test_paths_are_real_loop_free_and_sorted(topology, apart):
    paths = disjoint_paths(topology, SOURCE, TARGET, 20, apart=apart)
    every = KShortest(topology).paths(SOURCE, TARGET, 10_000)
    assert [path for path in every if path in paths] == list(paths)


@given(networks(), st.randoms(use_true_random=False), aparts)
def test_the_order_in_which_links_are_learned_changes_nothing(topology, order, apart):
    nodes, links = list(topology.nodes), list(topology.links)
    order.shuffle(nodes)
    order.shuffle(links)
    turned = [Link(link.name, link.ends[:: order.choice((1, -1))], link.cost) for link in links]
    again = disjoint_paths(Topology.of(nodes, turned), SOURCE, TARGET, 3, apart=apart)
    assert again == disjoint_paths(topology, SOURCE, TARGET, 3, apart=apart)


def trap():
    """The shortest path, s-a-b-t, shares a relay with any other; the best pair avoids it (Suurballe's example)."""
    ends = {"sa": 1, "ab": 1, "bt": 1, "sb": 4, "at": 4}
    return Topology.of([Node(n) for n in "abst"], [Link(name, (name[0], name[1]), cost) for name, cost in ends.items()])


def test_the_best_pair_need_not_contain_the_best_path():
    assert disjoint_paths(trap(), "s", "t", 1)[0].links == ("sa", "ab", "bt")
    assert [path.links for path in disjoint_paths(trap(), "s", "t", 2)] == [("sa", "at"), ("sb", "bt")]


def test_paths_apart_in_links_only_may_meet_at_a_relay():
    links = [Link(f"{name}{i}", (name[0], name[1])) for name in ("sm", "mt") for i in (1, 2)]
    topology = Topology.of([Node(n) for n in "smt"], links)
    assert len(disjoint_paths(topology, "s", "t", 2)) == 1
    assert [p.links for p in disjoint_paths(topology, "s", "t", 2, apart="links")] == [("sm1", "mt1"), ("sm2", "mt2")]
    assert smallest_cut(topology, "s", "t").relays == ("m",)
    assert smallest_cut(topology, "s", "t", apart="links").links in {("mt1", "mt2"), ("sm1", "sm2")}


def test_parallel_direct_links_are_disjoint():
    links = [Link("one", ("s", "t")), Link("two", ("t", "s"))]
    paths = disjoint_paths(Topology.of([Node("s"), Node("t")], links), "s", "t", 5)
    assert [path.links for path in paths] == [("one",), ("two",)]


def test_as_many_paths_as_networkx_counts_in_larger_networks():
    for seed in range(8):
        graph = nx.gnm_random_graph(60, 150, seed=seed)
        graph.remove_edges_from([(0, 59)])
        links = [Link(f"l{i}", (f"n{a}", f"n{b}"), i % 7) for i, (a, b) in enumerate(graph.edges)]
        topology = Topology.of([Node(f"n{i}") for i in range(60)], links)
        count = len(disjoint_paths(topology, "n0", "n59", 60))
        assert count == nx.node_connectivity(graph, 0, 59)
        assert len(disjoint_paths(topology, "n0", "n59", 60, apart="links")) == nx.edge_connectivity(graph, 0, 59)


def split_at_relays(topology):
    """The directed graph of unit capacities in which every node is an entry and an exit, weighted as documented."""
    graph = nx.DiGraph()
    for node in topology.nodes:
        graph.add_edge((node.name, "in"), (node.name, "out"), capacity=1, weight=0)
    for i, link in enumerate(topology.links):
        for one, two in (link.ends, link.ends[::-1]):
            weight = (link.cost * (len(topology.links) + 1) + 1) * 2 ** len(topology.links) + 2**i
            graph.add_edge((one, "out"), (two, "in"), capacity=1, weight=weight)
    return graph


def test_the_set_is_that_of_the_network_simplex_in_larger_networks():
    for seed in range(20):
        graph = nx.gnm_random_graph(24, 70, seed=seed)
        graph.remove_edges_from([(0, 23)])
        links = [Link(f"l{i:02d}", (f"n{a}", f"n{b}"), (7 * i) % 10) for i, (a, b) in enumerate(graph.edges)]
        topology = Topology.of([Node(f"n{i}") for i in range(24)], links)
        paths = disjoint_paths(topology, "n0", "n23", 24)
        flow_graph = split_at_relays(topology)
        flow_graph.add_node(("n0", "out"), demand=-len(paths))
        flow_graph.add_node(("n23", "in"), demand=len(paths))
        flow = nx.min_cost_flow(flow_graph)
        used = {
            frozenset((one, two)) for (one, _), row in flow.items() for (two, _), f in row.items() if f and one != two
        }
        assert used == {frozenset(topology.links[topology.link_index[name]].ends) for p in paths for name in p.links}


def test_a_corner_of_a_grid_has_two_ways_out():
    topology = grid(6, 6)
    paths = disjoint_paths(topology, "n00", "n55", 3)
    assert [path.cost for path in paths] == [10, 10]
    assert smallest_cut(topology, "n00", "n55").size == 2


def test_k_is_positive():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        disjoint_paths(grid(2, 2), "n00", "n11", 0)
