"""Named integers that survive everything: budgets, session numbers."""

import sqlite3

from qkdctl.store.database import Database


class Counters:
    """Name -> 64-bit integer; a name that was never written is 0."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> int:
        """The present value."""
        return await self._database.run(lambda connection: _get(connection, name))

    async def put(self, name: str, value: int) -> None:
        """Replace the value."""
        await self._database.run(lambda connection: _put(connection, name, value))

    async def add(self, name: str, amount: int = 1, modulo: int | None = None) -> int:
        """Add to the value, wrapping below `modulo` if given, and return the sum."""

        def job(connection: sqlite3.Connection) -> int:
            value = _get(connection, name) + amount
            value = value % modulo if modulo else value
            _put(connection, name, value)
            return value

        return await self._database.run(job)


def _get(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _put(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute(
        "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
