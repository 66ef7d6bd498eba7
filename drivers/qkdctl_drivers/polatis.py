"""Polatis all-optical matrix switches.

Source: Polatis SCPI command reference, subsystem OXC. Sets give no reply, and commands need 100 ms between them.
"""

import re
from typing import ClassVar

from qkdctl.devices import Attribute, DeviceKind, OutOfRangeError, Poll, ProtocolError, Scpi, ScpiDevice, Value

_LISTS = re.compile(r"\(@([\d,\s]*)\)\s*,\s*\(@([\d,\s]*)\)")
_PAIR = re.compile(r"^(\d+)>(\d+)$")


class Polatis(ScpiDevice):
    """Matrix switch; its connections are one value, such as "1>17,2>18", sorted by input port."""

    kind: ClassVar[DeviceKind] = DeviceKind.OPTICAL_SWITCH
    identity_pattern: ClassVar[str] = r"(?i)^polatis\b(?:[^,]*,){2}\s*(?P<serial>[^,]*)"
    address_example: ClassVar[str] = "tcp://192.0.2.30:5025"
    write_terminator: ClassVar[bytes] = b"\r\n"
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

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        if attribute.name != "connections":
            return value
        match = _LISTS.search(str(value))
        inputs, outputs = (_ports(match[1]), _ports(match[2])) if match else ([], [0])
        if len(inputs) != len(outputs):
            self.session.mark_dirty()
            raise ProtocolError(f"{self.name}: {value!r} in answer to CONN:STAT?; expected two equal lists of ports")
        return as_connections(dict(zip(inputs, outputs, strict=True)))

    async def _write(self, attribute: Attribute, value: Value) -> None:  # noqa: ARG002 - only one is writable
        pairs = parse_connections(str(value), self.name)
        if not pairs:
            await self.command(":OXC:SWIT:DISC:ALL")
            return
        inputs, outputs = ",".join(map(str, pairs)), ",".join(map(str, pairs.values()))
        await self.command(f":OXC:SWIT:CONN:ONLY (@{inputs}),(@{outputs})")


def parse_connections(text: str, who: str) -> dict[int, int]:
    """Input port -> output port.

    Raises:
        OutOfRangeError: not of the form "1>17,2>18", or a port is used twice.
    """
    pairs: dict[int, int] = {}
    for item in filter(None, text.replace(" ", "").split(",")):
        match = _PAIR.match(item)
        if match is None or int(match[1]) in pairs or int(match[2]) in pairs.values():
            raise OutOfRangeError(f"{who}: connection {item!r} refused; expected input>output, each port once")
        pairs[int(match[1])] = int(match[2])
    return dict(sorted(pairs.items()))


def as_connections(pairs: dict[int, int]) -> str:
    """The value of `connections`."""
    return ",".join(f"{port}>{pairs[port]}" for port in sorted(pairs))


def _ports(text: str) -> list[int]:
    return [int(port) for port in text.split(",") if port.strip()]
