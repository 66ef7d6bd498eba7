"""Nodes with stores, keys and tags agree, survive absences, and act together only by the word of several."""

import json
from pathlib import Path

import pytest

from qkdctl.abft.acts import ActError
from qkdctl.abft.chain import Chain
from qkdctl.agreement.ledger_entries import place_of
from qkdctl.agreement.recovery import RecoveryError, recover
from qkdctl.clock import RealClock
from qkdctl.policy.baselines import RuleBased
from qkdctl.records.act import ActivatePolicy, LiftQuarantine, RemoveMember, SetFaults
from qkdctl.store.store import Store, open_store
from tests.agreement.nodes import PATIENCE_S, Table, table

pytestmark = pytest.mark.asyncio


async def decisions(store: Store) -> list[str]:
    return [place_of(entry.payload)[1].digest for entry in await store.decisions.since(0, 1000)]


async def test_every_ledger_holds_the_same_decisions_and_every_node_the_same_state(tmp_path: Path) -> None:
    async with table(tmp_path, late_s=PATIENCE_S) as network:
        await network.decide(3)
        ledgers = [await decisions(node.store) for node in network.nodes.values()]
        states = {node.application.state for node in network.nodes.values()}
        assert len(ledgers[0]) == 3
        assert all(ledger == ledgers[0] for ledger in ledgers)
        assert len({state.canonical() for state in states if state is not None}) == 1
        assert all(len(outcome.entry.reports) == 4 for outcome in network.nodes["a"].outcomes)


async def test_f_nodes_that_are_away_cost_nothing_but_their_reports_and_learn_everything_later(tmp_path: Path) -> None:
    async with table(tmp_path, late_s=1.5) as network:
        await network.decide()
        await network.leave("d")
        await network.decide(2)
        assert set(network.nodes["a"].outcomes[-1].entry.reports) == set("abc")
        await network.enter("d")
        await network.decide()
        assert await decisions(network.nodes["d"].store) == await decisions(network.nodes["a"].store)
        await network.decide()
        assert "d" in network.nodes["a"].outcomes[-1].entry.reports, "it takes part again"


