"""What one node says to another at one time, as bytes under one tag."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from qkdctl.abft.act_messages import PartialTag, SharesWanted
from qkdctl.abft.messages import Message
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.records.base import Name

MOST_BYTES = 65_280
"""Of a packet; longer ones are refused, because the chance of a forgery grows with the length."""
Spoken: TypeAlias = Message | PartialTag | SharesWanted | SealedShare


class PacketError(Exception):
    """Bytes that are no packet of this protocol, or a message too long for one."""


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
        data = _PACKET.dump_json(self)
        if len(data) > MOST_BYTES:
            raise PacketError(f"packet of {len(data)} bytes; at most {MOST_BYTES} are sent")
        return data

    @classmethod
    def decode(cls, data: bytes) -> "Packet":
        """From bytes.

        Raises:
            PacketError: they are no packet.
        """
        if len(data) > MOST_BYTES:
            raise PacketError(f"packet of {len(data)} bytes; at most {MOST_BYTES} are read")
        try:
            return _PACKET.validate_json(data, strict=True)
        except ValidationError as error:
            raise PacketError(f"no packet: {error.errors(include_url=False, include_input=False)[:1]}") from error


_PACKET: TypeAdapter[Packet] = TypeAdapter(Packet)
_SPOKEN: TypeAdapter[Spoken] = TypeAdapter(Spoken)
_FRAME_BYTES = 256


def in_packets(messages: Iterable[Spoken]) -> Iterator[tuple[Spoken, ...]]:
    """Divide messages into as few packets as their order allows.

    Raises:
        PacketError: a single message is too long.
    """
    waiting: list[Spoken] = []
    size = _FRAME_BYTES
    for message in messages:
        length = len(_SPOKEN.dump_json(message)) + 1
        if _FRAME_BYTES + length > MOST_BYTES:
            raise PacketError(f"message {message.kind} of {length} bytes; at most {MOST_BYTES - _FRAME_BYTES} fit")
        if size + length > MOST_BYTES:
            yield tuple(waiting)
            waiting, size = [], _FRAME_BYTES
        waiting.append(message)
        size += length
    if waiting:
        yield tuple(waiting)
