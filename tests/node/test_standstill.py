"""While nothing is decided, the status says what that waits for, whose part is missing, and why if it is known."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qkdctl.abft.instance import Instance
from qkdctl.api.agreement_models import Agreement
from qkdctl.node.agreement_views import agreement_view
from qkdctl.policy.baselines import RuleBased
from qkdctl.records.act import ActivatePolicy
from tests.agreement.nodes import Table, table
from tests.agreement.test_nodes import filed_and_approved
from tests.node.test_agreement_views import checked, seen

Json = dict[str, Any]


async def seeing(network: Table, name: str, condition: Callable[[Instance], object]) -> None:
    """Wait until a node that has an epoch under way sees something."""
    replica = network.nodes[name].agreeing.replica
    assert replica is not None
    await network.until(lambda: replica.instance is not None and condition(replica.instance))


async def at_rest(network: Table) -> None:
    """Wait until no epoch is under way."""
    replicas = [node.agreeing.replica for node in network.nodes.values()]
    await network.until(lambda: all(replica is not None and replica.instance is None for replica in replicas))


def standstill(network: Table, name: str, epoch_s: float = 100.0) -> Json:
    """What the status of a node says once an epoch has passed without a decision."""
    network.nodes[name].alarms.raise_("no-plan", name, "epoch 1: not decided within 1 s")
    node = seen(network.nodes[name])
    node.config.node.epoch_s = epoch_s
    document = checked(agreement_view(node), Agreement)["standstill"]
    assert isinstance(document, dict)
    return document


async def stuck(network: Table, name: str, condition: Callable[[Instance], object]) -> Json:
    """Begin an epoch that cannot be decided, and let a node see so much of it."""
    for node in network.nodes.values():
        node.agreeing.tick()
    await seeing(network, name, condition)
    return standstill(network, name)


def reasons(document: Json) -> dict[str, str]:
    return {member["node"]: member["why"] for member in document["members"]}


@pytest.mark.asyncio
async def test_nothing_is_said_as_long_as_decisions_come(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(1)
        assert checked(agreement_view(seen(network.nodes["a"])), Agreement)["standstill"] is None


@pytest.mark.asyncio
async def test_members_that_are_away_are_named_with_what_they_owe(tmp_path: Path) -> None:
    async with table(tmp_path, but="d") as network:
        await network.decide(1)
        await at_rest(network)
        await network.leave("c")
        document = await stuck(network, "a", lambda found: "b" in found.gathering.first)
        assert document["since_s"] >= 0
        assert (document["proposed"], document["reason"]) == (False, "")
        assert (document["reports"], document["reports_needed"]) == (0, 3), "no strong quorum has any of them"
        assert [member["report"] for member in document["members"]] == [True, True, False, False]
        assert reasons(document)["d"] == "was never heard since the start of this daemon"
        assert reasons(document)["c"].startswith("is heard, but its report is missing")
        assert re.fullmatch(r"was last heard \d+ s ago", reasons(standstill(network, "a", epoch_s=0.0))["c"])


@pytest.mark.asyncio
async def test_before_enough_members_have_greeted_a_node_no_epoch_begins(tmp_path: Path) -> None:
    async with table(tmp_path, but="cd") as network:
        network.nodes["a"].agreeing.tick()
        document = standstill(network, "a")
        assert (document["begun"], document["reports"]) == (False, 0)
        assert reasons(document)["d"] == "was never heard since the start of this daemon"


@pytest.mark.asyncio
async def test_a_node_that_sits_out_says_so_of_itself(tmp_path: Path) -> None:
    async with table(tmp_path, but="d") as network:
        await network.decide(1)
        await at_rest(network)
        await network.leave("c")
        network.nodes["a"].agreeing._host.sit_out()  # type: ignore[union-attr]
        document = await stuck(network, "a", lambda found: found.abstains)
        assert reasons(document)["a"] == "sits out: it may have given votes that its store does not know"


@pytest.mark.asyncio
async def test_a_node_without_the_policy_in_force_is_told_apart_from_one_that_is_away(tmp_path: Path) -> None:
    async with table(tmp_path, but="d") as network:
        await network.enter("d", {"rule-based": RuleBased()})
        await network.decide()
        await filed_and_approved(network, ActivatePolicy(policy="hold"), "ab")
        await network.leave("c")
        await at_rest(network)
        there = await stuck(network, "a", lambda found: {"b", "d"} <= found.gathering.first.keys())
        assert reasons(there)["d"] == "runs rule-based, while hold is in force; without that it cannot vote"
        assert [member["policy"] for member in there["members"]] == ["hold", "hold", None, "rule-based"]
        await seeing(network, "d", lambda found: found.proposals.failure)
        here = standstill(network, "d")
        assert here["reason"] == "policy hold is in force, and not at hand"
        assert reasons(here)["d"] == "cannot judge what is proposed: policy hold is in force, and not at hand"


@pytest.mark.asyncio
async def test_votes_are_counted_by_weight_in_the_round_of_this_node(tmp_path: Path) -> None:
    async with table(tmp_path, but="d") as network:
        document = await stuck(network, "a", lambda found: found.notes.of("a").votes)
        assert document["proposed"]
        assert document["weight"] < 2501
        assert set(document["members"][0]["votes"]) <= {1, 2, 3, 4}
        assert document["members"][3]["votes"] == []
