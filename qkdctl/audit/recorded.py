"""A ledger as an auditor reads it: entry by entry, with the reports that a decision counts as far as they are kept."""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qkdctl.agreement.recovery import STATE_KEY, STATE_ROOM
from qkdctl.client import Client
from qkdctl.store.chain import Entry
from qkdctl.store.decisions import select_reports
from qkdctl.store.errors import DamagedEntryError, StoreError
from qkdctl.store.ledger_file import opened_state, select_entries

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry of a ledger.

    Attributes:
        reports: digest -> text of the reports that it counts; those that are not kept any more are missing.
        where: file and line of an export; "" for other ledgers.
    """

    entry: Entry
    reports: Mapping[str, str] = field(default_factory=dict)
    where: str = field(default="", compare=False)


def report_digests(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Digests of the reports that a decision counts; none for an entry of another form."""
    value = payload.get("value")
    rows = value.get("reports") if isinstance(value, Mapping) else None
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return ()
    return tuple(row[1] for row in rows if isinstance(row, Sequence) and len(row) == 2 and isinstance(row[1], str))


def read_directory(directory: Path, after: int = -1, *, reports: bool = True) -> Iterator[Recorded]:
    """The ledger in a state directory, from the entry after a sequence number on; nothing is written.

    A daemon may run on it.

    Raises:
        StoreError: there is no ledger, or it cannot be opened.
        DamagedEntryError: an entry, or a report that it counts, cannot be read.
    """
    with opened_state(directory) as connection:
        keeps_reports = reports and _keeps_reports(connection)
        for entry in select_entries(connection, after):
            digests = report_digests(entry.payload) if keeps_reports and entry.kind == "decision" else ()
            yield Recorded(entry, _reports(connection, entry.sequence, digests) if digests else {})


def read_agreed_state(directory: Path) -> str:
    """Text of the agreed state in a state directory, "" when there is none; nothing is written.

    A daemon may run on it. A ledger that is read later has the decision of this state, and perhaps more.

    Raises:
        StoreError: there is no ledger, or it cannot be opened.
    """
    with opened_state(directory) as connection:
        try:
            row = connection.execute(
                "SELECT text FROM memories WHERE room = ? AND key = ?", (STATE_ROOM, STATE_KEY)
            ).fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{directory}: the agreed state cannot be read: {error}") from error
        return "" if row is None else str(row[0])


def read_daemon(client: Client, after: int = -1, *, reports: bool = True) -> Iterator[Recorded]:
    """The ledger of a running daemon, from the entry after a sequence number on to what is the end at the first asking.

    Raises:
        qkdctl.client.ClientError: it does not answer, or does not let us.
        DamagedEntryError: what it sends is no entry.
    """
    last, end = after, None
    while end is None or last < end:
        page = client.ledger(last, _PAGE, reports=reports)
        end = page["ledger"]["sequence"] if end is None else end
        if not page["entries"]:
            return
        for plain in page["entries"]:
            entry = Entry.from_plain(plain)
            kept = page["reports"]
            yield Recorded(entry, {found: kept[found] for found in report_digests(entry.payload) if found in kept})
            last = entry.sequence


def _keeps_reports(connection: sqlite3.Connection) -> bool:
    """False for a file of a version that kept none; one that cannot be read at all is found so at its first entry."""
    try:
        return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'reports'").fetchone() is not None
    except sqlite3.Error:
        return False


def _reports(connection: sqlite3.Connection, sequence: int, digests: Sequence[str]) -> dict[str, str]:
    try:
        return select_reports(connection, digests)
    except (sqlite3.Error, zlib.error, UnicodeDecodeError) as error:
        raise DamagedEntryError(sequence, f"a report that it counts cannot be read: {error}") from error
