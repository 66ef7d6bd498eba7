"""Decisions of the network in the ledger of one node, and the reports they rest on."""

import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence

from qkdctl.store.chain import Entry
from qkdctl.store.database import Database
from qkdctl.store.ledger_file import entry_from_row
from qkdctl.store.memories import Writes, remember

REPORTS_KEPT_EPOCHS = 20_000
"""A day and more at epochs of five seconds; the ledger itself is kept for ever."""


class Decisions:
    """Finds decided epochs and their reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self) -> Entry | None:
        """The ledger entry of the last decided epoch, None before the first."""
        return await self._database.run(
            lambda connection: _entry(connection, "ORDER BY decisions.epoch DESC LIMIT 1", ())
        )

    async def of(self, epoch: int) -> Entry | None:
        """The ledger entry of an epoch, None when it has none."""
        return await self._database.run(lambda connection: _entry(connection, "WHERE decisions.epoch = ?", (epoch,)))

    async def tail(self, count: int) -> list[Entry]:
        """Ledger entries of the last decided epochs, oldest first."""

        def job(connection: sqlite3.Connection) -> list[Entry]:
            rows = connection.execute(f"{_SELECT} ORDER BY decisions.epoch DESC LIMIT ?", (count,)).fetchall()
            return [entry_from_row(row) for row in reversed(rows)]

        return await self._database.run(job)

    async def since(self, epoch: int, limit: int) -> list[Entry]:
        """Ledger entries of epochs above this one, oldest first."""

        def job(connection: sqlite3.Connection) -> list[Entry]:
            rest = "WHERE decisions.epoch > ? ORDER BY decisions.epoch LIMIT ?"
            rows = connection.execute(f"{_SELECT} {rest}", (epoch, limit))
            return [entry_from_row(row) for row in rows]

        return await self._database.run(job)

    async def reports(self, digests: Sequence[str]) -> dict[str, str]:
        """Texts of reports by digest; those that were deleted are missing."""
        return await self._database.run(lambda connection: select_reports(connection, digests))


def select_reports(connection: sqlite3.Connection, digests: Sequence[str]) -> dict[str, str]:
    """Texts of reports by digest; those that were deleted are missing."""
    marks = ", ".join("?" * len(digests))
    rows = connection.execute(f"SELECT digest, content FROM reports WHERE digest IN ({marks})", tuple(digests))  # noqa: S608
    return {digest: zlib.decompress(content).decode() for digest, content in rows}


def beside_decision(
    epoch: int, reports: Mapping[str, str], room: str, memories: Writes
) -> Callable[[sqlite3.Connection, Entry], None]:
    """What belongs to a decision and is written in the transaction of its ledger entry.

    Args:
        epoch: that was decided; it must not have been before.
        reports: digest -> text of the reports that count.
        room: of the texts that change with it.
        memories: those texts, see `Memories`.
    """
    packed = [(digest, epoch, zlib.compress(text.encode())) for digest, text in reports.items()]

    def job(connection: sqlite3.Connection, entry: Entry) -> None:
        connection.execute("INSERT INTO decisions VALUES (?, ?)", (epoch, entry.sequence))
        connection.executemany("INSERT OR REPLACE INTO reports VALUES (?, ?, ?)", packed)
        connection.execute("DELETE FROM reports WHERE epoch <= ?", (epoch - REPORTS_KEPT_EPOCHS,))
        remember(connection, room, memories)

    return job


def find_decision(connection: sqlite3.Connection, entry: Entry) -> None:
    """Note where a decided epoch stands, when a ledger is copied."""
    chain = entry.payload.get("chain")
    if isinstance(chain, Mapping) and isinstance(epoch := chain.get("epoch"), int):
        connection.execute("INSERT OR REPLACE INTO decisions VALUES (?, ?)", (epoch, entry.sequence))


_SELECT = (
    "SELECT entries.sequence, wall_ms, kind, payload, previous_hash, hash FROM decisions JOIN entries USING (sequence)"
)


def _entry(connection: sqlite3.Connection, rest: str, arguments: tuple[int, ...]) -> Entry | None:
    row = connection.execute(f"{_SELECT} {rest}", arguments).fetchone()
    return None if row is None else entry_from_row(row)
