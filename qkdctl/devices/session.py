"""One exchange at a time, each under a deadline, and never an answer to another question.

After a time-out or a cancelled exchange the stream is *dirty*: a late reply may still be on its way. Before it is used
again it is synchronised: a connection is closed and opened, a line is drained, and in both cases a marker query (the
identity) is sent and everything before its reply thrown away. Instruments answer in order, so what follows the marker's
reply answers what is asked next. A fresh connection is synchronised in the same way, so the first exchange already
knows that the right instrument answers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from qkdctl.devices.errors import ExchangeTimeoutError, IdentityMismatchError, ProtocolError
from qkdctl.devices.transports.base import ByteStream

#: Gives the length of the first complete reply in the buffer, or -1.
Framing = Callable[[bytes], int]
_REPLY_LIMIT = 1 << 20
_QUIET_S = 0.05
_MARKER_TRIES = 2


def until(terminator: bytes) -> Framing:
    """Framing of replies that end with a terminator."""

    def length(buffer: bytes) -> int:
        index = buffer.find(terminator)
        return index + len(terminator) if index >= 0 else -1

    return length


def _readable(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace").strip()


@dataclass(frozen=True, slots=True)
class Marker:
    """A harmless query whose reply cannot be mistaken for that to another.

    Attributes:
        command: bytes to send, terminator included.
        recognises: tells its reply, terminator included, from any other.
        expected: what its reply looks like, for people.
    """

    command: bytes
    recognises: Callable[[bytes], bool]
    expected: str = "another identity"


class Wire:
    """A session that is held: exchanges made through it are not interleaved with others'."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    async def send(self, command: bytes, timeout_s: float | None = None) -> None:
        """Send a command that gets no reply."""
        await self._session._send(command, timeout_s)  # noqa: SLF001 - the two classes are one

    async def query(self, command: bytes, timeout_s: float | None = None) -> bytes:
        """Send a command and return its whole reply, terminator included."""
        return await self._session._query(command, timeout_s)  # noqa: SLF001


