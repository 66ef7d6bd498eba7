"""All nodes of a network fall back in the same epoch, those that have not got the policy too."""

from pathlib import Path

import pytest

from qkdctl.policy.baselines import BASELINES
from qkdctl.records.act import ActivatePolicy
from tests.agreement.lone import Scripted
from tests.agreement.nodes import table
from tests.agreement.test_nodes import decisions, filed_and_approved, plans

pytestmark = pytest.mark.asyncio


async def test_four_nodes_leave_a_policy_that_fails_in_the_same_epoch(tmp_path: Path) -> None:
    bad = Scripted("f")
    async with table(tmp_path, but="abcd") as network:
        for name in "abc":
            await network.enter(name, {**BASELINES, bad.identity: bad})
        await network.enter("d")
        await network.decide()
        await filed_and_approved(network, ActivatePolicy(policy=bad.identity), "ab")
        await network.decide()
        assert plans(network, "a") == plans(network, "d") == (bad.identity, bad.identity)
        bad.action = ""
        await network.decide(4)
        for node in network.nodes.values():
            tail = [outcome.decision for outcome in node.outcomes][-4:]
            assert [decision.plan.policy for decision in tail] == ["rule-based"] * 4
            assert [decision.failed for decision in tail] == [1, 1, 1, 0]
            assert node.application.book.policy == "rule-based"
            assert node.outcomes[-1].agreed.watch.rolled_back == (bad.identity,)
        ledgers = [await decisions(node.store) for node in network.nodes.values()]
        assert all(ledger == ledgers[0] for ledger in ledgers)
