"""How far the authenticated channels of the node have come."""

import sqlite3
from collections.abc import Mapping

from qkdctl.auth.ledger import Mark, SupersededError
from qkdctl.store.database import Database


class Pads:
    """The `PadLedger` of a node; a write that has returned survives a power failure."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, session: bytes) -> Mapping[str, Mark]:
        """Take over for a new process, and get the mark of each peer.

        Raises:
            StoreError: it could not be written.
        """

        def job(connection: sqlite3.Connection) -> dict[str, Mark]:
            connection.execute("INSERT OR REPLACE INTO pads_claim VALUES (1, ?)", (session,))
            rows = connection.execute("SELECT peer, sent, heard FROM pads")
            return {peer: Mark(sent, heard) for peer, sent, heard in rows}

        return await self._database.run(job)

    async def store(self, session: bytes, marks: Mapping[str, Mark]) -> None:
        """Keep the larger of old and new marks, in one transaction.

        Raises:
            SupersededError: another session has claimed them since; nothing was written.
            StoreError: it could not be written.
        """
        rows = [(peer, mark.sent, mark.heard) for peer, mark in marks.items()]

        def job(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT session FROM pads_claim").fetchone() != (session,):
                raise SupersededError("another process of this node has taken over its store; stop one of the two")
            connection.executemany(
                "INSERT INTO pads VALUES (?, ?, ?) ON CONFLICT (peer) DO UPDATE "
                "SET sent = max(sent, excluded.sent), heard = max(heard, excluded.heard)",
                rows,
            )

        await self._database.run(job)