class Session:
    """Request and reply over a byte stream.

    Args:
        stream: opened by `open`.
        framing: where a reply ends.
        timeout_s: for one exchange, reply included.
        marker: for synchronisation.
        gap_s: least time between two commands, for instruments that lose faster ones.

    Attributes:
        resynchronised: how often the stream had to be synchronised again after a failed exchange.
        unsolicited_bytes: bytes that answered nothing and were dropped.
    """

    def __init__(
        self, stream: ByteStream, *, framing: Framing, timeout_s: float, marker: Marker, gap_s: float = 0.0
    ) -> None:
        self._stream = stream
        self._framing = framing
        self._timeout_s = timeout_s
        self._marker = marker
        self._gap_s = gap_s
        self._buffer = b""
        self._lock = asyncio.Lock()
        self._dirty = False
        self._markers_unanswered = 0
        self._next_send = 0.0
        self.resynchronised = 0
        self.unsolicited_bytes = 0

    async def open(self) -> None:
        """Open the stream and synchronise.

        Raises:
            ConnectionLostError: the stream does not open.
            ExchangeTimeoutError: nobody answers.
            IdentityMismatchError: somebody answers, but not as the marker expects.
        """
        async with self._lock:
            await self._stream.open()
            await self._synchronise()

    async def close(self) -> None:
        """Close the stream; never raises."""
        await self._stream.close()

    def mark_dirty(self) -> None:
        """Called when a reply could not be understood: what follows it cannot be trusted either."""
        self._dirty = True

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Wire]:
        """Keep the session for several exchanges that belong together."""
        async with self._lock:
            yield Wire(self)

    async def send(self, command: bytes, timeout_s: float | None = None) -> None:
        """Send a command that gets no reply."""
        async with self._lock:
            await self._send(command, timeout_s)

    async def query(self, command: bytes, timeout_s: float | None = None) -> bytes:
        """Send a command and return its whole reply, terminator included.

        Raises:
            ExchangeTimeoutError: no complete reply in time; the stream will be synchronised.
            ConnectionLostError: the other side is gone.
        """
        async with self._lock:
            return await self._query(command, timeout_s)

    async def _send(self, command: bytes, timeout_s: float | None) -> None:
        await self._clean()
        self._dirty = True
        await self._transmit(command, timeout_s or self._timeout_s)
        self._dirty = False

    async def _query(self, command: bytes, timeout_s: float | None) -> bytes:
        await self._clean()
        self.unsolicited_bytes += len(self._buffer) + await self._stream.discard_input()
        self._buffer = b""
        timeout_s = timeout_s or self._timeout_s
        self._dirty = True
        self._markers_unanswered += command == self._marker.command
        await self._transmit(command, timeout_s)
        reply = await self._frame(asyncio.get_running_loop().time() + timeout_s)
        self._markers_unanswered -= command == self._marker.command
        self._dirty = False
        return reply

    async def _transmit(self, command: bytes, timeout_s: float) -> None:
        if self._gap_s:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._next_send - loop.time()))
            self._next_send = loop.time() + self._gap_s
        await self._stream.send(command, timeout_s)

    async def _frame(self, deadline: float) -> bytes:
        loop = asyncio.get_running_loop()
        while (length := self._framing(self._buffer)) < 0:
            if len(self._buffer) > _REPLY_LIMIT:
                raise ProtocolError(f"reply longer than {_REPLY_LIMIT} bytes; begins {self._buffer[:40]!r}")
            try:
                self._buffer += await self._stream.receive(max(0.0, deadline - loop.time()))
            except ExchangeTimeoutError:
                if not self._buffer:
                    raise
                raise ExchangeTimeoutError(f"incomplete reply {self._buffer[-80:]!r} at the deadline") from None
        reply, self._buffer = self._buffer[:length], self._buffer[length:]
        return reply

    async def _clean(self) -> None:
        """Synchronise a dirty stream; it stays dirty when that fails."""
        if not self._dirty:
            return
        self.resynchronised += 1
        if self._stream.reopen_drops_replies or not self._stream.is_open:
            await self._stream.open()
        await self._synchronise()

    async def _synchronise(self) -> None:
        self._dirty = True
        self._buffer = b""
        if self._stream.reopen_drops_replies:
            self._markers_unanswered = 0
        else:
            await self._drain()
        await self._find_marker()
        await self._outwait_earlier_markers()
        self._dirty = False

    async def _find_marker(self) -> None:
        """Send the marker and skip what comes before its reply.

        Twice at most: a late reply without its end may run into the first marker's.
        """
        stranger = b""
        for last in range(_MARKER_TRIES - 1, -1, -1):
            self._markers_unanswered += 1
            await self._transmit(self._marker.command, self._timeout_s)
            deadline = asyncio.get_running_loop().time() + self._timeout_s
            try:
                while not self._marker.recognises(stranger := await self._frame(deadline)):
                    self.unsolicited_bytes += len(stranger)
            except ExchangeTimeoutError:
                if not stranger and not self._buffer:
                    raise
                if not last:
                    answer = _readable(stranger or self._buffer)
                    raise IdentityMismatchError(
                        f"{answer:.200} is the answer to {_readable(self._marker.command)}; expected "
                        f"{self._marker.expected}. Check the address; nothing was written"
                    ) from None
            else:
                self._markers_unanswered -= 1
                return

    async def _outwait_earlier_markers(self) -> None:
        """The reply found may be a late one to an earlier marker; then the others follow on its heels, or never."""
        while self._markers_unanswered:
            try:
                await self._frame(asyncio.get_running_loop().time() + self._timeout_s)
                self._markers_unanswered -= 1
            except ExchangeTimeoutError:
                self._markers_unanswered = 0
        self._buffer = b""

    async def _drain(self) -> None:
        """Read until the line is quiet, for the time of one exchange at most."""
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        while asyncio.get_running_loop().time() < deadline:
            try:
                self.unsolicited_bytes += len(await self._stream.receive(_QUIET_S))
            except ExchangeTimeoutError:
                return
