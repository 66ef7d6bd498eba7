"""Is a file what it was when it was left?"""

import sqlite3
from pathlib import Path

from qkdctl.store.ledger_file import open_read_only
from qkdctl.store.migration import Schema, refuse_newer, schema_version

_SMALLEST_PAGE = 512
_ENVIRONMENT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}


def find_damage(path: Path, schema: Schema) -> str | None:
    """What is wrong with a file, or None; nothing is changed.

    Raises:
        SchemaTooNewError: written by a newer version.
        sqlite3.Error: the machine refused, which says nothing about the file.
    """
    if not path.exists():
        return "the file is gone, only its journal is left"
    if path.stat().st_size < _SMALLEST_PAGE:
        # Not opened, because SQLite takes it for a new file and deletes the journal that may still hold everything.
        return "the file is empty or nearly so"
    connection = open_read_only(path)
    try:
        return _examine(connection, path, schema)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if code & 0xFF in _ENVIRONMENT and code != sqlite3.SQLITE_IOERR_SHORT_READ:
            raise
        return f"the file is damaged: {error}"
    finally:
        connection.close()


def has_journal(path: Path) -> bool:
    """Whether transactions stand beside the file that it does not hold yet."""
    journal = beside(path, "-wal")
    return journal.exists() and journal.stat().st_size > 0


def beside(path: Path, suffix: str) -> Path:
    """The companion of a file with this ending."""
    return path.with_name(path.name + suffix)


def _examine(connection: sqlite3.Connection, path: Path, schema: Schema) -> str | None:
    refuse_newer(connection, schema, path)
    findings = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    if findings != ["ok"]:
        return "the file is damaged: " + "; ".join(findings)
    version = schema_version(connection)
    if version == 0 or _objects(connection) != _expected_objects(schema, version):
        return "the file is damaged: its tables are not those of this software"
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    # SQLite takes the missing part of a last page for zeros. While there is a journal, that is the one to mend it.
    if path.stat().st_size % page_size and not has_journal(path):
        return "the file is damaged: its last page is cut off"
    return None


def _objects(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {(kind, name, sql) for kind, name, sql in rows}


def _expected_objects(schema: Schema, version: int) -> set[tuple[str, str, str]]:
    connection = sqlite3.connect(":memory:")
    try:
        for step in schema.steps()[:version]:
            connection.executescript(step)
        return _objects(connection)
    finally:
        connection.close()
