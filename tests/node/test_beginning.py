"""What a daemon begins with: what was running, and what it should say of its own state."""

from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from qkdctl import exit_codes
from qkdctl.abft.messages import digest_of
from qkdctl.abft.snapshot import next_state
from qkdctl.abft.value import Entry, Outcome, Value
from qkdctl.agreement.ledger_entries import payload_of, report_texts
from qkdctl.agreement.recovery import STATE_KEY, STATE_ROOM
from qkdctl.clock import RealClock
from qkdctl.config.load import load
from qkdctl.node import RunOptions
from qkdctl.node.agreeing import Agreeing
from qkdctl.node.facade import Facade
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.node import Node
from qkdctl.node.run import run
from qkdctl.records.decision import Decision
from qkdctl.records.plan import LinkPlan, Plan
from qkdctl.records.report import NodeReport
from qkdctl.store.decisions import beside_decision
from qkdctl.store.store import Store, open_store

SHIPPED = Path(__file__).parents[2] / "config" / "bench.toml"
EMPTY = '[node]\nname = "bench"\nstate_directory = "{0}/state"\nruntime_directory = "{0}"\n'


def node_over(store: Store, directory: Path, journal: LedgerJournal) -> Node:
    overrides = {"node.state_directory": str(directory / "state"), "node.runtime_directory": str(directory)}
    return Node(load(SHIPPED, {}, overrides), store, journal, RealClock())


async def decided(store: Store, directory: Path, epoch: int, **mean_photon_numbers_e6: int) -> None:
    """An epoch as a daemon writes it, with this plan."""
    node = node_over(store, directory, await LedgerJournal.load(store))
    links = tuple(
        LinkPlan(
            link=name.replace("_", "-"), action="hold", mean_photon_number_e6=mean, protocol="bb84", realign=0,
            interventions=(),
        )
        for name, mean in sorted(mean_photon_numbers_e6.items())
    )  # fmt: skip
    report = NodeReport(
        node="bench", epoch=epoch, wall_ms=0, policy="rule-based", devices=(), ends=(), late=(), accusations=()
    )
    text = report.canonical().decode()
    chain = replace(node.side.chain, epoch=epoch)
    network = next_state(None, [report], node.side.terms().table, chain.electorate)
    decision = Decision(
        epoch=epoch, state=network.digest(), book=node.application.book.digest(),
        plan=Plan(epoch=epoch, policy="rule-based", links=links), policy="rule-based", failed=0, routes=(),
    )  # fmt: skip
    outcome = Outcome(decision.to_plain(), chain.electorate)
    entry = Entry(chain, Value(epoch, chain.previous, (("bench", digest_of(text)),), outcome), {"bench": text})
    _, agreed = node.application.after(entry)
    memories = {STATE_KEY: agreed.canonical().decode()}
    beside = beside_decision(epoch, report_texts(entry), STATE_ROOM, memories)
    await store.ledger.append("decision", payload_of(entry), beside=beside)


@pytest.mark.asyncio
async def test_a_link_that_was_dark_at_the_end_goes_on_with_what_it_ran_before(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state", RealClock()) as store:
        await decided(store, tmp_path, 7, alice_bob=310_000, charlie_dave=222_000)
        await decided(store, tmp_path, 8, alice_bob=320_000, charlie_dave=0)
        await decided(store, tmp_path, 9, alice_bob=330_000, charlie_dave=0)
        node = node_over(store, tmp_path, await LedgerJournal.load(store))
        await node._restore()
        operations = {name: link.operations.operation.mean_photon_number_e6 for name, link in node.links.items()}
        assert operations == {"alice-bob": 330_000, "charlie-dave": 222_000}
        assert node.epochs.epoch == 9


@pytest.mark.asyncio
async def test_damaged_state_is_an_alarm_until_somebody_has_seen_it(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state", RealClock()) as store:
        await decided(store, tmp_path, 1, alice_bob=0)
    (tmp_path / "state" / "state.db").write_bytes(b"")
    async with open_store(tmp_path / "state", RealClock()) as store:
        node = node_over(store, tmp_path, await LedgerJournal.load(store))

        async def no_reload(_: str) -> str:
            raise AssertionError

        facade = Facade(node, no_reload)
        (alarm,) = facade.alarms()
        assert (alarm["code"], alarm["severity"]) == ("state-damaged", "critical")
        assert "state.db" in str(alarm["text"])
        await facade.acknowledge_alarm(str(alarm["id"]), "test")
        assert facade.alarms() == []


@pytest.fixture
def logging_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run logs as these tests do, not where the daemon would."""
    monkeypatch.setitem(run.__globals__, "configure_logging", lambda *_: None)


@pytest.mark.usefixtures("logging_as_before")
def test_a_state_directory_that_may_not_be_used_is_a_matter_of_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "qkdctl.toml"
    path.write_text(EMPTY.format(tmp_path))
    monkeypatch.setattr("qkdctl.store.lock.os.open", refuse)
    with structlog.testing.capture_logs() as logs:
        assert run(RunOptions(path), {}) == exit_codes.PERMISSION
    assert f"state directory {tmp_path / 'state'}: Permission denied" in logs[-1]["error"]


@pytest.mark.usefixtures("logging_as_before")
def test_the_log_says_when_the_daemon_stops_and_that_all_is_dark(tmp_path: Path) -> None:
    path = tmp_path / "qkdctl.toml"
    path.write_text(EMPTY.format(tmp_path))
    with structlog.testing.capture_logs() as logs:
        assert run(RunOptions(path, duration_s=0.01), {}) == exit_codes.OK
    assert [entry["event"] for entry in logs] == ["ready", "stopping", "stopped"]
    assert logs[-1]["dark"] is True


@pytest.mark.usefixtures("logging_as_before")
def test_a_defect_in_the_agreement_ends_the_daemon_so_that_it_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Agreeing) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Agreeing, "run", broken)
    path = tmp_path / "qkdctl.toml"
    path.write_text(EMPTY.format(tmp_path))
    with structlog.testing.capture_logs() as logs:
        assert run(RunOptions(path), {}) == exit_codes.SOFTWARE
    assert [entry["part"] for entry in logs if "part" in entry] == ["agreement"]
    assert logs[-1]["event"] == "stopped"
