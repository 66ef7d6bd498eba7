"""Made-up metropolitan networks: connected, planar, of the size and shape that was asked for."""

import time

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil_sim.network.geography import flat_map_km
from hil_sim.network.metro_mesh import metro_mesh
from hil_sim.network.topology_checks import problems_of

seeds = st.integers(0, 2**32 - 1)


def graph_of(topology):
    graph = nx.Graph()
    graph.add_nodes_from(site.name for site in topology.sites if site.name not in topology.passive_sites())
    graph.add_edges_from((span.a, span.b) for span in topology.spans)
    return graph


def map_of(topology):
    return flat_map_km([site.latitude_deg for site in topology.sites], [site.longitude_deg for site in topology.sites])


@given(nodes=st.integers(2, 60), seed=seeds, mean_degree=st.floats(1, 6))
def test_every_node_is_reached(nodes, seed, mean_degree):
    graph = graph_of(metro_mesh(nodes, seed, mean_degree=mean_degree))
    assert len(graph) == nodes
    assert nx.is_connected(graph)


@given(nodes=st.integers(3, 60), seed=seeds, mean_degree=st.floats(1, 6))
def test_no_single_span_cuts_a_two_edge_connected_network(nodes, seed, mean_degree):
    graph = graph_of(metro_mesh(nodes, seed, mean_degree=mean_degree, two_edge_connected=True))
    assert nx.is_connected(graph)
    assert not nx.has_bridges(graph)


@given(nodes=st.integers(2, 40), seed=seeds)
def test_the_same_seed_makes_the_same_network(nodes, seed):
    assert metro_mesh(nodes, seed) == metro_mesh(nodes, seed)


def test_other_seeds_make_other_networks():
    assert len({metro_mesh(20, seed).sites for seed in range(5)}) == 5


@settings(max_examples=40)
@given(nodes=st.integers(2, 40), seed=seeds, side_km=st.floats(1, 200), route_factor=st.floats(1.2, 5),
       attenuation=st.floats(0.14, 0.5), ends=st.floats(0, 2), relay_share=st.floats(0, 1),
       latitude=st.floats(-60, 60))  # fmt: skip
def test_networks_pass_the_checks_of_files(
    nodes, seed, side_km, route_factor, attenuation, ends, relay_share, latitude
):
    topology = metro_mesh(
        nodes, seed, side_km=side_km, route_factor=route_factor, attenuation_db_per_km=attenuation, ends_loss_db=ends,
        relay_share=relay_share, centre_deg=(latitude, 10.0),
    )  # fmt: skip
    assert problems_of(topology.sites, topology.spans) == []


@given(nodes=st.integers(3, 40), seed=seeds, mean_degree=st.floats(1, 6))
def test_spans_do_not_cross(nodes, seed, mean_degree):
    topology = metro_mesh(nodes, seed, mean_degree=mean_degree)
    ends, places = topology.ends(), map_of(topology)
    assert nx.check_planarity(graph_of(topology))[0]
    for index, (a, b) in enumerate(ends):
        for c, d in ends[index + 1 :]:
            if len({a, b, c, d}) == 4:
                assert not (apart(places, a, b, c, d) and apart(places, c, d, a, b))


def apart(places, a, b, c, d):
    """Whether c and d are on different sides of the line through a and b."""
    way = places[b] - places[a]
    sides = [way[0] * (places[x] - places[a])[1] - way[1] * (places[x] - places[a])[0] for x in (c, d)]
    return sides[0] * sides[1] < 0


@pytest.mark.parametrize("mean_degree", [2.2, 3.0, 4.0])
def test_the_mean_degree_is_what_was_asked_for(mean_degree):
    topology = metro_mesh(300, 1, mean_degree=mean_degree)
    assert 2 * len(topology.spans) / 300 == pytest.approx(mean_degree, abs=0.01)


def test_fibre_is_longer_than_the_straight_line_by_the_route_factor():
    topology = metro_mesh(300, 2, route_factor=1.4)
    ends, places = topology.ends(), map_of(topology)
    straight = np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1)
    factors = np.array([span.length_km for span in topology.spans]) / straight
    assert factors.mean() == pytest.approx(1.4, abs=0.02)
    assert factors.min() > 1.29
    assert factors.max() < 1.51


def test_loss_is_that_of_fibre_and_ends():
    for span in metro_mesh(30, 3, attenuation_db_per_km=0.2, ends_loss_db=1.0).spans:
        assert span.loss_db == pytest.approx(0.2 * span.length_km + 1.0, abs=0.002)


def test_sites_keep_their_distance_and_stay_in_the_square():
    places = map_of(metro_mesh(200, 4, side_km=40))
    distances = np.linalg.norm(places[:, None] - places[None, :], axis=2)[np.triu_indices(200, 1)]
    assert distances.min() > 0.55 * 40 / np.sqrt(200)
    assert np.ptp(places, axis=0).max() <= 40 * 1.01


def test_the_longest_spans_get_relays_that_hold_no_keys():
    topology = metro_mesh(50, 5, relay_share=0.2)
    relayed = [span for span in topology.spans if span.relay]
    assert len(relayed) == round(0.2 * len(topology.spans))
    assert topology.passive_sites() == {span.relay for span in relayed}
    assert not any(site.may_relay for site in topology.sites if site.name in topology.passive_sites())
    lengths = sorted((span.length_km for span in topology.spans), reverse=True)
    assert min(span.length_km for span in relayed) > lengths[len(relayed) * 2]


def test_a_share_of_the_spans_hangs_on_poles():
    spans = metro_mesh(50, 6, aerial_share=0.4).spans
    assert sum(span.medium == "aerial" for span in spans) == round(0.4 * len(spans))


def test_a_thousand_nodes_take_less_than_two_seconds_of_work():
    start = time.process_time()
    topology = metro_mesh(1000, 7, two_edge_connected=True)
    assert time.process_time() - start < 2
    assert not nx.has_bridges(graph_of(topology))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nodes": 1}, "nodes must be 2 to 1000, not 1"),
        ({"nodes": 1001}, "nodes must be 2 to 1000, not 1001"),
        ({"nodes": 2, "two_edge_connected": True}, "nodes must be 3 to 1000, not 2"),
        ({"mean_degree": 0.5}, "mean_degree must be 1 to 6, not 0.5"),
        ({"route_factor": 1.0}, "route_factor must be 1.2 to 5, not 1"),
        ({"side_km": float("nan")}, "side_km must be 1 to 200, not nan"),
        ({"relay_share": 1.5}, "relay_share must be 0 to 1, not 1.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        metro_mesh(**{"nodes": 10, "seed": 1, **arguments})
