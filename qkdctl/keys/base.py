"""Where two nodes get equal secret bytes from, whatever makes and carries them.

The sending end takes keys and gets a number with each; the number travels in clear, and the receiving end asks for the
key by it, as in ETSI GS QKD 014. The two directions of a pair never share a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

ID_BYTES = 16
BLOCK_BYTES = 128
"""Of a one-time key: 1024 bits, the largest that every key manager is expected to deliver."""
CHAPTER_BYTES = 48
"""Of a key that stays in use for a while."""


class KeySourceError(Exception):
    """A source cannot be used as asked; the message names it, the cause and what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that the other end can get by its number.

    Attributes:
        id: its number, 16 bytes; no secret.
        material: secret, uniformly random bytes.
    """

    id: bytes
    material: bytes

    def __post_init__(self) -> None:
        if len(self.id) != ID_BYTES:
            raise ValueError(f"the number of a key has {ID_BYTES} bytes, got {len(self.id)}")

    def __repr__(self) -> str:
        """No key in logs and tracebacks."""
        return f"Key({self.id.hex()})"


class KeySource(Protocol):
    """Keys shared with each peer.

    Methods that may wait for a key server are asynchronous and raise `KeySourceError` when it cannot do its part;
    what was asked for may then be lost, never delivered twice.
    """

    async def chapter(self, peer: str) -> Key:
        """A key of `CHAPTER_BYTES` for this node's sending direction. It may be one that was given out before."""

    async def draw(self, peer: str, count: int) -> list[Key]:
        """Up to `count` keys of `BLOCK_BYTES` for this node's sending direction, none of which was ever given out.

        Fewer, or none, when there are no more. Uniqueness holds across crashes, restored backups and processes. A key
        without material is not to be used but to be announced: the source waits until the peer has fetched it.
        """

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """Keys of the peer's sending direction by number; those that cannot be had are missing.

        The caller takes numbers from packets that anybody may have sent, so unknown ones are no error.
        """

    async def left_bits(self, peer: str) -> int:
        """Key that is still there for this node's sending direction, in bits."""

    def fetched(self, peer: str) -> int:
        """How far this node has come in fetching the peer's keys, durably; 0 where nobody needs to know.

        A source that could be restored from a backup needs this word of the other end, see `peer_fetched`.
        """

    def peer_fetched(self, peer: str, mark: int) -> None:
        """The peer's `fetched`, said by itself after this process had started."""
