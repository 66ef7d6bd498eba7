"""First content of the state file, and as much of a damaged one as can be trusted."""

import secrets
import sqlite3

from qkdctl.store.chain import NO_HASH, ChainChecker, Entry
from qkdctl.store.decisions import find_decision
from qkdctl.store.errors import DamagedEntryError
from qkdctl.store.ledger_file import insert_entry, select_entries
from qkdctl.store.set_points import point_to

_INDEPENDENT_TABLES = ("calibrations", "link_modes", "counters", "reports", "pads")


def fill_state(fresh: sqlite3.Connection, damaged: sqlite3.Connection | None, wall_ms: int) -> str:
    """Copy the ledger up to its first break, and what else can be read; begin a new ledger when nothing can.

    Set-points follow from the entries that were kept, so no set-point is known that the ledger does not show. What was
    voted is not copied: a replica that may have voted more than it knows must not vote in that epoch again.
    """
    entries = _copy_ledger(fresh, damaged) if damaged else 0
    if entries == 0:
        insert_entry(fresh, Entry.create(0, wall_ms, "genesis", {"ledger": secrets.token_hex(16)}, NO_HASH))
    rows = sum(_copy_table(fresh, damaged, table) for table in _INDEPENDENT_TABLES) if damaged else 0
    return f"{entries} ledger entries and {rows} other rows were saved"


def fill_outbox(_fresh: sqlite3.Connection, _damaged: sqlite3.Connection | None) -> str:
    """Begin a new stream: numbers of a damaged one cannot be trusted, and a number must never be used twice."""
    return "a new message stream was begun, unsent messages were not saved"


def _copy_ledger(fresh: sqlite3.Connection, damaged: sqlite3.Connection) -> int:
    checker = ChainChecker()
    try:
        for entry in select_entries(damaged, after=-1):
            if checker.check(entry):
                break
            insert_entry(fresh, entry)
            point_to(fresh, entry)
            find_decision(fresh, entry)
    except DamagedEntryError:
        pass
    return checker.expected_sequence


def _copy_table(fresh: sqlite3.Connection, damaged: sqlite3.Connection, table: str) -> int:
    copied = 0
    try:
        for row in damaged.execute(f"SELECT * FROM {table}"):  # noqa: S608
            marks = ", ".join("?" * len(row))
            fresh.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608
            copied += 1
    except sqlite3.Error:
        pass
    return copied
