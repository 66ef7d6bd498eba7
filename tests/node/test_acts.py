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
    async with asyncio.timeout(20.0):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def alone(directory: Path, more: str = "") -> AsyncIterator[tuple[Node, Facade]]:
    """A node without instruments or peers, with short epochs, and more in its configuration if wanted."""
    path = directory / "qkdctl.toml"
    path.write_text(EMPTY.format(directory) + more)
    config = load(path, {}, {})
    config = config.model_copy(update={"node": config.node.model_copy(update={"epoch_s": 0.05})})
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
            await facade.file_act({"kind": "admit-member", "node": "west"}, "uid 8")
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
