"""The ledger in a store, and the set-points that it commits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from qkdctl.clock import VirtualClock
from qkdctl.store.chain import verify
from qkdctl.store.errors import StoreError
from qkdctl.store.ledger_file import read_ledger
from qkdctl.store.store import Store, open_store


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path, VirtualClock()) as opened:
        yield opened


@pytest.mark.asyncio
async def test_entries_come_back_in_order_and_verify(store: Store, tmp_path: Path) -> None:
    written = [await store.ledger.append("start", {"version": "1"})]
    written += [await store.ledger.append("outcome", {"epoch": n}) for n in range(9)]
    everything = [entry async for entry in store.ledger]
    assert everything[0].kind == "genesis"
    assert everything[1:] == written
    assert await store.ledger.tail(3) == written[-3:]
    assert await store.ledger.since(7, limit=2) == everything[8:10]
    assert await store.ledger.head() == written[-1]
    assert await store.ledger.verify() is None
    assert await store.ledger.verify(last=4) is None
    assert list(read_ledger(tmp_path)) == everything, "read without the daemon's help"
    assert verify(read_ledger(tmp_path)) is None


@pytest.mark.asyncio
async def test_concurrent_appends_form_one_chain(store: Store) -> None:
    await asyncio.gather(*(store.ledger.append("outcome", {"n": n}) for n in range(50)))
    assert (await store.ledger.head()).sequence == 50
    assert await store.ledger.verify() is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET wall_ms = 0 WHERE sequence = 1",
        "DELETE FROM entries WHERE sequence = 1",
        "INSERT OR REPLACE INTO entries SELECT 1, 0, 'stop', payload, previous_hash, hash FROM entries LIMIT 1",
        "INSERT INTO entries SELECT 9, 0, 'stop', payload, previous_hash, hash FROM entries LIMIT 1",
    ],
)
async def test_the_table_refuses_every_change(tmp_path: Path, statement: str) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        await store.ledger.append("start", {})
    connection = sqlite3.connect(tmp_path / "state.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


@pytest.mark.asyncio
async def test_a_decision_commits_its_set_points(store: Store) -> None:
    first = await store.ledger.append(
        "decision",
        {"epoch": 1},
        {("voa", "attenuation_db"): 12.1, ("voa", "shutter_open"): True, ("laser", "current_a"): 0.1},
    )
    second = await store.ledger.append("decision", {"epoch": 2}, {("voa", "attenuation_db"): 0.1 + 0.2})
    third = await store.ledger.append("operator", {"who": "x"}, {("switch", "connections"): "1>17,2>18"})
    points = await store.set_points.all()
    assert {name: (point.value, point.sequence) for name, point in points.items()} == {
        ("voa", "attenuation_db"): (0.1 + 0.2, second.sequence),
        ("voa", "shutter_open"): (True, first.sequence),
        ("laser", "current_a"): (0.1, first.sequence),
        ("switch", "connections"): ("1>17,2>18", third.sequence),
    }
    assert await store.set_points.of_device("voa") == {"attenuation_db": 0.1 + 0.2, "shutter_open": True}
    assert await store.set_points.of_device("other") == {}
    assert first.payload == {"epoch": 1, "set_points": {"voa": {"attenuation_db": "12.1", "shutter_open": "true"},
                                                        "laser": {"current_a": "0.1"}}}  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("payload", "set_points", "expected"),
    [
        ({"epoch": 1}, {("voa", "attenuation_db"): float("nan")}, ValueError),
        ({"set_points": {}}, {("voa", "attenuation_db"): 1.0}, ValueError),
        ({"qber": 0.1}, {("voa", "attenuation_db"): 1.0}, TypeError),
    ],
)
async def test_what_cannot_be_written_writes_nothing(
    store: Store, payload: dict[str, int], set_points: dict[tuple[str, str], float], expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        await store.ledger.append("decision", payload, set_points)
    assert (await store.ledger.head()).kind == "genesis"
    assert await store.set_points.all() == {}


@pytest.mark.asyncio
async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        pass
    with pytest.raises(StoreError, match="already closed"):
        await store.ledger.append("stop", {})


def test_reading_where_there_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no such file; is .* the state directory"):
        list(read_ledger(tmp_path))
