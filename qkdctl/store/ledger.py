"""The ledger: what was decided, done and ordered, each entry bound to all before it by its hash."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeAlias

from qkdctl.clock import Clock
from qkdctl.records.encoding import Canonical
from qkdctl.store.chain import Break, ChainChecker, Entry, Kind
from qkdctl.store.database import Database
from qkdctl.store.errors import DamagedEntryError
from qkdctl.store.ledger_file import insert_entry, select_entries, select_head
from qkdctl.store.set_points import Value, payload_with, point_to

Beside: TypeAlias = Callable[[sqlite3.Connection, Entry], None]
_PAGE = 500


class Ledger:
    """Append-only; an entry that was returned survives a power failure."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def append(
        self,
        kind: Kind,
        payload: Mapping[str, Canonical],
        set_points: Mapping[tuple[str, str], Value] | None = None,
        beside: Beside | None = None,
    ) -> Entry:
        """Write an entry, and the set-points that it commits, in one transaction.

        Args:
            kind: what the entry is about.
            payload: integers, strings, lists and mappings.
            set_points: (device, attribute) -> value that the entry commits.
            beside: writes what belongs to the entry in the same transaction.

        Raises:
            TypeError, ValueError: kind, payload or a set-point is not of the stated form; nothing was written.
            StoreError: it could not be written.
        """
        content = payload_with(payload, set_points or {})
        wall_ms = self._clock.wall_ms()

        def job(connection: sqlite3.Connection) -> Entry:
            sequence, digest = select_head(connection)
            entry = Entry.create(sequence + 1, wall_ms, kind, content, digest)
            insert_entry(connection, entry)
            point_to(connection, entry)
            if beside is not None:
                beside(connection, entry)
            return entry

        return await self._database.run(job)

    async def head(self) -> Entry:
        """The last entry."""
        return (await self.tail(1))[0]

    async def tail(self, count: int) -> list[Entry]:
        """The last entries, oldest first.

        Raises:
            DamagedEntryError: one of them cannot be read.
        """

        def job(connection: sqlite3.Connection) -> list[Entry]:
            sequence, _ = select_head(connection)
            return list(select_entries(connection, sequence - count))

        return await self._database.run(job)

    async def since(self, sequence: int, limit: int = _PAGE) -> list[Entry]:
        """Up to `limit` entries with a higher sequence, oldest first.

        Raises:
            DamagedEntryError: one of them cannot be read.
        """
        return await self._database.run(lambda connection: list(select_entries(connection, sequence, limit)))

    async def __aiter__(self) -> AsyncIterator[Entry]:
        """All entries, oldest first; other jobs run in between."""
        last = -1
        while page := await self.since(last):
            for entry in page:
                yield entry
            last = page[-1].sequence

    async def verify(self, last: int | None = None) -> Break | None:
        """Walk the chain, all of it or its last entries; None when it holds.

        A chain proves that nothing in it was changed, not that nothing was cut off its end: for that, compare the head
        with one that was kept elsewhere.
        """
        head, _ = await self._database.run(select_head)
        start = -1 if last is None else max(head - last, -1)
        try:
            anchor = (await self.since(start - 1, 1))[0] if start >= 0 else None
            checker = ChainChecker(anchor)
            return await self._walk(checker)
        except DamagedEntryError as error:
            return Break(error.sequence, error.reason)

    async def _walk(self, checker: ChainChecker) -> Break | None:
        def check_page(connection: sqlite3.Connection) -> tuple[Break | None, bool]:
            entry = None
            for entry in select_entries(connection, checker.expected_sequence - 1, _PAGE):
                if found := checker.check(entry):
                    return found, True
            return None, entry is None

        done = False
        while not done:
            found, done = await self._database.run(check_page)
        if found is None and checker.expected_sequence == 0:
            return Break(0, "there is no genesis entry")
        return found
