"""The graph is one value whatever the order in which it was learned, and refuses what is none."""

import itertools

import pytest

from qkdctl.routing.topology import MAX_COST, Link, Node, Topology

NODES = [Node("a"), Node("b"), Node("c", relays=False)]
LINKS = [Link("ab", ("a", "b"), 3), Link("ab2", ("b", "a")), Link("bc", ("b", "c"))]


def test_order_of_construction_is_irrelevant():
    built = {
        Topology.of(nodes, links) for nodes in itertools.permutations(NODES) for links in itertools.permutations(LINKS)
    }
    assert len(built) == 1


def test_nodes_are_left_out_with_their_links():
    topology = Topology.of(NODES, LINKS)
    assert topology.without(nodes=["a"]) == Topology.of(NODES[1:], LINKS[2:])
    assert topology.without(links=["ab"], nodes=["c"]) == Topology.of(NODES[:2], LINKS[1:2])
    assert topology.without() == topology


def test_leaving_out_what_is_unknown_is_refused():
    with pytest.raises(ValueError, match="not there: x, cd"):
        Topology.of(NODES, LINKS).without(nodes=["x"], links=["cd"])


@pytest.mark.parametrize(
    ("nodes", "links", "reason"),
    [
        ([Node("a"), Node("a", relays=False)], [], "unique"),
        ([Node("a"), Node("b")], [Link("l", ("a", "b")), Link("l", ("a", "b"))], "unique"),
        ([Node("a"), Node("b")], [Link("l", ("a", "c"))], "ends at c"),
    ],
)
def test_contradictory_graphs_are_refused(nodes, links, reason):
    with pytest.raises(ValueError, match=reason):
        Topology.of(nodes, links)


def test_unsorted_graphs_are_refused():
    with pytest.raises(ValueError, match="sorted"):
        Topology((Node("b"), Node("a")), ())


@pytest.mark.parametrize(("ends", "cost"), [(("a", "a"), 1), (("a", "b"), -1), (("a", "b"), MAX_COST + 1)])
def test_impossible_links_cannot_be_made(ends, cost):
    with pytest.raises(ValueError):
        Link("l", ends, cost)


@pytest.mark.parametrize(("ends", "reason"), [(("a", "x"), "got x"), (("a", "a"), "twice")])
def test_demands_have_two_known_ends(ends, reason):
    with pytest.raises(ValueError, match=reason):
        Topology.of(NODES, LINKS).ends(*ends)
