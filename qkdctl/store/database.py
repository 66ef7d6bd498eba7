"""One SQLite file with a thread of its own, so that the event loop never waits for a disk."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Self, TypeAlias, TypeVar

from qkdctl.store.errors import StoreError
from qkdctl.store.ledger_file import readable_text

Durability: TypeAlias = Literal["FULL", "NORMAL"]
T = TypeVar("T")


class Database:
    """Runs jobs on one connection, in the order they were asked for, each in a transaction of its own.

    A job that is cancelled while it waits is not run; one that has begun runs to its end. Either way all of it
    happened or nothing.
    """

    def __init__(self, path: Path, durability: Durability) -> None:
        self.path = path
        self._durability: Durability = durability
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"store-{path.stem}")
        self._connection: sqlite3.Connection | None = None
        self._place: tuple[int, int] | None = None

    @classmethod
    async def open(cls, path: Path, durability: Durability) -> Self:
        """Open a file that has its schema already.

        Args:
            path: the file.
            durability: FULL makes every commit survive a power failure; NORMAL may lose the last ones, at a
                hundredth of the cost.

        Raises:
            StoreError: it cannot be opened.
        """
        database = cls(path, durability)
        try:
            database._connection = await database._in_thread(lambda: connect(path, durability))
            database._place = _place_of(path)
        except BaseException:
            database._executor.shutdown(wait=False)
            raise
        return database

    async def run(self, job: Callable[[sqlite3.Connection], T], *, power_safe: bool = False) -> T:
        """Run a job in a transaction, after all jobs asked for before.

        Args:
            job: called in the thread of the file; an exception rolls back and comes out here.
            power_safe: sync to disk before returning, also where the durability is NORMAL.

        Raises:
            StoreError: SQLite refused or failed, or the file is not the one that was opened any more.
        """
        connection = self._connection
        if connection is None:
            raise StoreError(f"{self.path}: already closed")
        raised = power_safe and self._durability != "FULL"

        def transact() -> T:
            self._check_place()
            return _transact(connection, job, "FULL" if raised else None, self._durability)

        return await self._in_thread(transact)

    async def close(self) -> None:
        """Write everything into the main file and close it, after all jobs asked for before."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await self._in_thread(connection.close)
        finally:
            self._executor.shutdown(wait=False)

    def _check_place(self) -> None:
        """SQLite would go on writing to a file that nobody finds at the next start, and say that it is durable."""
        if _place_of(self.path) != self._place:
            raise StoreError(
                f"{self.path} was moved away, deleted or replaced under the running daemon; put it back, or stop the "
                "daemon and see docs/guides/agreement.md, 'A node that lost its store'"
            )

    async def _in_thread(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, call)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error


def _place_of(path: Path) -> tuple[int, int] | None:
    """Device and number of the file at a path, None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: Path, durability: Durability) -> sqlite3.Connection:
    """A connection with the settings that every writer uses."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = readable_text
    try:
        for setting in (
            "journal_mode = WAL",
            f"synchronous = {durability}",
            "journal_size_limit = 16777216",
            "cell_size_check = ON",
            "secure_delete = ON",
            "trusted_schema = OFF",
            "busy_timeout = 5000",
        ):
            connection.execute(f"PRAGMA {setting}").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _transact(
    connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], T], raised: Durability | None, usual: Durability
) -> T:
    if raised:
        connection.execute(f"PRAGMA synchronous = {raised}")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = job(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    finally:
        if raised:
            connection.execute(f"PRAGMA synchronous = {usual}")
    return result
