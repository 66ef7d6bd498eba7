"""Calibration records of links, all that were ever made."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qkdctl.clock import Clock
from qkdctl.store.database import Database


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """One record.

    Attributes:
        wall_ms: when it was stored, milliseconds since 1970-01-01 UTC.
        document: as it was given.
    """

    wall_ms: int
    document: Mapping[str, Any]


class Calibrations:
    """Calibration documents per link; the latest one counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, link: str, document: Mapping[str, Any]) -> None:
        """Make a document the latest of a link.

        Raises:
            ValueError, TypeError: it cannot be written as JSON (NaN and infinities cannot).
            StoreError: it could not be written.
        """
        text = json.dumps(document, sort_keys=True, allow_nan=False)
        wall_ms = self._clock.wall_ms()
        await self._database.run(
            lambda connection: connection.execute(
                "INSERT INTO calibrations (link, wall_ms, document) VALUES (?, ?, ?)", (link, wall_ms, text)
            )
        )

    async def latest(self, link: str) -> StoredCalibration | None:
        """The record that counts; None before the first."""
        return next(iter(await self.history(link, 1)), None)

    async def history(self, link: str, limit: int = -1) -> list[StoredCalibration]:
        """Records of a link, newest first."""

        def job(connection: sqlite3.Connection) -> list[StoredCalibration]:
            rows = connection.execute(
                "SELECT wall_ms, document FROM calibrations WHERE link = ? ORDER BY id DESC LIMIT ?", (link, limit)
            )
            return [StoredCalibration(wall_ms, json.loads(document)) for wall_ms, document in rows]

        return await self._database.run(job)
