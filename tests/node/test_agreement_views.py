"""What the API tells of the agreement is what the nodes did: real replicas, channels and ledgers in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qkdctl.api.agreement_models import Acts, Agreement, Evidence, Weights
from qkdctl.api.models import AgreementSummary
from qkdctl.clock import RealClock
from qkdctl.control.alarms import Severity
from qkdctl.control.epoch import EpochOutcome
from qkdctl.node.acts_view import acts_view
from qkdctl.node.agreement_figures import AgreementFigures
from qkdctl.node.agreement_views import agreement_view, summary_view
from qkdctl.node.evidence_view import evidence_view
from qkdctl.node.security import Security
from qkdctl.node.weights_view import weights_view
from qkdctl.records.act import ActivatePolicy, SetFaults
from tests.abft.networks import Play
from tests.agreement.nodes import PATIENCE_S, AgreeingNode, Table, table

Json = dict[str, Any]


class Seen:
    """The parts of a node that the views look at."""

    def __init__(self, node: AgreeingNode) -> None:
        self.config = SimpleNamespace(node=SimpleNamespace(name=node.name, epoch_s=1.0))
        self.clock = RealClock()
        self.side = node._side
        self.alarms = node.alarms
        self.security = Security(node.name, None, None, node.alarms)
        self.agreeing = node.agreeing
        self.epochs = node.epochs
        self.application = node.application
        self.policies = node.policies
        self.figures = AgreementFigures()

    def count(self) -> None:
        """Count the decisions so far, as a node does one by one."""
        for outcome in self.epochs.outcomes:
            self.figures.take(outcome, 0)


def seen(node: AgreeingNode) -> Any:
    return Seen(node)


@asynccontextmanager
async def decided(folder: Path, epochs: int = 2) -> AsyncIterator[tuple[Table, Any]]:
    """Four nodes after some epochs, and the first of them."""
    async with table(folder, late_s=PATIENCE_S) as found:
        await found.decide(epochs)
        view = seen(found.nodes["a"])
        view.count()
        yield found, view


def checked(document: Json, shape: Any) -> Json:
    """The document, which must be of the shape that the API promises."""
    return dict(shape.model_validate(document).model_dump(mode="json"))


@pytest.mark.asyncio
async def test_status_names_members_progress_and_channels(tmp_path: Path) -> None:
    async with decided(tmp_path) as (_, node):
        document = checked(agreement_view(node), Agreement)
        assert (document["members"], document["faults"], document["slack"]) == (["a", "b", "c", "d"], 1, 0)
        assert document["epoch"] in (2, 3)
        assert document["leader"] == "abcd"[document["epoch"] % 4]
        assert (document["last"]["epoch"], document["decisions"]) == (2, 2)
        assert len(document["last"]["reports"]) >= 3
        assert [peer["peer"] for peer in document["peers"]] == ["b", "c", "d"]
        for peer in document["peers"]:
            assert (peer["level"], peer["in_step"], peer["paths"][0]["via"]) == ("its", True, "hub")
            assert peer["pads"] > 0
            assert peer["key_bits"]["sent"] >= 128 * peer["sent"]["one_time"] > 0
            assert peer["silent_s"] < 5.0
        assert document["conditions"] == []
        summary = checked(summary_view(node), AgreementSummary)
        assert (summary["members"], summary["levels"], summary["conditions"]) == (4, {"its": 3}, [])


@pytest.mark.asyncio
async def test_a_node_that_hears_nobody_is_isolated_and_alarms_of_the_agreement_show(tmp_path: Path) -> None:
    async with table(tmp_path, but="bcd") as found:
        node = seen(found.nodes["a"])
        node.alarms.raise_("fork", "a", "two histories", Severity.CRITICAL)
        node.alarms.raise_("power-deviation", "a-b", "too bright", Severity.CRITICAL)
        document = checked(agreement_view(node), Agreement)
        assert [condition["code"] for condition in document["conditions"]] == ["fork", "isolated"]
        assert document["conditions"][1]["text"].startswith(
            "within 3 s nobody was heard, with this node a weight of 1000"
        )
        assert document["last"] is None
        assert checked(summary_view(node), AgreementSummary)["conditions"] == ["fork", "isolated"]
        assert checked(weights_view(node, 10), Weights)["nodes"] == []


@pytest.mark.asyncio
async def test_weights_follow_the_standings_and_their_history(tmp_path: Path) -> None:
    async with decided(tmp_path, epochs=3) as (_, node):
        document = checked(weights_view(node, 2), Weights)
        assert [entry["node"] for entry in document["nodes"]] == ["a", "b", "c", "d"]
        for entry in document["nodes"]:
            assert (entry["vote_weight"], entry["next_vote_weight"], entry["excluded"]) == (1000, 1000, False)
            assert entry["change"] == {"score_ppm": 0, "trust_ppm": 0, "data_weight_e6": 0}
        assert document["history"]["epochs"] == [2, 3]
        assert document["history"]["nodes"][0]["vote_weight"] == [1000, 1000]
        assert checked(weights_view(node, 0), Weights)["history"]["epochs"] == []


@pytest.mark.asyncio
async def test_an_act_is_listed_from_the_wish_to_its_effect(tmp_path: Path) -> None:
    async with decided(tmp_path, epochs=1) as (found, node):
        assert checked(acts_view(node), Acts)["needed"] == 2
        await found.nodes["a"].agreeing.desk.file(SetFaults(faults=0))  # type: ignore[union-attr]
        wish = {"kind": "set-faults", "faults": 0}
        assert checked(acts_view(node), Acts)["filed_here"] == [wish]
        await found.decide(2)
        document = checked(acts_view(node), Acts)
        (act,) = document["open"]
        assert (act["number"], act["act"], act["filer"], act["approved_here"]) == (0, wish, "a", True)
        other = checked(acts_view(seen(found.nodes["b"])), Acts)
        assert other["open"][0]["approved_here"] is False
        await found.nodes["b"].agreeing.desk.approve(0)  # type: ignore[union-attr]
        async with asyncio.timeout(20.0):
            while not (closed := checked(acts_view(node), Acts)["closed"]):
                await found.decide(1)
        assert [(entry["number"], entry["outcome"]) for entry in closed] == [(0, "effective")]
        assert checked(acts_view(node), Acts)["faults"] == 0


@pytest.mark.asyncio
async def test_a_withdrawn_act_shows_at_its_filer_at_once_and_at_the_others_by_decision(tmp_path: Path) -> None:
    async with decided(tmp_path, epochs=1) as (found, node):
        desk = found.nodes["a"].agreeing.desk
        assert desk is not None
        await desk.file(SetFaults(faults=0))
        await found.decide(2)
        assert await desk.withdraw() == (SetFaults(faults=0), 0)
        (mine,) = checked(acts_view(node), Acts)["open"]
        assert (mine["approved_here"], mine["withdrawn_here"], mine["withdrawn"]) == (False, True, False)
        await found.decide(2)
        (other,) = checked(acts_view(seen(found.nodes["b"])), Acts)["open"]
        assert (other["withdrawn_here"], other["withdrawn"]) == (False, True)
        assert other["lapses_after"] < mine["lapses_after"]


@pytest.mark.asyncio
@pytest.mark.parametrize(("policy", "at_hand"), [("hold", True), ("ab" * 32, False)])
async def test_an_open_act_tells_whether_its_policy_is_here(tmp_path: Path, policy: str, *, at_hand: bool) -> None:
    async with decided(tmp_path, epochs=1) as (found, node):
        await found.nodes["b"].agreeing.desk.file(ActivatePolicy(policy=policy))  # type: ignore[union-attr]
        await found.decide(2)
        assert [act["at_hand"] for act in checked(acts_view(node), Acts)["open"]] == [at_hand]


def outcome(play: Play, **changes: Any) -> EpochOutcome:
    """One epoch of a play as a node knows it."""
    reports = play.reports(**changes)
    texts = {report.node: report.canonical().decode() for report in reports}
    electorate = play.electorate
    state = play.step(reports)
    value = SimpleNamespace(reports=tuple((node, "ab" * 32) for node in sorted(texts)))
    entry = SimpleNamespace(reports=texts, value=value, chain=SimpleNamespace(electorate=electorate))
    decision, agreed = SimpleNamespace(epoch=state.epoch, failed=1), SimpleNamespace(network=state, ejected=0)
    return EpochOutcome(1, 1.0, entry, decision, agreed)  # type: ignore[arg-type]


def test_evidence_shows_both_claims_the_contradiction_and_the_verdict() -> None:
    play = Play([(0, 1), (1, 2), (2, 3), (0, 3)], faults=1)
    before = outcome(play)
    calm = checked(evidence_view(before, None, play.table), Evidence)
    assert (calm["whole"], calm["verdicts"]) == (True, [])
    assert all(link["row"]["valid"] and not link["doubt"] for link in calm["links"])
    play.lie("node-3", "node-0", "node-2")
    document = checked(evidence_view(outcome(play, late=("node-1",)), before, play.table), Evidence)
    link = document["links"][1]
    assert (link["link"], link["alice"], link["bob"]) == ("node-0-node-3", "node-0", "node-3")
    claims = link["claims"]
    assert claims["alice"]["secret_key_bits"] - claims["bob"]["secret_key_bits"] == 1_000
    assert link["row"]["secret_key_bits"] == claims["bob"]["secret_key_bits"]
    ((difference,), dispute) = link["differences"], link["dispute"]
    assert difference["text"] == "secret_key_bits 250000 against 249000"
    assert (dispute["one"], dispute["other"], dispute["agreed_epochs_left"]) == ("node-0", "node-3", 100)
    assert {verdict["cause"] for verdict in document["verdicts"]} == {"disputed-edges", "suspicion"}
    assert {verdict["node"] for verdict in document["verdicts"]} == {"node-3"}
    (late,) = document["late"]
    assert (late["node"], late["counts"]) == ("node-1", False), "its report was there"


def test_evidence_right_after_a_start_says_that_it_is_not_whole() -> None:
    play = Play([(0, 1)], faults=0)
    before = outcome(play)
    after = outcome(play)
    assert checked(evidence_view(after, before, play.table), Evidence)["whole"]
    assert not checked(evidence_view(after, None, play.table), Evidence)["whole"]


def test_figures_count_what_is_missing_and_blamed() -> None:
    play = Play([(0, 1), (1, 2), (2, 3), (0, 3)], faults=1)
    play.lie("node-3", "node-0", "node-2")
    figures = AgreementFigures()
    for _ in range(2):
        figures.take(outcome(play), turn=1)
    assert (figures.decisions, list(figures.rounds)) == (2, [(1, 1), (2, 1)])
    assert figures.verdicts["node-3", "disputed-edges"] == 2
    assert not figures.late
    assert figures.fallbacks == 2
