"""MQTT on the wire: where packets begin and end, and the little of their contents that a proxy needs.

Versions 3.1, 3.1.1 and 5 (OASIS, MQTT Version 5.0, 2019; section numbers are those).
"""

from dataclasses import dataclass
from enum import IntEnum

LENGTH_BYTES = 4
"""Most that the length of a packet takes (1.5.5)."""


class PacketKind(IntEnum):
    """Upper four bits of the first byte (2.1.2); those that a proxy tells apart."""

    CONNECT = 1
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7


class MalformedError(ValueError):
    """Bytes that are no MQTT."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One control packet.

    Attributes:
        kind: 0 to 15, see `PacketKind`.
        flags: lower four bits of the first byte.
        body: everything after the length.
    """

    kind: int
    flags: int
    body: bytes

    def encode(self) -> bytes:
        """The packet on the wire."""
        return bytes([self.kind << 4 | self.flags]) + encode_length(len(self.body)) + self.body


class Framer:
    """Cuts a stream of bytes into packets.

    Args:
        most_bytes: longer packets are malformed here.
    """

    def __init__(self, most_bytes: int = 16 * 1024 * 1024) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Packet]:
        """Packets that are complete now.

        Raises:
            MalformedError: the stream makes no sense from here on.
        """
        self._buffer += data
        packets = []
        while (packet := self._next()) is not None:
            packets.append(packet)
        return packets

    def _next(self) -> Packet | None:
        found = decode_length(self._buffer, 1)
        if found is None:
            return None
        length, begin = found
        if length > self._most_bytes:
            raise MalformedError(f"a packet of {length} bytes, at most {self._most_bytes} are allowed")
        if len(self._buffer) < begin + length:
            return None
        packet = Packet(self._buffer[0] >> 4, self._buffer[0] & 0x0F, bytes(self._buffer[begin : begin + length]))
        del self._buffer[: begin + length]
        return packet


def encode_length(value: int) -> bytes:
    """A variable byte integer, seven bits at a time, the lowest first (1.5.5).

    Raises:
        ValueError: negative, or more than four bytes can say.
    """
    if not 0 <= value < 1 << 7 * LENGTH_BYTES:
        raise ValueError(f"lengths go from 0 to {(1 << 7 * LENGTH_BYTES) - 1}, got {value}")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def decode_length(data: bytes | bytearray, begin: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None while bytes are missing.

    Raises:
        MalformedError: it does not end within four bytes.
    """
    value = 0
    for place in range(LENGTH_BYTES):
        if begin + place >= len(data):
            return None
        byte = data[begin + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, begin + place + 1
    raise MalformedError("a length of more than four bytes")
