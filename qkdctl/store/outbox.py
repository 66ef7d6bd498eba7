"""Messages that must reach the broker, numbered, kept until they do and for a while after."""

import asyncio
import sqlite3
from dataclasses import dataclass

from qkdctl.clock import Clock
from qkdctl.store.database import Database

BLOCK = 10_000
_FIELDS = "sequence, topic, payload, qos, retain, expires_ms"


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A stored message.

    Attributes:
        sequence: rises with every message of the node; numbers may be left out, none is used twice.
        expires_ms: wall time after which it is not worth sending; None when it never expires.
    """

    sequence: int
    topic: str
    payload: bytes
    qos: int
    retain: bool
    expires_ms: int | None


class Outbox:
    """Durable queue with a history.

    Unsent messages beyond the capacity are dropped, oldest first. Acknowledged ones stay for replay, because a broker
    that is killed may have acknowledged what it had not passed on. All methods are called from one event loop.

    Attributes:
        stream: identity of the numbering; it changes only when the file had to be begun anew.
        acknowledged: highest number that arrived at the broker.
        dropped: unsent messages given up for lack of room, since opening.
        expired: unsent messages given up for their age, since opening.
    """

    def __init__(self, database: Database, clock: Clock, capacity: int, history: int) -> None:
        self._database = database
        self._clock = clock
        self._capacity = capacity
        self._history = history
        self._number = 0
        self._reserved = 0
        self._waiting = 0  # Written in the thread of the file, with the rows that it counts.
        self._appending = asyncio.Lock()
        self._arrived = asyncio.Event()
        self.stream = ""
        self.acknowledged = 0
        self.dropped = 0
        self.expired = 0

    async def load(self) -> None:
        """Take up where the last process stopped, at or above any number that it can have used.

        Raises:
            StoreError: the file cannot be read.
        """

        def job(connection: sqlite3.Connection) -> tuple[str, int, int, int]:
            position = connection.execute("SELECT stream, reserved, acknowledged FROM position").fetchone()
            (waiting,) = connection.execute(
                "SELECT count(*) FROM messages WHERE sequence > ?", (position[2],)
            ).fetchone()
            return (*position, waiting)

        self.stream, self._reserved, self.acknowledged, self._waiting = await self._database.run(job)
        self._number = self._reserved
        if self._waiting:
            self._arrived.set()

    async def append(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, expiry_s: float | None = None
    ) -> int:
        """Store a message and return its number.

        Raises:
            StoreError: it could not be written.
        """
        expires_ms = None if expiry_s is None else self._clock.wall_ms() + round(expiry_s * 1000)
        # Messages must reach the file in the order of their numbers: one that came late would count as sent already.
        async with self._appending:
            sequence = await self.take_number()
            message = OutboxMessage(sequence, topic, payload, qos, retain, expires_ms)
            try:
                await self._database.run(lambda connection: self._store(connection, message))
            finally:
                self._arrived.set()
        return sequence

    async def take_number(self) -> int:
        """The next number, for a message that is sent without being stored.

        Numbers are reserved in blocks that are synced to disk, so that a power failure that takes the last messages
        with it cannot make a number be given to a second message.
        """
        self._number += 1
        number = self._number
        if number > self._reserved:
            self._reserved = number + BLOCK - 1
            await self._reserve(self._reserved)
        return number

    @property
    def last_number(self) -> int:
        """The highest number given out."""
        return self._number

    @property
    def waiting(self) -> int:
        """How many messages are not yet acknowledged."""
        return self._waiting

    async def wait_until_pending(self) -> None:
        """Return as soon as there is something to send."""
        await self._arrived.wait()

    async def pending(self, limit: int) -> list[OutboxMessage]:
        """The oldest messages that are neither acknowledged nor expired."""
        now_ms = self._clock.wall_ms()

        def job(connection: sqlite3.Connection) -> tuple[int, list[OutboxMessage]]:
            expired = connection.execute(
                "DELETE FROM messages WHERE expires_ms < ? AND sequence > (SELECT acknowledged FROM position)",
                (now_ms,),
            ).rowcount
            query = f"SELECT {_FIELDS} FROM messages WHERE sequence > (SELECT acknowledged FROM position)"  # noqa: S608
            return expired, _messages(connection.execute(f"{query} ORDER BY sequence LIMIT ?", (limit,)))

        self._arrived.clear()
        expired, messages = await self._database.run(job)
        self.expired += expired
        self._waiting -= expired
        if messages:
            self._arrived.set()
        return messages

    async def acknowledge(self, sequence: int) -> None:
        """Note that the broker has all messages up to this number."""

        def job(connection: sqlite3.Connection) -> None:
            arrived = connection.execute(
                "SELECT count(*) FROM messages WHERE sequence <= ? AND sequence > (SELECT acknowledged FROM position)",
                (sequence,),
            ).fetchone()[0]
            connection.execute("UPDATE position SET acknowledged = max(acknowledged, ?)", (sequence,))
            connection.execute("DELETE FROM messages WHERE sequence <= ?", (sequence - self._history,))
            self._waiting -= int(arrived)
            self.acknowledged = max(self.acknowledged, sequence)

        await self._database.run(job)

    async def replayable(self, after: int, limit: int) -> list[OutboxMessage]:
        """Acknowledged messages with a higher number that are still kept, oldest first."""
        query = f"SELECT {_FIELDS} FROM messages WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"  # noqa: S608
        bounds = (after, self.acknowledged, limit)
        return await self._database.run(lambda connection: _messages(connection.execute(query, bounds)))

    async def retained(self) -> list[OutboxMessage]:
        """The last retained message of each topic whose last one is acknowledged: what a broker should know."""
        query = "SELECT sequence, topic, payload, qos, 1, NULL FROM retained WHERE sequence <= ? ORDER BY sequence"
        bounds = (self.acknowledged,)
        return await self._database.run(lambda connection: _messages(connection.execute(query, bounds)))

    async def settle(self) -> None:
        """Give back the unused rest of the reserved numbers; called once, before the file is closed."""
        await self._reserve(self._number)

    def _store(self, connection: sqlite3.Connection, message: OutboxMessage) -> None:
        _insert(connection, message)
        dropped = _drop_beyond(connection, self._capacity) if self._waiting >= self._capacity else 0
        self._waiting += 1 - dropped
        self.dropped += dropped

    async def _reserve(self, number: int) -> None:
        await self._database.run(
            lambda connection: connection.execute("UPDATE position SET reserved = ?", (number,)), power_safe=True
        )


def _insert(connection: sqlite3.Connection, message: OutboxMessage) -> None:
    connection.execute(
        f"INSERT INTO messages ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
        (message.sequence, message.topic, message.payload, message.qos, message.retain, message.expires_ms),
    )
    if message.retain and message.payload:
        connection.execute(
            "INSERT OR REPLACE INTO retained (topic, sequence, payload, qos) VALUES (?, ?, ?, ?)",
            (message.topic, message.sequence, message.payload, message.qos),
        )
    elif message.retain:
        connection.execute("DELETE FROM retained WHERE topic = ?", (message.topic,))


def _drop_beyond(connection: sqlite3.Connection, kept: int) -> int:
    return connection.execute(
        "DELETE FROM messages WHERE sequence > (SELECT acknowledged FROM position) AND sequence <= "
        "(SELECT sequence FROM messages ORDER BY sequence DESC LIMIT 1 OFFSET ?)",
        (kept,),
    ).rowcount


def _messages(rows: sqlite3.Cursor) -> list[OutboxMessage]:
    return [
        OutboxMessage(sequence, topic, payload, qos, bool(retain), expires_ms)
        for sequence, topic, payload, qos, retain, expires_ms in rows
    ]
