"""What stands in clear before the payload of a sealed packet. The tag covers all of it."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from qkdctl.keys.base import ID_BYTES

SESSION_BYTES = 16
NO_SESSION = bytes(SESSION_BYTES)
NO_BLOCK = bytes(ID_BYTES)
POSITION_MAX = 2**62
MOST_UPCOMING = 4
MOST_BYTES = 65_536
"""Of header and payload together; the chance of a forgery grows with what a tag covers."""

_FORMAT = 1
_FIXED = struct.Struct(">BBBB16s16sQQQ16s16s")
MOST_PAYLOAD = MOST_BYTES - 256
assert _FIXED.size + MOST_UPCOMING * ID_BYTES <= MOST_BYTES - MOST_PAYLOAD


class Mode(IntEnum):
    """How a tag was made."""

    ONE_TIME = 1
    """Poly1305 with a fresh pad, 16 bytes."""
    HMAC = 2
    """HMAC-SHA-256, 32 bytes."""

    @property
    def tag_bytes(self) -> int:
        """Length of the tag."""
        return 16 if self is Mode.ONE_TIME else 32


@dataclass(frozen=True, slots=True)
class Header:
    """The clear part.

    Attributes:
        mode: of the tag.
        session: random number of the sender's process, 16 bytes.
        echo: that of the receiver's process, as far as the sender knows; zeros if it does not.
        position: rises with every packet from this sender to this receiver, also across restarts.
        acknowledged: highest position that the sender accepted from the receiver, in any session.
        fetched: the sender's `KeySource.fetched`.
        chapter: number of the key that holds r and the key of HMAC.
        block: number of the key that holds the pad; zeros with HMAC.
        pad: which pad of the block.
        upcoming: numbers of keys that will be used next.
    """

    mode: Mode
    session: bytes
    echo: bytes
    position: int
    acknowledged: int
    fetched: int
    chapter: bytes
    block: bytes = NO_BLOCK
    pad: int = 0
    upcoming: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """92 bytes, and 16 for each upcoming key."""
        fixed = _FIXED.pack(
            _FORMAT,
            self.mode,
            self.pad,
            len(self.upcoming),
            self.session,
            self.echo,
            self.position,
            self.acknowledged,
            self.fetched,
            self.chapter,
            self.block,
        )
        return fixed + b"".join(self.upcoming)

    @classmethod
    def decode(cls, sealed: bytes) -> tuple[Self, bytes, bytes, bytes]:
        """Header, covered text, payload and tag of a sealed packet.

        Raises:
            ValueError: it is none.
        """
        if len(sealed) < _FIXED.size:
            raise ValueError(f"{len(sealed)} bytes are too few")
        form, mode_number, pad, count, session, echo, position, acknowledged, fetched, chapter, block = (
            _FIXED.unpack_from(sealed)
        )
        if form != _FORMAT:
            raise ValueError(f"format {form} is not known, only {_FORMAT}")
        mode = Mode(mode_number)
        start, end = _FIXED.size + count * ID_BYTES, len(sealed) - mode.tag_bytes
        if count > MOST_UPCOMING or not start <= end <= MOST_BYTES:
            raise ValueError(f"{len(sealed)} bytes with {count} upcoming keys cannot be")
        if max(position, acknowledged, fetched) > POSITION_MAX:
            raise ValueError("a number is out of range")
        upcoming = tuple(sealed[at : at + ID_BYTES] for at in range(_FIXED.size, start, ID_BYTES))
        header = cls(mode, session, echo, position, acknowledged, fetched, chapter, block, pad, upcoming)
        return header, sealed[:end], sealed[start:end], sealed[end:]
