"""The document adds up, whatever happens in the network."""

import json

import numpy as np
import pytest

from hil_sim.adversary.kinds import EFFECTS
from hil_sim.network.run.document import document_of, rounded, share
from hil_sim.network.run.network_run import NetworkRun
from tests.hil_sim.network.run.books import check_books
from tests.hil_sim.network.run.scenarios import MADRID, built, run_of


def document(run: NetworkRun) -> dict:
    return document_of(run, "test", "text", planned=run.epochs)


def test_books_close_under_realignments_that_cut_blocks() -> None:
    run = run_of(built(), 200, 0.012)
    result = document(run)
    check_books(result)
    assert sum(link["sifted"]["wasted_bits"] for link in result["links"]) > 0
    assert sum(link["realignments"] for link in result["links"]) > 0
    assert all(link["dead_s"] == pytest.approx(20.0 * link["realignments"], abs=20.0) for link in result["links"])


def test_books_close_where_post_processing_and_buffers_overflow() -> None:
    buffers = {"least_bits": 1000, "ready_bits": 2000, "start_bits": 0, "most_bits": 3_000_000}
    network = {"topology": "madqci", "hardware": "slow", "authentication_bps": 333.3}
    slow = {"preset": "snspd", "post_processing_bps": 5e6, "blocks": {"sifted_bits": 1_000_000}}
    result = document(run_of(built(network=network, buffers=buffers, hardware={"slow": slow}), 200))
    check_books(result)
    assert any(link["key"]["lost_bits"] > 0 for link in result["links"])
    assert any(link["buffer"]["discarded_bits"] > 0 for link in result["links"])
    used = {link["buffer"]["authentication_bits"] for link in result["links"]}
    assert max(used) == int(333.3 * 2000)


def test_books_close_for_credit_that_runs_along() -> None:
    own = {"preset": "ingaas-slow", "blocks": {"credit": "running", "security": "asymptotic", "sifted_bits": 500_000}}
    result = document(
        run_of(built(hardware={"own": own}, network={"topology": "madqci", "hardware": "own"}), 60, 0.012)
    )
    check_books(result)
    assert all(link["keying_share"] > 0.5 for link in result["links"])


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_books_close_under_every_kind_of_misbehaviour(kind: str) -> None:
    midway = EFFECTS[kind].part == "announcements"
    network = {"mesh": {"nodes": 8, "seed": 1, "relay_share": float(midway)}}
    nodes = ["relay-01", "relay-02"] if midway else ["n1", "n2"]
    adversaries = [{"nodes": nodes, "kinds": [kind], "strength": 0.5, "start_epoch": 3}]
    buffers = {"least_bits": 0, "ready_bits": 1000, "start_bits": 100_000}
    result = document(run_of(built(network=network, adversaries=adversaries, buffers=buffers), 30, 0.2))
    check_books(result)
    assert result["adversaries"]["byzantine_nodes"] == nodes


def test_without_adversaries_nothing_is_said_about_them() -> None:
    result = document(run_of(built(), 3))
    assert result["adversaries"] is None
    assert all(demand["honest_ends"] for demand in result["demands"])


def test_honest_pairs_are_compared_with_the_same_weather_without_attack() -> None:
    spoiler = [{"nodes": ["quevedo"], "kinds": ["withhold-keys"]}]
    demands = [{"pairs": [["quiron", "norte"], ["quiron", "quijote"], ["quevedo", "norte"]], "rate_bps": 2000.0}]
    attacked = document(run_of(built(adversaries=spoiler, demands=demands), 40))
    free = document(run_of(built(demands=demands), 40))
    assert [link["sifted"] for link in attacked["links"]] == [link["sifted"] for link in free["links"]]
    figures = attacked["adversaries"]
    honest = [demand for demand in attacked["demands"] if demand["honest_ends"]]
    assert figures["honest_demands"] == len(honest) == 2
    reference = sum(demand["delivered_bits"] for demand in free["demands"][:2])
    assert figures["honest_delivered_bits_without_attack"] == reference
    assert figures["honest_delivered_bits"] == honest[1]["delivered_bits"] > 0
    assert honest[0]["delivered_bits"] == 0
    assert figures["honest_demand_served"] == pytest.approx(honest[1]["delivered_bits"] / reference, rel=1e-5)
    nodes = attacked["topology"]["nodes_with_key"]
    assert figures["honest_pair_share"] == pytest.approx((nodes - 1) * (nodes - 2) / (nodes * (nodes - 1)), rel=1e-5)
    assert figures["attacked_links"] == []


def test_keys_that_spies_relay_are_leaked_and_delivered() -> None:
    spy = [{"nodes": ["quevedo"], "kinds": ["spy"]}]
    demands = [{"pairs": [["quiron", "norte"], ["quiron", "quijote"]], "rate_bps": 2000.0}]
    through, beside = document(run_of(built(adversaries=spy, demands=demands), 40))["demands"]
    assert through["leaked_bits"] == pytest.approx(through["delivered_bits"], rel=1e-5)
    assert beside["leaked_bits"] == 0


def test_attacked_links_are_named_once_they_have_been_attacked() -> None:
    eavesdropper = [{"links": ["norte-distrito"], "kinds": ["intercept-resend"], "start_epoch": 5}]
    network = built(adversaries=eavesdropper)
    assert document(run_of(network, 5))["adversaries"]["attacked_links"] == []
    result = document(run_of(network, 6))
    assert result["adversaries"]["attacked_links"] == ["norte-distrito"]
    assert [link["name"] for link in result["links"] if link["attacked"]] == ["norte-distrito"]


def test_a_network_that_nobody_uses_has_no_service_to_judge() -> None:
    result = document(run_of(built(demands=[]), 3))
    network = result["network"]
    assert network["throughput_bps"] == 0
    assert network["availability"] is network["delivery_loss_ratio"] is network["response_delay_s"] is None


def test_service_is_out_while_a_link_is_out_of_key_and_restored_with_it() -> None:
    buffers = {"least_bits": 0, "ready_bits": 1000, "start_bits": 0}
    demands = [{"pairs": [["concepcion", "distrito"]], "rate_bps": 500.0, "patience_s": 20.0}]
    network = document(run_of(built(buffers=buffers, demands=demands), 120))["network"]
    assert network["outages"] >= 1
    assert 0 < network["availability"] < 1
    assert network["service_restoration_time_s"] > 10.0
    assert network["longest_outage_s"] >= network["service_restoration_time_s"]


def test_the_document_is_json_without_special_numbers() -> None:
    text = json.dumps(document(run_of(built(), 2)), allow_nan=False)
    assert json.loads(text)["scenario"]["seed"] == MADRID["seed"]


def test_numbers_are_rounded_to_six_digits_and_gaps_are_null() -> None:
    assert rounded(1234567.0) == 1234570.0
    assert rounded(np.float64("nan")) is None
    assert share(1, 0) is None
    assert share(1, 3) == 0.333333
