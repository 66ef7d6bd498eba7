"""k-of-n plans: secret against every set of colluding relays, delivered against every set of failing paths."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.routing.plan import NoPlanError, plan_k_of_n
from qkdctl.routing.topology import Link, Node, Topology
from qkdctl.secretsharing.recovery import Recovered, join, recover
from qkdctl.secretsharing.shares import split
from tests.routing.networks import SOURCE, TARGET, disjoint_sets, networks, preference


def fan(ways, direct=0):
    """Ends with relays between them, one link to each end, the i-th way at cost 2 i, and direct links at cost 9."""
    relays = [Node(f"r{i}") for i in range(1, ways + 1)]
    links = [
        Link(f"{relay.name}-{end}", (end, relay.name), i)
        for i, relay in enumerate(relays, 1)
        for end in (SOURCE, TARGET)
    ]
    straight = [Link(f"direct{i}", (SOURCE, TARGET), 9) for i in range(direct)]
    return Topology.of([Node(SOURCE), Node(TARGET), *relays], links + straight)


@pytest.mark.parametrize(
    ("colluding", "failing", "failure", "k", "n"),
    [
        (0, 0, "lying", 1, 1),
        (1, 1, "lying", 2, 4),
        (1, 1, "silent", 2, 3),
        (2, 1, "lying", 3, 5),
        (2, 2, "silent", 3, 5),
    ],
)
def test_a_plan_is_as_small_as_its_promises_allow(colluding, failing, failure, k, n):
    plan = plan_k_of_n(fan(6), SOURCE, TARGET, colluding=colluding, failing=failing, failure=failure)
    assert (plan.k, plan.n) == (k, n)
    assert [path.relays for path in plan.paths] == [(f"r{i}",) for i in range(1, n + 1)]
    assert plan.cost == n * (n + 1)


@given(
    networks(most_relays=5, most_links=12), st.integers(0, 2), st.integers(0, 1), st.sampled_from(["silent", "lying"])
)
def test_a_plan_is_the_cheapest_set_or_there_is_none(topology, colluding, failing, failure):
    spare = failing * (2 if failure == "lying" else 1)
    direct = [link for link in topology.links if {*link.ends} == {SOURCE, TARGET}]
    promises = {"colluding": colluding, "failing": failing, "failure": failure}
    if len(direct) < 1 + spare and not disjoint_sets(topology, colluding + 1 + spare, "relays"):
        with pytest.raises(NoPlanError) as failed:
            plan_k_of_n(topology, SOURCE, TARGET, **promises)
        assert failed.value.needed == colluding + 1 + spare
        assert disjoint_sets(topology, failed.value.available, "relays") != []
        assert disjoint_sets(topology, failed.value.available + 1, "relays") == []
        return
    plan = plan_k_of_n(topology, SOURCE, TARGET, **promises)
    for relays in itertools.combinations([node.name for node in topology.nodes], colluding):
        assert sum(bool({*relays}.intersection(path.relays)) for path in plan.paths) < plan.k
    assert plan.n >= plan.k + spare
    if plan.k == colluding + 1 and len(direct) < 1 + spare:
        assert preference(plan.paths) == min(map(preference, disjoint_sets(topology, plan.n, "relays")))


def test_a_key_survives_all_that_the_plan_promises():
    plan = plan_k_of_n(fan(7), SOURCE, TARGET, colluding=2, failing=2)
    key = b"thirty-two bytes of end-to-end k"
    source = random.Random(2).randbytes
    shares, lies = split(key, plan.k, plan.n, source), split(key[::-1], plan.k, plan.n, source)
    for liars in itertools.combinations(range(plan.n), 2):
        received = [lies[i] if i in liars else shares[i] for i in range(plan.n)]
        assert recover(received, plan.k, most_wrong=2) == Recovered(key, tuple(i + 1 for i in liars))
        assert join([share for i, share in enumerate(shares) if i not in liars], plan.k) == key


def test_every_link_used_pays_one_bit_for_a_bit():
    plan = plan_k_of_n(fan(3), SOURCE, TARGET, colluding=1, failing=0)
    assert plan.key_bits == {"r1-s": 1, "r1-t": 1, "r2-s": 1, "r2-t": 1}


def test_direct_links_need_no_trust():
    plan = plan_k_of_n(fan(6, direct=1), SOURCE, TARGET, colluding=3, failing=0)
    assert (plan.k, [path.links for path in plan.paths]) == (1, [("direct0",)])
    plan = plan_k_of_n(fan(6, direct=3), SOURCE, TARGET, colluding=3, failing=1)
    assert (plan.k, plan.n) == (1, 3)
    plan = plan_k_of_n(fan(6, direct=1), SOURCE, TARGET, colluding=1, failing=1)
    assert (plan.k, plan.n) == (2, 4)


def test_the_reason_for_no_plan_says_what_is_missing():
    topology = fan(3)
    topology = Topology.of(
        [replace(node, relays=node.name != "r3") for node in topology.nodes], [*topology.links, Link("x", ("r1", "r3"))]
    )
    with pytest.raises(
        NoPlanError, match=r"s to t needs 4 .*2 shares to read, 2 to spare.* has 2: all lead through relay r1, relay r2"
    ) as failed:
        plan_k_of_n(topology, SOURCE, TARGET, colluding=1, failing=1)
    assert (failed.value.needed, failed.value.available) == (4, 2)
    assert failed.value.cut.relays == ("r1", "r2")


def test_ends_without_any_path_are_said_not_to_be_connected():
    with pytest.raises(NoPlanError, match="has 0: they are not connected"):
        plan_k_of_n(fan(0), SOURCE, TARGET, colluding=0, failing=0)


@pytest.mark.parametrize(("colluding", "failing"), [(-1, 0), (0, -1), (200, 40)])
def test_impossible_numbers_are_refused(colluding, failing):
    with pytest.raises(ValueError):
        plan_k_of_n(fan(3), SOURCE, TARGET, colluding=colluding, failing=failing)
