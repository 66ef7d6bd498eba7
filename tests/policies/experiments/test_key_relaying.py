"""Relayed keys in bulk: what arrives, what is secure, what ends say, and what an audit finds."""

import numpy as np
import pytest
from qkdctl_policies.experiments.key_relaying import KeyRelaying

from hil_sim.key_relay.conduct import RouterConduct
from qkdctl.abft.quorum import Electorate
from qkdctl.evidence.relay_audit import audit_relays
from qkdctl.records.path_tally import MOST_TALLIES
from qkdctl.records.relay_audits import KeyCase
from tests.policies.experiments.tiny import diamond, plan

PLENTY = np.full(5, 1_000_000)
ALL = 1_000_000


def relaying(stage, **conduct) -> KeyRelaying:
    return KeyRelaying(stage.network, stage.demands, conduct, epoch_s=10.0, seed=1)


def test_every_key_of_an_honest_path_arrives_and_is_paid_for_on_each_link(tmp_path) -> None:
    stage = diamond(tmp_path)
    got = relaying(stage).run([plan("abd")], PLENTY, attacked=True)
    assert (got.asked.tolist(), got.delivered.tolist(), got.secure.tolist()) == ([10], [10], [10])
    used = dict(zip(stage.network.link_names, got.used_bits.tolist(), strict=True))
    assert used == {"a-b": 2560, "b-d": 2560, "a-c": 0, "c-d": 0, "d-e": 0}
    assert got.tallies == {}


def test_a_path_that_runs_out_of_key_loses_one_and_rests(tmp_path) -> None:
    stage = diamond(tmp_path)
    short = np.array([3 * 256 + 200 if name == "b-d" else ALL for name in stage.network.link_names])
    got = relaying(stage).run([plan("abd")], short, attacked=True)
    assert got.delivered.tolist() == [3]
    [tally] = got.tallies["a"]
    assert (tally.equal, tally.failed, tally.unequal) == (3, 1, "")
    assert got.tallies["a"] == got.tallies["d"]


def test_an_end_of_more_paths_than_a_report_has_room_for_tells_of_those_that_lost_the_most(tmp_path) -> None:
    many = MOST_TALLIES + 6
    stage = diamond(tmp_path, demands=(("a", "d"),) * many, bits=2560)
    plans = [plan("abd" if number % 2 else "acd", demand=f"d{number}") for number in range(many)]
    short = np.array([0 if name == "b-d" else 150 * 256 for name in stage.network.link_names])
    got = relaying(stage, c=RouterConduct(drop_ppm=ALL)).run(plans, short, attacked=True)
    told = got.tallies["a"]
    assert len(told) == MOST_TALLIES
    assert [tally.path for tally in told] == sorted(tally.path for tally in told)
    assert {tally.demand for tally in told} > {f"d{number}" for number in range(0, many, 2)}


def test_a_demand_without_a_route_gets_nothing(tmp_path) -> None:
    stage = diamond(tmp_path)
    for plans in ([], [plan()]):
        assert relaying(stage).run(plans, PLENTY, attacked=True).delivered.tolist() == [0]


@pytest.mark.parametrize(("field", "unequal"), [("drop_ppm", False), ("corrupt_ppm", True)])
def test_a_byzantine_relay_stops_keys_only_once_it_strikes(tmp_path, field, unequal) -> None:
    keys = relaying(diamond(tmp_path), b=RouterConduct(**{field: ALL}))
    assert keys.run([plan("abd")], PLENTY, attacked=False).delivered.tolist() == [10]
    got = keys.run([plan("abd")], PLENTY, attacked=True)
    assert got.delivered.tolist() == [0]
    assert bool(got.tallies["a"][0].unequal) is unequal


def test_keys_that_a_byzantine_relay_reads_arrive_and_are_not_secure(tmp_path) -> None:
    got = relaying(diamond(tmp_path), b=RouterConduct()).run([plan("abd")], PLENTY, attacked=True)
    assert (got.delivered.tolist(), got.secure.tolist()) == ([10], [0])


def test_one_byzantine_relay_neither_stops_nor_reads_keys_shared_over_two_paths_of_which_two_are_needed(
    tmp_path,
) -> None:
    spied = relaying(diamond(tmp_path), b=RouterConduct())
    assert spied.run([plan("abd", "acd", threshold=2)], PLENTY, attacked=True).secure.tolist() == [10]
    assert spied.run([plan("abd", "acd", threshold=1)], PLENTY, attacked=True).secure.tolist() == [0]
    stopped = relaying(diamond(tmp_path), b=RouterConduct(drop_ppm=ALL))
    assert stopped.run([plan("abd", "acd", threshold=2)], PLENTY, attacked=True).delivered.tolist() == [0]
    assert stopped.run([plan("abd", "acd", threshold=1)], PLENTY, attacked=True).delivered.tolist() == [10]


def test_a_relay_that_spoils_one_key_in_fifty_spoils_one_in_fifty(tmp_path) -> None:
    stage = diamond(tmp_path, bits=2_560_000)
    got = relaying(stage, b=RouterConduct(corrupt_ppm=20_000)).run(
        [plan("abd", bits=2_560_000)], np.full(5, 10**9), attacked=True
    )
    assert 9700 < got.delivered[0] < 9900
    assert got.delivered[0] == got.tallies["a"][0].equal == 10_000 - got.tallies["a"][0].failed


@pytest.mark.parametrize("audit", ["honest", "false-key", "false-announcement"])
def test_an_audit_of_a_spoilt_key_blames_the_relay_or_puts_it_in_dispute_and_nobody_else(tmp_path, audit) -> None:
    keys = relaying(diamond(tmp_path), b=RouterConduct(corrupt_ppm=ALL, audit=audit))
    key = keys.run([plan("abd")], PLENTY, attacked=True).tallies["a"][0].unequal
    views = keys.views([KeyCase(key=key, path=("a", "b", "d"), asked=1)])
    told = [(node, view) for node, own in views.items() for view in own]
    [audited] = audit_relays(told, Electorate.equal("abcd", 1).is_weak)
    blamed = {blame.node for blame in audited.blamed}
    assert blamed <= {"b"}
    assert blamed or all("b" in dispute.nodes for dispute in audited.disputes)
    assert audited.blamed or audited.disputes


def test_an_end_that_denies_its_keys_spoils_its_own_demand(tmp_path) -> None:
    stage = diamond(tmp_path, demands=(("a", "d"), ("a", "e")))
    got = relaying(stage, e=RouterConduct(deny_ppm=ALL)).run(
        [plan("abd"), plan("acde", demand="d1")], PLENTY, attacked=True
    )
    assert got.delivered.tolist() == [10, 0]
