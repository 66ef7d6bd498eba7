"""An operator's acts pass through the API into the ledger and take effect by decisions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from qkdctl.api.errors import ConflictError, UnavailableError, UnknownNameError
from qkdctl.clock import RealClock
from qkdctl.config.load import load
from qkdctl.node.facade import Facade
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.node import Node
from qkdctl.store.store import open_store

EMPTY = '[node]\nname = "bench"\nstate_directory = "{0}/state"\nruntime_directory = "{0}"\n'
HOLD = {"kind": "activate-policy", "policy": "hold"}


async def no_reload(_: str) -> str:
    return "nothing has changed"


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, looking often."""
    async with asyncio.timeout(60.0):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def alone(directory: Path, more: str = "", epoch_s: float = 0.05) -> AsyncIterator[tuple[Node, Facade]]:
    """A node without instruments or peers, with short epochs, and more in its configuration if wanted."""
    path = directory / "qkdctl.toml"
    path.write_text(EMPTY.format(directory) + more)
    config = load(path, {}, {})
    config = config.model_copy(update={"node": config.node.model_copy(update={"epoch_s": epoch_s})})
    async with open_store(config.node.state_directory, RealClock()) as store:
        node = Node(config, store, await LedgerJournal.load(store), RealClock())
        try:
            yield node, Facade(node, no_reload)
        finally:
            await node.stop()


@pytest.mark.asyncio
async def test_an_act_is_filed_once_and_takes_effect(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        with pytest.raises(UnavailableError, match="still starting"):
            await facade.file_act(HOLD, "uid 7")
        with pytest.raises(UnavailableError, match="no decision yet"):
            await facade.evidence(None)
        await node.start()
        filed = await facade.file_act(HOLD, "uid 7")
        assert filed["text"].startswith("activate policy hold: wanted by this node")
        with pytest.raises(ConflictError, match="under way"):
            await facade.file_act({"kind": "activate-policy", "policy": "rule-based"}, "uid 8")
        await until(lambda: facade.acts()["closed"])
        with pytest.raises(ConflictError, match="act 0, activate policy hold, is closed: it took effect"):
            await facade.approve_act(0, "uid 7")
        with pytest.raises(UnknownNameError, match="no open act '9'") as absent:
            await facade.approve_act(9, "uid 7")
        assert (absent.value.expected, absent.value.hint) == ("no act is open", "see 'qkdctl acts list'")
        (act,) = facade.acts()["closed"]
        assert (act["number"], act["act"], act["outcome"]) == (0, HOLD, "effective")
        await node.journal.settle(5.0)
        orders = [entry["payload"] for entry in await facade.ledger(-1, 1000) if entry["kind"] == "operator"]
        assert orders[0] == {"order": "file-act", "act": HOLD, "who": "uid 7"}
        assert [order.get("refused", "")[:29] for order in orders[1:]] == ["", "an act of this node is under "]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("act", "words"),
    [
        ({"kind": "activate-policy", "policy": "rule-based"}, "policy rule-based is in force already"),
        ({"kind": "set-faults", "faults": 0}, "f is 0 already"),
        ({"kind": "set-faults", "faults": 1}, "1 members are fewer than 3f + 1 = 4"),
        ({"kind": "admit-member", "node": "bench"}, "bench is a member already"),
        ({"kind": "admit-member", "node": "west"}, "this node has no network, so nobody can join it"),
        ({"kind": "remove-member", "node": "west"}, "there is no member west"),
        ({"kind": "lift-quarantine", "node": "west"}, "there is no member west"),
        ({"kind": "lift-quarantine", "node": "bench"}, "bench is in good standing, score 1.000 and trust 1.000"),
    ],
)
async def test_an_act_that_would_do_nothing_is_refused_with_the_reason(
    tmp_path: Path, act: dict[str, object], words: str
) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        await until(lambda: node.application.state)
        with pytest.raises(ConflictError) as refused:
            await facade.file_act(act, "uid 7")
        assert words in refused.value.error
        assert facade.acts()["filed_here"] == []
        await node.journal.settle(5.0)
        orders = [entry["payload"] for entry in await facade.ledger(-1, 1000) if entry["kind"] == "operator"]
        assert [order.get("refused") for order in orders] == [None, refused.value.error], "and the refusal is on record"


@pytest.mark.asyncio
async def test_an_act_is_taken_back_before_it_has_a_number(tmp_path: Path) -> None:
    async with alone(tmp_path, epoch_s=3600.0) as (node, facade):
        await node.start()
        with pytest.raises(ConflictError, match="no act of this node is under way"):
            await facade.withdraw_act("uid 7")
        await facade.file_act(HOLD, "uid 7")
        gone = await facade.withdraw_act("uid 8")
        assert gone["text"] == "activate policy hold: no longer wanted by this node; it had no number yet"
        assert facade.acts()["filed_here"] == []
        await node.journal.settle(5.0)
        orders = [entry["payload"] for entry in await facade.ledger(-1, 1000) if entry["kind"] == "operator"]
        assert orders[-1] == {"order": "withdraw-act", "who": "uid 8"}


@pytest.mark.asyncio
async def test_what_the_api_tells_of_a_node_alone(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        assert (facade.status()["agreement"]["epoch"], facade.agreement()["last"]) == (1, None)
        await node.start()
        await until(lambda: facade.agreement()["decisions"] > 1)
        document = facade.agreement()
        assert (document["members"], document["peers"], document["conditions"]) == (["bench"], [], [])
        assert (await facade.evidence(1))["epoch"] == 1
        with pytest.raises(UnknownNameError, match="no epoch in memory '100000'"):
            await facade.evidence(100_000)
        assert facade.weights(5)["nodes"][0]["vote_weight"] == 1000
        assert facade.agreement_counts() == {"late": {}, "verdicts": []}
        entries = await facade.ledger(-1, 100)
        digests = [
            row[1] for entry in entries if entry["kind"] == "decision" for row in entry["payload"]["value"]["reports"]
        ]
        assert (await facade.reports(digests)).keys() == set(digests)


@pytest.mark.asyncio
async def test_a_node_that_starts_without_the_policy_in_force_says_so_before_anything_is_decided(
    tmp_path: Path,
) -> None:
    strange = "ab" * 32
    async with alone(tmp_path) as (node, facade):
        await node.start()
        await facade.file_act({"kind": "activate-policy", "policy": strange}, "test")
        await until(lambda: node.application.book.policy == strange)
    async with alone(tmp_path) as (node, _):
        await node.start()
        (alarm,) = [entry for entry in node.alarms.listed() if entry.code == "policy-skew"]
        assert alarm.active
        assert f"policy {strange} is in force, and this node has not got it: 'qkdctl policy stage FILE'" in alarm.text
