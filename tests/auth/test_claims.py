"""Information-theoretic security is claimed only where it is true."""

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.auth.claims import FalseClaimError, refuse_false_claim, vertex_connectivity, ways_from
from qkdctl.auth.levels import Kind, Level, Way
from qkdctl.auth.limits import Limits
from qkdctl.routing.disjoint import smallest_cut
from qkdctl.routing.topology import Link, Node, Topology
from tests.routing.networks import networks

STRICT = Limits(fallback=False)


def topology(nodes: int, edges: list[tuple[int, int]]) -> Topology:
    return Topology.of([Node(f"n{i}") for i in range(nodes)], [Link(f"l{i}-{j}", (f"n{i}", f"n{j}")) for i, j in edges])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    nodes = draw(st.integers(2, 7))
    return nodes, draw(st.lists(st.sampled_from(list(combinations(range(nodes), 2))), unique=True))


@settings(max_examples=60)
@given(graphs())
def test_connectivity_is_that_of_graph_theory(graph: tuple[int, list[tuple[int, int]]]) -> None:
    nodes, edges = graph
    judge = nx.Graph(edges)
    judge.add_nodes_from(range(nodes))
    assert vertex_connectivity(topology(nodes, edges)) == nx.node_connectivity(judge)


@settings(max_examples=60)
@given(graphs())
def test_so_many_relays_less_one_never_cut_two_nodes_off(graph: tuple[int, list[tuple[int, int]]]) -> None:
    nodes, edges = graph
    kappa = vertex_connectivity(topology(nodes, edges))
    for lost in combinations(range(nodes), kappa - 1) if kappa else ():
        left = nx.Graph(edges)
        left.add_nodes_from(range(nodes))
        left.remove_nodes_from(lost)
        assert nx.is_connected(left)


@settings(max_examples=100)
@given(networks(most_relays=5, most_links=12), st.integers(2, 7))
def test_connectivity_is_the_smallest_cut_of_all_pairs(network: Topology, count: int) -> None:
    """Among any of the nodes, some of which relay nothing; few of the pairs are really looked at."""
    names = [node.name for node in network.nodes][:count]
    linked = {frozenset(link.ends) for link in network.links}
    cuts = [smallest_cut(network, *pair).size for pair in combinations(names, 2) if frozenset(pair) not in linked]
    assert vertex_connectivity(network, names) == min(cuts, default=len(network.nodes) - 1)


def test_a_node_that_does_not_relay_connects_nobody() -> None:
    square = topology(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert vertex_connectivity(square) == 2
    nodes = [Node("n0"), Node("n1", relays=False), Node("n2"), Node("n3")]
    assert vertex_connectivity(Topology.of(nodes, square.links), ("n0", "n2")) == 1


def test_connectivity_among_members_counts_relays_that_are_none() -> None:
    star = topology(5, [(0, 4), (1, 4), (2, 4), (3, 4)])
    assert vertex_connectivity(star, ("n0", "n1")) == 1
    with pytest.raises(ValueError, match="two nodes or more, got n0"):
        vertex_connectivity(star, ("n0",))


def test_ways_follow_from_the_links() -> None:
    ring = topology(5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)])
    ways = ways_from(ring, "n0", [node.name for node in ring.nodes], vertex_connectivity(ring))
    assert ways == {"n1": Way(), "n2": Way("relayed", 2), "n3": Way("relayed", 2), "n4": Way()}
    assert {str(way.level) for way in ways.values()} == {"its", "its-relayed(2)"}
    assert Way("hybrid").level == Level(Kind.HYBRID)


@pytest.mark.parametrize(("faults", "allowed"), [(0, True), (1, True), (2, False)])
def test_relayed_key_needs_2f_plus_1_ways(faults: int, *, allowed: bool) -> None:
    ways = {"n1": Way(), "n2": Way("relayed", 3)}
    if allowed:
        refuse_false_claim("information-theoretic", ways, faults, STRICT)
        return
    with pytest.raises(FalseClaimError, match=r"n2 is relayed and .* is 3, below 2f \+ 1 = 5; claim computational"):
        refuse_false_claim("information-theoretic", ways, faults, STRICT)
    refuse_false_claim("computational", ways, faults, STRICT)


def test_a_fallback_or_a_hybrid_key_makes_the_claim_false() -> None:
    with pytest.raises(FalseClaimError, match="forbid the fallback"):
        refuse_false_claim("information-theoretic", {"n1": Way()}, 1, Limits())
    with pytest.raises(FalseClaimError, match="n1 is hybrid"):
        refuse_false_claim("information-theoretic", {"n1": Way("hybrid")}, 0, STRICT)
    refuse_false_claim("computational", {"n1": Way("hybrid")}, 0, Limits())


def test_all_reasons_are_named_at_once() -> None:
    ways = {"n1": Way("hybrid"), "n2": Way("relayed", 1)}
    with pytest.raises(FalseClaimError) as refusal:
        refuse_false_claim("information-theoretic", ways, 1, Limits())
    assert all(word in str(refusal.value) for word in ("n1", "n2", "fallback"))
