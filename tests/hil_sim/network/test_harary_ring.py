"""Rings of a given connectivity."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.harary_ring import harary_ring
from hil_sim.network.topology_checks import problems_of


@st.composite
def sizes(draw):
    connectivity = draw(st.integers(1, 10))
    return draw(st.integers(max(3, connectivity + 1), 24)), connectivity


@given(size=sizes())
def test_as_many_nodes_as_were_asked_for_must_fail_to_part_it_and_no_network_does_it_with_fewer_spans(size):
    nodes, connectivity = size
    topology = harary_ring(nodes, connectivity)
    graph = nx.Graph([(span.a, span.b) for span in topology.spans])
    assert len(graph) == nodes
    assert nx.node_connectivity(graph) == connectivity
    # Every node needs as many spans, so half of them all; a chain needs one less than nodes.
    assert len(topology.spans) == (nodes - 1 if connectivity == 1 else -(-connectivity * nodes // 2))


@given(size=sizes(), diameter_km=st.floats(1, 200))
def test_networks_pass_the_checks_of_files(size, diameter_km):
    topology = harary_ring(*size, diameter_km=diameter_km)
    assert problems_of(topology.sites, topology.spans) == []


def test_spans_to_the_nearest_are_as_long_as_a_hexagon_says():
    lengths = {span.length_km for span in harary_ring(6, 2, diameter_km=40.0).spans}
    assert lengths == {26.0}, "side of the hexagon, 20 km, times 1.3"


def test_arguments_out_of_range_are_told():
    with pytest.raises(ValueError, match="connectivity must be 1 to 3, not 4"):
        harary_ring(4, 4)
    with pytest.raises(ValueError, match="nodes must be 3 to 1000, not 2"):
        harary_ring(2, 1)
