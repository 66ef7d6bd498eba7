"""Instruments that speak SCPI: text lines plus an error queue."""

import re
from typing import ClassVar, TypeAlias

from qkdctl.devices.errors import ExchangeTimeoutError, InstrumentError, InterlockError, ProtocolError
from qkdctl.devices.session import Wire
from qkdctl.devices.text import Line, LineDevice

#: A SCPI attribute needs nothing that a line of text has not.
Scpi: TypeAlias = Line
_DRAIN_LIMIT = 32
_ENTRY = re.compile(r"^\s*([-+]?\d+)\s*,?\s*\"?(.*?)\"?\s*$")


class ScpiDevice(LineDevice):
    """A driver for a SCPI instrument.

    After each write the error queue is emptied and any entry raised, together with the command, while the session is
    held, so that no other exchange can come between. Before a write it is emptied too when it may hold what others
    caused: after connecting, and after a query that got no answer.

    Attributes:
        error_query: asks for and removes one entry.
        interlock_codes: device-specific codes that mean "emission refused".
    """

    identity_command: ClassVar[str] = "*IDN?"
    error_query: ClassVar[str] = "SYST:ERR?"
    interlock_codes: ClassVar[frozenset[int]] = frozenset()
    _queue_is_ours = False

    async def _open(self) -> None:
        self._queue_is_ours = False
        await super()._open()

    async def ask(self, command: str, timeout_s: float | None = None, wire: Wire | None = None) -> str:
        """One question, one answer, as text; one that gets no answer may leave its error in the queue."""
        try:
            return await super().ask(command, timeout_s, wire)
        except ExchangeTimeoutError:
            self._queue_is_ours = False
            raise

    async def command(self, command: str, timeout_s: float | None = None) -> None:
        """Send a command and raise what it put into the error queue.

        Raises:
            InterlockError: emission was refused.
            InstrumentError: any other entry.
        """
        async with self.session.held() as wire:
            if not self._queue_is_ours:
                await self.drain_errors(wire)
            await wire.send(self._encode(command), timeout_s)
            entries = await self.drain_errors(wire)
        if entries:
            kind = InterlockError if any(code in self.interlock_codes for code, _ in entries) else InstrumentError
            listed = "; ".join(f"{code} {text}" for code, text in entries)
            raise kind(f"{self.name} refused {command!r}: {listed}", command, entries)

    async def drain_errors(self, wire: Wire) -> list[tuple[int, str]]:
        """Take entries out of the error queue until it is empty, 32 at most.

        Raises:
            ProtocolError: a reply is no entry, or the queue does not end.
        """
        entries: list[tuple[int, str]] = []
        while True:
            reply = await self.ask(self.error_query, wire=wire)
            match = _ENTRY.match(reply)
            if match is None:
                self.session.mark_dirty()
                raise ProtocolError(f"{self.name}: {reply[:80]!r} in answer to {self.error_query}; expected a code")
            if int(match[1]) == 0:
                self._queue_is_ours = True
                return entries
            entries.append((int(match[1]), match[2]))
            if len(entries) == _DRAIN_LIMIT:
                self._queue_is_ours = False
                first = "; ".join(f"{code} {text}" for code, text in entries[:3])
                raise ProtocolError(f"{self.name}: {_DRAIN_LIMIT} errors and no end of the queue; it begins {first}")
