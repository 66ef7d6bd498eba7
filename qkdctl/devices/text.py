"""Instruments that speak lines of text: the command table is the driver."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, ClassVar

from qkdctl.devices.attributes import Attribute, Value
from qkdctl.devices.device import Device
from qkdctl.devices.errors import DeviceError, ProtocolError
from qkdctl.devices.session import Framing, Marker, Session, Wire, until
from qkdctl.devices.streams import open_stream

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
#: SCPI-99, 7.2.1.4: 9.9E37 is infinity and 9.91E37 is not a number.
_NO_NUMBER = 9.9e37


@dataclass(frozen=True, slots=True)
class Line:
    """The wire side of an attribute.

    Attributes:
        query: command that asks for it; "{channel}" and the like are filled from the driver's options.
        set: command that sets it; "{value}" is the value on the wire, with a format such as "{value:.2f}".
        pattern: regular expression over the reply, its first group is the value; "" takes the whole reply.
        scale: wire value = attribute value x scale; the only place where units are converted.
        reply_scale: the same for replies, where they come in another unit than sets; 0 where they do not.
        words: attribute value -> word on the wire, for bool and str.
    """

    query: str = ""
    set: str = ""
    pattern: str = ""
    scale: float = 1.0
    reply_scale: float = 0.0
    words: Mapping[Value, str] = field(default_factory=dict)


class LineDevice(Device):
    """A driver whose attributes carry `Line` commands over a byte stream.

    Attributes:
        identity_command: asks who is there; also the marker for synchronisation.
        marker_pattern: what the reply to it matches; "" means `identity_pattern`, which is right unless a driver puts
            its identity together from several replies.
        write_terminator, read_terminator: ends of lines.
        baud: default of the serial line in bit/s.  rtscts: hardware flow control.
        sets_reply: every set is answered by one line, which is consumed and handed to `_check_set_reply`.
        gap_s: least time between two commands.
    """

    identity_command: ClassVar[str]
    marker_pattern: ClassVar[str] = ""
    write_terminator: ClassVar[bytes] = b"\n"
    read_terminator: ClassVar[bytes] = b"\n"
    baud: ClassVar[int] = 9600
    rtscts: ClassVar[bool] = False
    sets_reply: ClassVar[bool] = False
    gap_s: ClassVar[float] = 0.0

    def __init__(self, name: str, address: str, **settings: Any) -> None:
        super().__init__(name, address, **settings)
        self._option_values = self.options.model_dump()
        stream = open_stream(address, self.timeout_s, default_baud=self.baud, rtscts=self.rtscts)
        expected = f"an identity like {self.marker_pattern or self.identity_pattern!r}"
        marker = Marker(self._encode(self._fill(self.identity_command)), self._is_identity, expected)
        self.session = Session(
            stream, framing=self._framing(), timeout_s=self.timeout_s, marker=marker, gap_s=self.gap_s
        )

    def _is_identity(self, reply: bytes) -> bool:
        """Whether a reply is that of the identity command."""
        try:
            text = self._decode(self._fill(self.identity_command), reply)
        except DeviceError:
            return False
        return re.search(self.marker_pattern or self.identity_pattern, text) is not None

    def _framing(self) -> Framing:
        """Where a reply ends; the read terminator unless a protocol says otherwise."""
        return until(self.read_terminator)

    def _encode(self, command: str) -> bytes:
        return command.encode("ascii") + self.write_terminator

    def _decode(self, command: str, reply: bytes) -> str:  # noqa: ARG002 - echoing protocols need the command
        """The content of a reply: what remains without terminator, echo and prompt."""
        return reply.decode("latin-1").strip("\r\n\0 ")

    def _check_set_reply(self, command: str, reply: str) -> None:
        """Raise InstrumentError when the reply to a set is a refusal."""

    async def _open(self) -> None:
        await self.session.open()

    async def close(self) -> None:
        """Close the stream."""
        await self.session.close()

    async def _identity(self) -> str:
        return await self.ask(self._fill(self.identity_command))

    async def ask(self, command: str, timeout_s: float | None = None, wire: Wire | None = None) -> str:
        """One question, one answer, as text."""
        channel = wire if wire is not None else self.session
        return self._decode(command, await channel.query(self._encode(command), timeout_s))

    def line(self, attribute: Attribute) -> Line:
        """The commands of an attribute; overridden where they depend on an option."""
        assert isinstance(attribute.wire, Line), f"{attribute.name} has no Line"
        return attribute.wire

    async def _read(self, attribute: Attribute) -> Value:
        line = self.line(attribute)
        return self.parse(attribute, line, await self.ask(self._fill(line.query)))

    async def _write(self, attribute: Attribute, value: Value) -> None:
        await self.command(self.set_command(attribute, value))

    def set_command(self, attribute: Attribute, value: Value) -> str:
        """What `_write` sends, without its terminator."""
        line = self.line(attribute)
        return self._fill(line.set, value=self.wire_value(line, value))

    async def command(self, command: str, timeout_s: float | None = None) -> None:
        """Send a set command, consume the reply where the protocol has one, and check it."""
        if self.sets_reply:
            self._check_set_reply(command, await self.ask(command, timeout_s))
        else:
            await self.session.send(self._encode(command), timeout_s)

    def parse(self, attribute: Attribute, line: Line, reply: str) -> Value:
        """The attribute's value in a reply.

        Raises:
            ProtocolError: the reply does not fit; the stream is resynchronised before it is used again.
        """
        text = reply
        if line.pattern:
            match = re.search(line.pattern, reply)
            if match is None:
                raise self._garbage(attribute, reply, f"a match of {line.pattern!r}")
            text = match.group(1) if match.groups() else match.group(0)
        if line.words:
            return self._word(attribute, line, reply, text.strip())
        if attribute.type is str:
            return text.strip()
        number = self._number(attribute, reply, text.strip())
        if attribute.type is bool:
            if number not in (0.0, 1.0):
                raise self._garbage(attribute, reply, "0 or 1")
            return number == 1.0
        scale = line.reply_scale or line.scale
        if attribute.type is int:
            return round(number / scale)
        # 12 digits are more than any instrument sends, and hide that 1.55e-6 / 1e-9 is not quite 1550.
        return number if scale == 1.0 else float(f"{number / scale:.12g}")

    def _word(self, attribute: Attribute, line: Line, reply: str, text: str) -> Value:
        for value, word in line.words.items():
            if text.upper() == word.upper():
                return value
        raise self._garbage(attribute, reply, f"one of {', '.join(line.words.values())}")

    def _number(self, attribute: Attribute, reply: str, text: str) -> float:
        if _NUMBER.fullmatch(text) is None:
            raise self._garbage(attribute, reply, "a number")
        number = float(text)
        if abs(number) >= _NO_NUMBER:
            raise ProtocolError(f"{self.name}.{attribute.name}: {reply[:80]!r} stands for overload or no signal")
        return number

    def as_sent(self, attribute: Attribute, value: Value) -> Value:
        """The value as rounded to the decimals of its set command."""
        if isinstance(value, bool | str):
            return value
        line = self.line(attribute)
        decimals = next((spec for _, name, spec, _ in Formatter().parse(line.set) if name == "value"), None)
        return value if decimals is None else float(format(self.wire_value(line, value), decimals)) / line.scale

    def wire_value(self, line: Line, value: Value) -> Value:
        """The value as it stands on the wire."""
        if line.words:
            return line.words[value]
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, str) or line.scale == 1.0:
            return value
        return value * line.scale

    def _garbage(self, attribute: Attribute, reply: str, expected: str) -> ProtocolError:
        self.session.mark_dirty()
        return ProtocolError(f"{self.name}.{attribute.name}: reply {reply[:80]!r}; expected {expected}")

    def _fill(self, template: str, **values: Value) -> str:
        return template.format(**self._option_values, **values) if "{" in template else template