async def test_all_nodes_may_crash_at_once_and_go_on(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(2)
        before = await decisions(network.nodes["a"].store)
        for name in "abcd":
            await network.leave(name)
        for name in "abcd":
            await network.enter(name)
        await network.decide(2)
        after = await decisions(network.nodes["c"].store)
        assert after[: len(before)] == before
        assert len(after) == len(before) + 2


async def test_a_node_without_its_state_directory_learns_the_ledger_and_keeps_out_of_what_it_forgot(
    tmp_path: Path,
) -> None:
    async with table(tmp_path) as network:
        await network.decide(2)
        await network.leave("b")
        (tmp_path / "b").rename(tmp_path / "lost")
        await network.enter("b")
        while network.nodes["b"].epochs.epoch < 3:
            await network.decide(1, among="acd")
        await network.decide()
        assert await decisions(network.nodes["b"].store) == await decisions(network.nodes["a"].store)
        assert "restored-store" in network.nodes["b"].raised
        assert not any(node.halted for node in network.nodes.values())


async def test_a_lost_state_is_computed_again_from_the_reports(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(3)
        state = network.nodes["a"].application.state
        await network.nodes["a"].store.memories.write("agreed", {"state": None})
        await network.leave("a")
        node = await network.enter("a")
        assert node.application.state == state


async def filed_and_approved(network: Table, act: object, by: str) -> None:
    first, *others = by
    desk = network.nodes[first].agreeing.desk
    assert desk is not None
    await desk.file(act)  # type: ignore[arg-type]
    await network.decide()
    for name in others:
        desk = network.nodes[name].agreeing.desk
        assert desk is not None
        (state,) = network.nodes[name].application.book.open
        await desk.approve(state.number)
    for _ in range(8):
        await network.decide()
        if not network.nodes[first].application.book.open:
            return


async def test_two_operators_remove_a_member_and_one_alone_cannot(tmp_path: Path) -> None:
    async with table(tmp_path, "abcde") as network:
        await network.decide()
        await filed_and_approved(network, RemoveMember(node="e"), "a")
        assert "e" in network.nodes["b"].application.book.members, "k = f + 1 = 2 operators are needed"
        (state,) = network.nodes["b"].application.book.open
        desk = network.nodes["b"].agreeing.desk
        assert desk is not None
        await desk.approve(state.number)
        for _ in range(8):
            await network.decide()
        assert network.nodes["c"].application.book.members == tuple("abcd")
        replica = network.nodes["c"].agreeing.replica
        assert replica is not None
        assert replica.chain.electorate.names == tuple("abcd")


@pytest.mark.parametrize(
    "act", [ActivatePolicy(policy="hold"), SetFaults(faults=0), LiftQuarantine(node="c")], ids=lambda act: act.kind
)
async def test_every_other_kind_of_act_takes_effect_by_decision(tmp_path: Path, act: object) -> None:
    async with table(tmp_path) as network:
        await network.decide()
        await filed_and_approved(network, act, "ab")
        closed = [state for outcome in network.nodes["d"].outcomes for state in outcome.agreed.book.closed]
        assert [(state.act, state.outcome) for state in closed] == [(act, "effective")]
        book = network.nodes["d"].application.book
        assert (book.policy, book.faults) == (
            ("hold" if isinstance(act, ActivatePolicy) else "rule-based"),
            (0 if isinstance(act, SetFaults) else 1),
        )


async def test_an_act_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide()
        desk = network.nodes["a"].agreeing.desk
        assert desk is not None
        with pytest.raises(ActError, match="f is 1 already"):
            await desk.file(SetFaults(faults=1))


async def test_a_state_directory_of_another_network_is_refused(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide()
        await network.leave("a")
        async with open_store(tmp_path / "a", RealClock()) as store:
            other = Chain.beginning(network.nodes["b"].agreeing.replica.chain.electorate, "1" * 64)  # type: ignore[union-attr]
            with pytest.raises(RecoveryError, match='began_as = "0000'):
                await recover(store, other, lambda _: network.nodes["b"].application)


def plans(network: Table, name: str) -> tuple[str, str]:
    """The policy in force at the last decision, and whose plan it was."""
    decision = network.nodes[name].outcomes[-1].decision
    return decision.policy, decision.plan.policy


async def test_two_operators_activate_a_policy_and_a_node_without_it_follows(tmp_path: Path) -> None:
    async with table(tmp_path, but="d", late_s=PATIENCE_S) as network:
        node = await network.enter("d", {"rule-based": RuleBased()})
        await network.decide()
        assert plans(network, "a") == ("rule-based", "rule-based")
        await filed_and_approved(network, ActivatePolicy(policy="hold"), "ab")
        await network.decide(2)
        assert plans(network, "a") == plans(network, "d") == ("hold", "hold")
        said = json.loads(network.nodes["d"].outcomes[-1].entry.reports["d"])["policy"]
        assert (said, node.application.running) == ("rule-based", "rule-based")
        assert await decisions(network.nodes["d"].store) == await decisions(network.nodes["a"].store)


async def test_where_one_honest_node_lacks_the_policy_in_force_the_baseline_plans_for_all(tmp_path: Path) -> None:
    async with table(tmp_path, but="cd") as network:
        for name in "cd":
            await network.enter(name, {"rule-based": RuleBased()})
        await network.decide()
        await filed_and_approved(network, ActivatePolicy(policy="hold"), "ab")
        await network.decide(2)
        assert plans(network, "a") == plans(network, "d") == ("hold", "rule-based")
        await network.leave("d")
        await network.enter("d")
        await network.decide(2)
        assert plans(network, "a") == plans(network, "c") == ("hold", "hold")
