"""What one node says to another at one time, as bytes under one tag."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from qkdctl.abft.act_messages import PartialTag, SharesWanted
from qkdctl.abft.messages import Message
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.records.base import Name

MOST_BYTES = 65_280
"""Of a packet; longer ones are refused, because the chance of a forgery grows with the length."""
_BODIES_KEPT = 32
Spoken: TypeAlias = Message | PartialTag | SharesWanted | SealedShare


class PacketError(Exception):
    """Bytes that are no packet of this protocol, or a message too long for one."""


class OtherNetworkError(PacketError):
    """A packet of another network, or of one with another description."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Messages from one node to another.

    Attributes:
        network: name of the network.
        sender: who says it.
        to: for whom it is meant; nobody else takes it.
        messages: in the order in which they were said.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    network: Name
    sender: Name
    to: Name
    messages: tuple[Annotated[Spoken, Field(discriminator="kind")], ...]

    def encode(self) -> bytes:
        """JSON, ready for a tag.

        Raises:
            PacketError: too long.
        """
        return framed(self.network, self.sender, self.to, [encoded(message) for message in self.messages])

    @classmethod
    def decode(cls, data: bytes) -> "Packet":
        """From bytes.

        Raises:
            PacketError: they are no packet.
        """
        _require_length(data, "read")
        try:
            return _PACKET.validate_json(data, strict=True)
        except ValidationError as error:
            raise _not_understood(error) from error


_PACKET: TypeAdapter[Packet] = TypeAdapter(Packet)
_SPOKEN: TypeAdapter[Spoken] = TypeAdapter(Spoken)
_MESSAGES: TypeAdapter[tuple[Spoken, ...]] = TypeAdapter(
    tuple[Annotated[Spoken, Field(discriminator="kind")], ...], config=Packet.__pydantic_config__
)
_FRAME_BYTES = 256
_END = b"]}"


def encoded(message: Spoken) -> bytes:
    """JSON of one message, the same for everybody it is meant for.

    Raises:
        PacketError: too long for a packet.
    """
    data = _SPOKEN.dump_json(message)
    if _FRAME_BYTES + len(data) >= MOST_BYTES:
        raise PacketError(f"message {message.kind} of {len(data)} bytes; at most {MOST_BYTES - _FRAME_BYTES - 1} fit")
    return data


def in_packets(messages: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    """Divide encoded messages into as few packets as their order allows."""
    waiting: list[bytes] = []
    size = _FRAME_BYTES
    for message in messages:
        length = len(message) + 1
        if size + length > MOST_BYTES:
            yield tuple(waiting)
            waiting, size = [], _FRAME_BYTES
        waiting.append(message)
        size += length
    if waiting:
        yield tuple(waiting)


def framed(network: str, sender: str, to: str, messages: Iterable[bytes]) -> bytes:
    """A packet with these encoded messages.

    Raises:
        PacketError: too long.
    """
    data = b"".join((beginning(network, sender, to), b",".join(messages), _END))
    _require_length(data, "sent")
    return data


@lru_cache(maxsize=4096)
def beginning(network: str, sender: str, to: str) -> bytes:
    """How every packet from one node to another begins that this software has made."""
    return f'{{"network":"{network}","sender":"{sender}","to":"{to}","messages":['.encode("ascii")


class Reader:
    """Reads the packets that one node gets.

    Most of what nodes say is the same for all of them: votes for one value, lists of the same reports. It is parsed
    once, and the messages are shared.

    Args:
        network: of the network and its description, see `qkdctl.agreement.courier.Courier`.
        me: for whom packets are meant.
    """

    def __init__(self, network: str, me: str) -> None:
        self._network = network
        self._me = me
        self._parse = lru_cache(maxsize=_BODIES_KEPT)(_parsed)

    def read(self, sender: str, data: bytes) -> tuple[Spoken, ...]:
        """Messages of a packet.

        Raises:
            OtherNetworkError: it is of another network.
            PacketError: it is none, or not from this sender to this node.
        """
        start = beginning(self._network, sender, self._me)
        if data.startswith(start) and data.endswith(_END):
            _require_length(data, "read")
            return self._parse(data[len(start) : -len(_END)])
        packet = Packet.decode(data)
        if packet.network != self._network:
            raise OtherNetworkError(f"packet of network {packet.network}; this node is in {self._network}")
        if (packet.sender, packet.to) != (sender, self._me):
            raise PacketError(f"packet of others: from {packet.sender} to {packet.to}")
        return packet.messages


def _parsed(body: bytes) -> tuple[Spoken, ...]:
    try:
        return _MESSAGES.validate_json(b"[" + body + b"]")
    except ValidationError as error:
        raise _not_understood(error) from error


def _require_length(data: bytes, done: str) -> None:
    if len(data) > MOST_BYTES:
        raise PacketError(f"packet of {len(data)} bytes; at most {MOST_BYTES} are {done}")


def _not_understood(error: ValidationError) -> PacketError:
    return PacketError(f"no packet: {error.errors(include_url=False, include_input=False)[:1]}")
