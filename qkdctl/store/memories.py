"""Texts that must be known again after a crash, by room and key; each room belongs to one part of the node."""

import sqlite3
from collections.abc import Mapping

from qkdctl.store.database import Database

Writes = Mapping[str, str | None]
"""Key -> text; None deletes."""


class Memories:
    """Durable texts; a write that has returned survives a power failure."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, room: str) -> dict[str, str]:
        """Everything of one room, key -> text."""
        return await self._database.run(
            lambda connection: dict(connection.execute("SELECT key, text FROM memories WHERE room = ?", (room,)))
        )

    async def write(self, room: str, writes: Writes) -> None:
        """Write and delete, all or nothing.

        Raises:
            StoreError: it could not be written.
        """
        await self._database.run(lambda connection: remember(connection, room, writes))


def remember(connection: sqlite3.Connection, room: str, writes: Writes) -> None:
    """Write and delete within a transaction that does other things too."""
    gone = [(room, key) for key, text in writes.items() if text is None]
    kept = [(room, key, text) for key, text in writes.items() if text is not None]
    connection.executemany("DELETE FROM memories WHERE room = ? AND key = ?", gone)
    connection.executemany("INSERT OR REPLACE INTO memories VALUES (?, ?, ?)", kept)
