"""Instruments that speak SCPI: text lines plus an error queue."""

import re
from typing import ClassVar, TypeAlias

from qkdctl.devices.attributes import Attribute, Value
from qkdctl.devices.errors import InstrumentError, InterlockError, ProtocolError
from qkdctl.devices.session import Wire
from qkdctl.devices.text import Line, LineDevice

#: A SCPI attribute needs nothing that a line of text has not.
Scpi: TypeAlias = Line
_DRAIN_LIMIT = 32
_ENTRY = re.compile(r"^\s*([-+]?\d+)\s*,?\s*\"?(.*?)\"?\s*$")


class ScpiDevice(LineDevice):
    """A driver for a SCPI instrument.

    After each write the error queue is emptied and any entry raised, together with the command, while the session is
    held, so that no other exchange can come between.

    Attributes:
        error_query: asks for and removes one entry.
        interlock_codes: device-specific codes that mean "emission refused".
    """

    identity_command: ClassVar[str] = "*IDN?"
    error_query: ClassVar[str] = "SYST:ERR?"
    interlock_codes: ClassVar[frozenset[int]] = frozenset()

    async def _identified(self) -> None:
        """Empty the queue of errors that others caused, so that none is blamed on our first command."""
        async with self.session.held() as wire:
            await self.drain_errors(wire)

    async def _write(self, attribute: Attribute, value: Value) -> None:
        line = attribute.wire
        assert isinstance(line, Line), f"{attribute.name} has no command"
        await self.command(self._fill(line.set, value=self.wire_value(line, value)))

    async def command(self, command: str, timeout_s: float | None = None) -> None:
        """Send a command and raise what it put into the error queue.

        Raises:
            InterlockError: emission was refused.
            InstrumentError: any other entry.
        """
        async with self.session.held() as wire:
            await wire.send(self._encode(command), timeout_s)
            entries = await self.drain_errors(wire)
        if entries:
            kind = InterlockError if any(code in self.interlock_codes for code, _ in entries) else InstrumentError
            listed = "; ".join(f"{code} {text}" for code, text in entries)
            raise kind(f"{self.name} refused {command!r}: {listed}", command, entries)

    async def drain_errors(self, wire: Wire) -> list[tuple[int, str]]:
        """Take entries out of the error queue until it is empty or the bound is reached."""
        entries: list[tuple[int, str]] = []
        while len(entries) < _DRAIN_LIMIT:
            reply = await self.ask(self.error_query, wire=wire)
            match = _ENTRY.match(reply)
            if match is None:
                self.session.mark_dirty()
                raise ProtocolError(f"{self.name}: {reply[:80]!r} in answer to {self.error_query}; expected a code")
            if int(match[1]) == 0:
                break
            entries.append((int(match[1]), match[2]))
        return entries
