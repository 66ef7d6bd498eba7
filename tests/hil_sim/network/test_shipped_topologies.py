"""The topologies that ship agree with what was published, and with physics."""

import re
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from hil_sim.network.geography import great_circle_km
from hil_sim.network.topology import load_topology, topology_names
from qkdctl.records.relay import MOST_NODES

SHIPPED = topology_names()


def spans_of(name):
    return {span.name: span for span in load_topology(name).spans}


@pytest.mark.parametrize(
    ("name", "sites", "spans"),
    [
        ("madqci", 9, 9),
        ("secoqc-vienna", 6, 8),
        ("tokyo", 6, 6),
        ("swissquantum", 3, 3),
        ("cambridge", 3, 3),
        ("hefei", 46, 43),
        ("beijing-shanghai", 32, 31),
        ("nsfnet", 14, 21),
    ],
)
def test_sites_and_spans_are_as_many_as_published(name, sites, spans):
    topology = load_topology(name)
    assert (len(topology.sites), len(topology.spans)) == (sites, spans)


def test_every_shipped_topology_is_in_the_table_above():
    assert set(SHIPPED) == {
        "madqci", "secoqc-vienna", "tokyo", "swissquantum", "cambridge", "hefei", "beijing-shanghai", "nsfnet",
    }  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_sources_name_a_doi_or_an_arxiv_number(name):
    topology = load_topology(name)
    assert topology.name == name
    assert topology.title
    assert topology.sources
    assert all(re.search(r"doi:10\.\d{4,}/\S+|arXiv:\d{4}\.\d{4,5}", source) for source in topology.sources)


@pytest.mark.parametrize("name", SHIPPED)
def test_fibre_is_no_shorter_than_the_way_over_the_earth(name):
    topology = load_topology(name)
    sites = {site.name: site for site in topology.sites}
    for span in topology.spans:
        stops = [sites[stop] for stop in span.path]
        direct = sum(
            float(great_circle_km(a.latitude_deg, a.longitude_deg, b.latitude_deg, b.longitude_deg))
            for a, b in pairwise(stops)
        )
        assert span.length_km >= 0.98 * direct - 0.2, span.name


@pytest.mark.parametrize("name", SHIPPED)
def test_fibre_loses_between_15_and_50_hundredths_of_a_db_per_km_besides_its_ends_or_says_why(name):
    for span in load_topology(name).spans:
        if span.medium != "free-space" and not span.remark:
            assert 0.15 * span.length_km <= span.loss_db <= 0.5 * span.length_km + 2, span.name


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_has_a_source_or_is_marked_as_an_estimate(name):
    for span in load_topology(name).spans:
        assert span.source or span.estimated or name == "swissquantum", span.name


def test_madqci_has_the_lengths_and_losses_of_figure_2():
    spans = spans_of("madqci")
    assert (spans["quiron-quijote"].length_km, spans["quiron-quijote"].loss_db) == (24.5, 8.72)
    assert (spans["quevedo-quijano"].length_km, spans["quevedo-quijano"].loss_db) == (33.1, 11.8)
    assert sum(span.length_km for span in spans.values()) > 130, "more than 130 km of fibre, arXiv:2409.01069, abstract"


def test_secoqc_ran_six_technologies():
    protocols = {protocol for span in spans_of("secoqc-vienna").values() for protocol in span.protocols}
    assert protocols == {"cow", "decoy-bb84", "bbm92", "cv-qkd", "sarg04", "bb84"}
    assert spans_of("secoqc-vienna")["erd-frm"].medium == "free-space"


def test_losses_that_secoqc_does_not_publish_are_estimated_from_those_it_does():
    spans = spans_of("secoqc-vienna")
    measured = [spans[name].loss_db / spans[name].length_km for name in ("sie-brt", "erd-brt")]
    assert spans["stp-brt"].estimated == ("loss_db",)
    assert spans["stp-brt"].loss_db / 85 == pytest.approx(np.mean(measured), rel=0.02)


def test_tokyo_has_the_long_loop_of_27_db():
    loop = spans_of("tokyo")["koganei-1-koganei-2"]
    assert (loop.length_km, loop.loss_db, loop.protocols) == (90, 27, ("dps",))


def test_hefei_users_are_where_figure_1_puts_them():
    spans = spans_of("hefei").values()
    users = {relay: sum(span.b == f"tr-{relay}" and span.a.startswith("ub") for span in spans) for relay in (1, 2, 3)}
    switched = {switch: sum(span.switch == f"os-{switch}" for span in spans) for switch in (1, 2, 3)}
    assert users == {1: 12, 2: 5, 3: 10}
    assert switched == {1: 5, 2: 2, 3: 6}


def test_hefei_switches_hold_no_keys_and_only_its_relays_relay():
    topology = load_topology("hefei")
    assert topology.passive_sites() == {"os-1", "os-2", "os-3"}
    assert {site.name for site in topology.sites if site.may_relay} == {"tr-1", "tr-2", "tr-3"}


def test_the_backbone_is_a_chain_of_trusted_nodes_over_2000_km():
    topology = load_topology("beijing-shanghai")
    degrees = np.bincount(topology.ends().ravel())
    assert sorted(degrees) == [1, 1, *[2] * 30]
    assert sum(span.length_km for span in topology.spans) == pytest.approx(2032, abs=1)
    assert all("length_km" in span.estimated for span in topology.spans)


def test_nsfnet_is_scaled_to_a_reach_where_keys_are_made():
    topology = load_topology("nsfnet")
    assert max(span.length_km for span in topology.spans) == 70
    assert sorted(np.bincount(topology.ends().ravel())) == [2, 2, *[3] * 10, 4, 4]


@pytest.mark.parametrize("name", SHIPPED)
def test_keys_can_be_relayed_from_any_end_to_any_other(name):
    graph = nx.Graph([(span.a, span.b) for span in load_topology(name).spans])
    hops = max(max(far.values()) for _, far in nx.all_pairs_shortest_path_length(graph))
    assert hops < MOST_NODES
