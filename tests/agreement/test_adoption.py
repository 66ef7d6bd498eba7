"""A node whose store was lost begins from the ledger of another one, and decides with the others again."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from qkdctl.audit.adoption import Adopted, AdoptionError, adopt_ledger
from qkdctl.audit.export import read_agreed, read_export, write_export
from qkdctl.audit.recorded import Recorded, read_agreed_state, read_directory
from qkdctl.clock import VirtualClock
from qkdctl.store.chain import verify
from qkdctl.store.ledger_file import read_ledger
from qkdctl.store.store import Store
from tests.agreement.nodes import table

pytestmark = pytest.mark.asyncio


async def decided(store: Store) -> list[object]:
    return [{**entry.payload, "set_points": None} for entry in await store.decisions.tail(100)]


def exported(folder: Path, file: Path) -> Path:
    """As `qkdctl ledger export --state` does it beside a running daemon."""
    agreed = read_agreed_state(folder)
    write_export(file, read_directory(folder), agreed)
    return file


def adopted(folder: Path, file: Path) -> Adopted:
    return adopt_ledger(folder, read_export(file), read_agreed(file), file.name, VirtualClock())


async def test_reports_that_nobody_keeps_any_more_are_not_needed(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(4)
        await network.leave("b")
        (tmp_path / "b").rename(tmp_path / "lost")
        for name in "acd":
            await network.nodes[name].store.ledger._database.run(
                lambda connection: connection.execute("DELETE FROM reports WHERE epoch <= 3")
            )
        file = exported(tmp_path / "a", tmp_path / "for-b.jsonl.gz")
        await network.decide(2, among="acd")
        assert adopted(tmp_path / "b", file) == Adopted(epoch=4, decisions=4, reports=4)
        assert verify(read_ledger(tmp_path / "b")) is None
        node = await network.enter("b")
        assert node.epochs.epoch == 4, "what was decided after the export comes from the peers"
        while node.agreeing.replica.rejoins:  # type: ignore[union-attr]
            await network.decide(1, among="acd")
        await network.decide(2)
        assert "sits-out" in node.raised
        assert not node.alarm("sits-out"), "it votes again"
        assert await decided(node.store) == await decided(network.nodes["a"].store)
        assert node.application.state == network.nodes["a"].application.state
        assert not any(found.halted for found in network.nodes.values())


async def test_nothing_of_the_other_node_s_own_is_taken_over(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(2)
        file = exported(tmp_path / "a", tmp_path / "for-b.jsonl")
    adopted(tmp_path / "new", file)
    with sqlite3.connect(tmp_path / "new" / "state.db") as connection:
        rooms = connection.execute("SELECT DISTINCT room FROM memories").fetchall()
        assert rooms == [("agreed",)], "no votes, no keys of acts"
        for rows in ("pads", "set_points", "link_modes", "calibrations", "counters"):
            assert connection.execute(f"SELECT count(*) FROM {rows}").fetchone() == (0,), rows
    connection.close()
    kinds = [entry.kind for entry in read_ledger(tmp_path / "new")]
    assert kinds == ["genesis", "decision", "decision", "operator"]
    genesis = next(read_ledger(tmp_path / "new")).payload
    assert genesis != next(read_ledger(tmp_path / "a")).payload


async def test_a_store_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(1)
        file = exported(tmp_path / "a", tmp_path / "for-b.jsonl")
    before = (tmp_path / "b" / "state.db").read_bytes()
    with pytest.raises(AdoptionError, match=r"state\.db exists, and what a node has said must not be forgotten"):
        adopted(tmp_path / "b", file)
    assert (tmp_path / "b" / "state.db").read_bytes() == before


async def test_a_state_that_was_not_decided_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide(2)
        agreed = read_agreed_state(tmp_path / "a")
        wrong = network.nodes["a"].application.state
        assert wrong is not None
        records = list(read_directory(tmp_path / "a"))

    def refused(records: list[Recorded], agreed: str) -> str:
        def given() -> Iterator[Recorded]:
            yield from records

        with pytest.raises(AdoptionError) as error:
            adopt_ledger(tmp_path / "new", given(), agreed, "test", VirtualClock())
        assert not (tmp_path / "new" / "state.db").exists()
        return str(error.value)

    other = wrong.model_copy(update={"book": wrong.book.model_copy(update={"threshold_wish": 3})})
    assert "epoch 2 is not what was decided: acts differ" in refused(records, other.canonical().decode())
    assert "no decision of epoch 2" in refused(records[:-1], agreed)
    assert "the agreed state in it is none" in refused(records, "{}")
