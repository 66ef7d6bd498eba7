"""Flat arrays say the same as the paths they were made from, and large networks take seconds at most."""

import itertools
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.routing.disjoint import disjoint_paths
from qkdctl.routing.shortest import k_shortest_paths
from qkdctl.routing.table import PathTable
from qkdctl.routing.topology import Link, Node, Topology
from tests.routing.networks import SOURCE, TARGET, grid, networks

DEMANDS = [(SOURCE, TARGET), (TARGET, SOURCE)]


def rows(flat, offsets):
    return [tuple(flat[a:b]) for a, b in itertools.pairwise(offsets)]


@given(networks(), st.integers(1, 6))
def test_arrays_name_the_paths(topology, k):
    table = PathTable.of_k_shortest(topology, DEMANDS, k)
    expected = [k_shortest_paths(topology, *demand, k) for demand in DEMANDS]
    links = [tuple(topology.links[i].name for i in row) for row in rows(table.path_links, table.path_offsets)]
    relays = [tuple(topology.nodes[i].name for i in row) for row in rows(table.path_relays, table.relay_offsets)]
    assert links == [path.links for paths in expected for path in paths]
    assert relays == [path.relays for paths in expected for path in paths]
    assert list(table.path_cost) == [path.cost for paths in expected for path in paths]
    assert list(np.diff(table.demand_offsets)) == [len(paths) for paths in expected]
    assert list(table.path_demand) == [d for d, paths in enumerate(expected) for _ in paths]


@given(networks(), st.integers(0, 2**32))
def test_least_and_load_are_those_of_a_loop_over_paths(topology, seed):
    table = PathTable.of_k_shortest(topology, DEMANDS, 4)
    draw = np.random.default_rng(seed)
    key = draw.integers(0, 100, (3, len(topology.links)))
    paths = rows(table.path_links, table.path_offsets)
    assert table.least(key).tolist() == [[min(row[list(path)]) for path in paths] for row in key]
    sent = draw.integers(0, 100, len(paths))
    expected = [sum(int(bits) for bits, path in zip(sent, paths, strict=True) if i in path) for i in range(table.links)]
    assert table.link_load(sent).tolist() == expected


def test_any_candidates_make_a_table():
    topology = grid(3, 3)
    demands = [("n00", "n22"), ("n00", "n02")]
    table = PathTable.of(topology, demands, [disjoint_paths(topology, *demand, 2) for demand in demands])
    assert list(table.demand_offsets) == [0, 2, 4]
    assert len(set(table.path_relays[: table.relay_offsets[2]].tolist())) == table.relay_offsets[2]


def test_a_demand_without_a_path_has_an_empty_row():
    topology = Topology.of([Node(n) for n in "ast"], [Link("sa", ("s", "a"))])
    table = PathTable.of_k_shortest(topology, [("s", "t"), ("s", "a")], 3)
    assert list(table.demand_offsets) == [0, 0, 1]
    none = PathTable.of_k_shortest(topology, [("s", "t")], 3)
    assert none.least([1.0]).shape == (0,)
    assert none.link_load([]).tolist() == [0.0]


def test_a_thousand_nodes_and_two_hundred_demands():
    """Bounded by the work done, not by the clock: pytest's own time limit is the only one."""
    draw = random.Random(1)
    names = [f"n{i:03d}" for i in range(1000)]
    tree = [(names[draw.randrange(max(0, i - 40), i)], names[i]) for i in range(1, 1000)]
    more = [(names[i], names[min(999, i + draw.randint(2, 60))]) for i in draw.choices(range(990), k=1001)]
    links = [Link(f"l{i:04d}", ends, draw.randint(1, 50)) for i, ends in enumerate(tree + more)]
    topology = Topology.of([Node(name) for name in names], links)
    table = PathTable.of_k_shortest(topology, [tuple(draw.sample(names, 2)) for _ in range(200)], 5)
    assert list(np.diff(table.demand_offsets)) == [5] * 200
    cost = np.array([link.cost for link in topology.links])
    assert np.array_equal(np.add.reduceat(cost[table.path_links], table.path_offsets[:-1]), table.path_cost)
    assert np.all(np.diff(table.path_cost.reshape(200, 5)) >= 0)
