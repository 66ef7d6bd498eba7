"""Rows of the ledger table, and reading them without a daemon."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qkdctl.records.encoding import canonical_bytes
from qkdctl.store.chain import NO_HASH, Entry, parse_payload
from qkdctl.store.errors import DamagedEntryError, StoreError

STATE_FILE = "state.db"
_COLUMNS = "sequence, wall_ms, kind, payload, previous_hash, hash"


def read_ledger(directory: Path) -> Iterator[Entry]:
    """All entries of the ledger in a state directory, whether or not a daemon runs on it; nothing is written.

    Raises:
        StoreError: there is no ledger, or it cannot be opened.
        DamagedEntryError: an entry cannot be read.
    """
    with opened_state(directory) as connection:
        yield from select_entries(connection, after=-1)


@contextmanager
def opened_state(directory: Path) -> Iterator[sqlite3.Connection]:
    """The state file in a state directory, for reading only.

    Raises:
        StoreError: there is none, or it cannot be opened.
    """
    path = directory / STATE_FILE
    if not path.is_file():
        raise StoreError(f"{path}: no such file; is {directory} the state directory?")
    connection = open_read_only(path)
    try:
        yield connection
    finally:
        connection.close()


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes neither the file nor its journal.

    Raises:
        StoreError: it cannot be opened.
    """
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    connection.text_factory = readable_text
    return connection


def readable_text(data: bytes) -> str:
    """Text of a column; a damaged one must reach whoever checks it, not stop the reading."""
    return data.decode("utf-8", "replace")


def select_entries(connection: sqlite3.Connection, after: int, limit: int = -1) -> Iterator[Entry]:
    """Entries with a sequence above `after`, oldest first; all of them when the limit is negative.

    Raises:
        DamagedEntryError: a row, or the page it lies on, cannot be read; the entries before it have been given.
    """
    query = f"SELECT {_COLUMNS} FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?"  # noqa: S608
    last = after
    try:
        for row in connection.execute(query, (after, limit)):
            yield entry_from_row(row)
            last = int(row[0])
    except sqlite3.Error as error:
        raise DamagedEntryError(last + 1, f"cannot be read: {error}") from error


def select_head(connection: sqlite3.Connection) -> tuple[int, str]:
    """Sequence and hash of the last entry; -1 and the hash before the genesis entry when there is none."""
    row = connection.execute("SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1").fetchone()
    return row or (-1, NO_HASH)


def insert_entry(connection: sqlite3.Connection, entry: Entry) -> None:
    """Store an entry; the table refuses any but the next one."""
    connection.execute(
        f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
        (
            entry.sequence,
            entry.wall_ms,
            entry.kind,
            canonical_bytes(entry.payload).decode("ascii"),
            entry.previous_hash,
            entry.hash,
        ),
    )


def entry_from_row(row: tuple[int, int, str, str, str, str]) -> Entry:
    """The entry of a row.

    Raises:
        DamagedEntryError: the payload is not what was written.
    """
    sequence, wall_ms, kind, payload, previous_hash, digest = row
    return Entry(sequence, wall_ms, kind, parse_payload(sequence, payload), previous_hash, digest)
