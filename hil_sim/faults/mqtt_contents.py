"""What CONNECT and PUBLISH packets say (MQTT 5, 3.1 and 3.3)."""

from dataclasses import dataclass, replace
from typing import Self

from hil_sim.faults.mqtt_packets import MalformedError, Packet, PacketKind, decode_length

VERSION_5 = 5
_TOPIC_ALIAS = 0x23
# Sizes of the properties of a PUBLISH that have a fixed one (2.2.2.2), and how many strings the others are.
_FIXED = {0x01: 1, 0x02: 4, _TOPIC_ALIAS: 2}
_STRINGS = {0x03: 1, 0x08: 1, 0x09: 1, 0x26: 2}
_SUBSCRIPTION = 0x0B


@dataclass(frozen=True, slots=True)
class Connect:
    """Who begins a session.

    Attributes:
        client_id: empty when the broker is to choose one.
        version: 3 (3.1), 4 (3.1.1) or 5.
    """

    client_id: str
    version: int

    @classmethod
    def of(cls, packet: Packet) -> Self:
        """Read a CONNECT packet.

        Raises:
            MalformedError: it is none.
        """
        if packet.kind != PacketKind.CONNECT:
            raise MalformedError(f"a session begins with CONNECT, not with a packet of kind {packet.kind}")
        reader = _Reader(packet.body)
        reader.string()  # the name of the protocol
        version = reader.integer(1)
        reader.integer(1 + 2)  # flags and keep alive
        if version >= VERSION_5:
            reader.skip(reader.length())
        return cls(_text(reader.string()), version)


@dataclass(frozen=True, slots=True)
class Publish:
    """A message.

    Attributes:
        packet: as it came, its topic spelled out.
        topic: of the message, also where an alias stood for it.
        qos: 0, 1 or 2.
        packet_id: what an acknowledgement refers to; 0 for quality of service 0.
    """

    packet: Packet
    topic: str
    qos: int
    packet_id: int


class PublishReader:
    """Reads the PUBLISH packets of one direction of a session, and spells topics out where an alias stands for them.

    Packets can then be left out or overtake each other without anybody missing what an alias means.

    Args:
        version: of the protocol, see `Connect`.
    """

    def __init__(self, version: int) -> None:
        self._version = version
        self._topics: dict[int, bytes] = {}

    def read(self, packet: Packet) -> Publish:
        """The message in a packet.

        Raises:
            MalformedError: it is no PUBLISH, or an alias in it means nothing.
        """
        reader = _Reader(packet.body)
        topic, after_topic = reader.string(), reader.place
        qos = packet.flags >> 1 & 0b11
        packet_id = reader.integer(2) if qos else 0
        alias = _alias(reader) if self._version >= VERSION_5 else None
        if alias is not None and topic:
            self._topics[alias] = topic
        elif not topic:
            topic = self._topics.get(alias or 0, b"")
            if not topic:
                raise MalformedError("a message without a topic")
            packet = replace(packet, body=len(topic).to_bytes(2, "big") + topic + packet.body[after_topic:])
        return Publish(packet, _text(topic), qos, packet_id)


class _Reader:
    """Takes fields from the front of a body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.place = 0

    def take(self, count: int) -> bytes:
        taken = self._body[self.place : self.place + count]
        if len(taken) < count:
            raise MalformedError("a packet ends within a field")
        self.place += count
        return taken

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def string(self) -> bytes:
        return self.take(self.integer(2))

    def skip(self, count: int) -> None:
        self.take(count)

    def length(self) -> int:
        found = decode_length(self._body, self.place)
        if found is None:
            raise MalformedError("a packet ends within a length")
        value, self.place = found
        return value


def _alias(reader: _Reader) -> int | None:
    """The topic alias among the properties of a PUBLISH, which the reader is left behind."""
    alias = None
    size = reader.length()
    end = reader.place + size
    while reader.place < end:
        name = reader.integer(1)
        if name in _FIXED:
            value = reader.integer(_FIXED[name])
            alias = value if name == _TOPIC_ALIAS else alias
        elif name == _SUBSCRIPTION:
            reader.length()
        else:
            if name not in _STRINGS:
                raise MalformedError(f"property {name:#04x} has no place in a PUBLISH")
            for _ in range(_STRINGS[name]):
                reader.string()
    if reader.place != end:
        raise MalformedError("properties end within a field")
    return alias


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"a text that is no UTF-8: {error}") from error
