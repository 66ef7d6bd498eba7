"""Polatis all-optical matrix switches.

Source: Polatis SCPI command reference, subsystem OXC. Sets give no reply, and commands need 100 ms between them.
Replies end with CR on a serial line and with CR LF elsewhere.
"""

import re
from typing import ClassVar

from qkdctl.devices import Attribute, DeviceKind, OutOfRangeError, Poll, ProtocolError, Scpi, ScpiDevice, Value

_LISTS = re.compile(r"\(@([\d,\s]*)\)\s*,\s*\(@([\d,\s]*)\)")
_SIZE = re.compile(r"^(\d+)\s*,\s*(\d+)$")
_PAIR = re.compile(r"^(\d{1,5})>(\d{1,5})$")


class Polatis(ScpiDevice):
    """Matrix switch; its connections are one value, such as "1>17,2>18", sorted by input port.

    Outputs are numbered after the inputs.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.OPTICAL_SWITCH
    identity_pattern: ClassVar[str] = r"(?i)^polatis\b(?:[^,]*,){2}\s*(?P<serial>[^,]*)"
    address_example: ClassVar[str] = "tcp://192.0.2.30:5025"
    write_terminator: ClassVar[bytes] = b"\r\n"
    read_terminator: ClassVar[bytes] = b"\r"
    baud: ClassVar[int] = 38400
    gap_s: ClassVar[float] = 0.1
    error_query: ClassVar[str] = ":SYST:ERR?"

    attributes = (
        Attribute(
            "connections", str, "", "connected ports, input>output",
            writable=True, poll=Poll.SLOW, wire=Scpi(":OXC:SWIT:CONN:STAT?", ":OXC:SWIT:CONN:ONLY {value}"),
        ),
        Attribute("size", str, "", "input and output ports", wire=Scpi(":OXC:SWIT:SIZE?")),
        Attribute("boot_mode", str, "", "what the switch does at power-on", wire=Scpi(":OXC:BOOT:MODE?")),
    )  # fmt: skip

    _inputs = 0
    _outputs = 0

    async def _identified(self) -> None:
        """Learn the number of ports."""
        size = str(await self.read("size"))
        match = _SIZE.match(size)
        if match is None:
            raise ProtocolError(f"{self.name}: {size!r} in answer to SIZE?; expected inputs,outputs")
        self._inputs, self._outputs = int(match[1]), int(match[2])

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        if attribute.name != "connections":
            return value
        match = _LISTS.search(str(value))
        inputs, outputs = (_ports(match[1]), _ports(match[2])) if match else ([], [0])
        if len(inputs) != len(outputs):
            self.session.mark_dirty()
            raise ProtocolError(f"{self.name}: {value!r} in answer to CONN:STAT?; expected two equal lists of ports")
        return _as_text(dict(zip(inputs, outputs, strict=True)))

    def as_sent(self, attribute: Attribute, value: Value) -> Value:
        """Connections sorted by input port.

        Raises:
            OutOfRangeError: not of the form "1>17,2>18", a port used twice, or one that the switch does not have.
        """
        return _as_text(self._pairs(str(value))) if attribute.name == "connections" else value

    def set_command(self, attribute: Attribute, value: Value) -> str:
        """Exactly these connections and no other."""
        pairs = self._pairs(str(value))
        if not pairs:
            return ":OXC:SWIT:DISC:ALL"
        lists = f"(@{','.join(map(str, pairs))}),(@{','.join(map(str, pairs.values()))})"
        return self._fill(self.line(attribute).set, value=lists)

    def _pairs(self, text: str) -> dict[int, int]:
        pairs: dict[int, int] = {}
        for item in filter(None, text.replace(" ", "").split(",")):
            match = _PAIR.match(item)
            if match is None or int(match[1]) in pairs or int(match[2]) in pairs.values():
                raise OutOfRangeError(
                    f"{self.name}: connection {item!r} refused; expected input>output, each port once"
                )
            pairs[int(match[1])] = int(match[2])
        last = self._inputs + self._outputs
        for port, partner in pairs.items():
            if self._inputs and not (1 <= port <= self._inputs < partner <= last):
                raise OutOfRangeError(
                    f"{self.name}: connection {port}>{partner} refused; inputs are 1 to {self._inputs}, outputs "
                    f"{self._inputs + 1} to {last}"
                )
        return dict(sorted(pairs.items()))


def _as_text(pairs: dict[int, int]) -> str:
    return ",".join(f"{port}>{pairs[port]}" for port in sorted(pairs))


def _ports(text: str) -> list[int]:
    return [int(port) for port in text.split(",") if port.strip()]
