"""Bringing a file to a sound state before it is used; what was damaged is kept, never thrown away."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from qkdctl.store.database import connect
from qkdctl.store.errors import StoreError
from qkdctl.store.inspection import beside, find_damage, has_journal
from qkdctl.store.ledger_file import open_read_only
from qkdctl.store.migration import Schema, migrate
from qkdctl.store.wal import journal_damage

_PAGE = 4096

Fill: TypeAlias = Callable[[sqlite3.Connection, sqlite3.Connection | None], str]
"""Puts the first content into a fresh file, given the damaged one if there is one; returns what could be saved."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that was not as it was left.

    Attributes:
        path: the file.
        reason: how it was noticed.
        kept: copies for inspection.
        saved: what the file holds now.
    """

    path: Path
    reason: str
    kept: tuple[Path, ...]
    saved: str

    def __str__(self) -> str:
        kept = ", ".join(str(path) for path in self.kept)
        return f"{self.path}: {self.reason}; {self.saved}; the damaged data is kept in {kept}"


def make_sound(path: Path, schema: Schema, stamp: str, fill: Fill) -> Damage | None:
    """Create, migrate or rebuild a file, so that it is sound and of this schema.

    Args:
        path: the file; its journal stands beside it.
        schema: the tables it must have.
        stamp: distinguishes the copies of damaged files.
        fill: makes the content of a fresh file.

    Returns:
        What was damaged, or None.

    Raises:
        SchemaTooNewError: written by a newer version; nothing was touched.
        StoreError: the machine refused (permissions, disk); nothing was thrown away.
    """
    try:
        return _make_sound(path, schema, stamp, fill)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {error}; check the disk and that the daemon may write there") from error


def _make_sound(path: Path, schema: Schema, stamp: str, fill: Fill) -> Damage | None:
    ready = beside(path, ".ready")
    if not path.exists() and ready.exists():
        _replace(ready, path)
    if not path.exists() and not has_journal(path):
        _build(path, schema, lambda fresh: fill(fresh, None))
        _replace(ready, path)
        return None
    reason = find_damage(path, schema)
    if reason is None:
        return _open_and_migrate(path, schema, stamp)
    saved = _build(path, schema, lambda fresh: _salvage(path, fresh, fill))
    suffixes = [""] * path.exists() + ["-wal"] * has_journal(path)
    kept = tuple(_move_aside(path, suffix, stamp) for suffix in suffixes)
    for suffix in ("-wal", "-shm"):
        beside(path, suffix).unlink(missing_ok=True)
    _replace(ready, path)
    return Damage(path, reason, kept, saved)


def _open_and_migrate(path: Path, schema: Schema, stamp: str) -> Damage | None:
    journal = beside(path, "-wal")
    damage = None
    if has_journal(path) and (reason := journal_damage(journal)):
        copy = beside(path, f".corrupt-{stamp}-wal")
        shutil.copy(journal, copy)
        damage = Damage(path, f"the journal was damaged: {reason}", (copy,), "the transactions before that were kept")
    connection = connect(path, "FULL")
    try:
        migrate(connection, schema)
    finally:
        connection.close()
    return damage


def _build(path: Path, schema: Schema, fill: Callable[[sqlite3.Connection], str]) -> str:
    building = beside(path, ".building")
    for suffix in ("", "-wal", "-shm"):
        beside(building, suffix).unlink(missing_ok=True)
    os.close(os.open(building, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    connection = connect(building, "FULL")
    try:
        migrate(connection, schema)
        connection.execute("BEGIN IMMEDIATE")
        saved = fill(connection)
        connection.execute("COMMIT")
    finally:
        connection.close()
    _replace(building, beside(path, ".ready"))
    return saved


def _salvage(path: Path, fresh: sqlite3.Connection, fill: Fill) -> str:
    """Read from a copy: SQLite deletes the journal of an empty file, and with it what could be saved."""
    with TemporaryDirectory(prefix=".salvage-", dir=path.parent) as folder:
        copy = Path(folder) / path.name
        copy.touch()
        if path.exists():
            shutil.copyfile(path, copy)
        os.truncate(copy, max(copy.stat().st_size, _PAGE))
        if has_journal(path):
            shutil.copyfile(beside(path, "-wal"), beside(copy, "-wal"))
        damaged = open_read_only(copy)
        try:
            # Without this SQLite refuses a file that is shorter than its header says, and all of it would be lost.
            damaged.execute("PRAGMA writable_schema = ON")
            return fill(fresh, damaged)
        finally:
            damaged.close()


def _move_aside(path: Path, suffix: str, stamp: str) -> Path:
    target = beside(path, f".corrupt-{stamp}{suffix}")
    _replace(beside(path, suffix), target)
    return target


def _replace(source: Path, target: Path) -> None:
    source.replace(target)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
