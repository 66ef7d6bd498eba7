"""Key that is ready for packets to one peer."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from qkdctl.auth.figures import Figures
from qkdctl.auth.header import MOST_UPCOMING
from qkdctl.auth.limits import PADS_PER_BLOCK, Limits
from qkdctl.auth.poly1305 import PAD_BYTES, SECRET_BYTES
from qkdctl.keys.base import CHAPTER_BYTES, Key

_FIRST_PADS = 3 * PADS_PER_BLOCK
_CHAPTER_AHEAD = 1024


@dataclass(frozen=True, slots=True)
class Pad:
    """A pad that was taken out.

    Attributes:
        block: number of the key that it is part of.
        index: which part.
        material: 16 bytes of secret.
    """

    block: bytes
    index: int
    material: bytes

    def __repr__(self) -> str:
        """No key in logs and tracebacks."""
        return f"Pad({self.block.hex()}, {self.index})"


class Stock:
    """Pads, each handed out once, and the key of the chapter, whose secret r and HMAC key stay in use for a while.

    Attributes:
        probe: number of a key that the peer has to fetch before the source goes on; None mostly.
    """

    def __init__(self, limits: Limits, figures: Figures) -> None:
        self.probe: bytes | None = None
        self._limits = limits
        self._figures = figures
        self._chapter: Key | None = None
        self._next_chapter: Key | None = None
        self._tags = 0
        self._blocks: deque[tuple[Key, int]] = deque()
        self._used = 0

    @property
    def chapter(self) -> bytes | None:
        """Number of the chapter's key; None while there is none."""
        return None if self._chapter is None else self._chapter.id

    @property
    def secret(self) -> bytes:
        """The secret r of Poly1305."""
        assert self._chapter is not None, "there is no chapter"
        return self._chapter.material[:SECRET_BYTES]

    @property
    def hmac_key(self) -> bytes:
        """32 bytes."""
        assert self._chapter is not None, "there is no chapter"
        return self._chapter.material[SECRET_BYTES:]

    @property
    def touched(self) -> bool:
        """Whether a tag was made since the stock was begun."""
        return self._tags > 0

    @property
    def pads(self) -> int:
        """Pads ready for use."""
        return PADS_PER_BLOCK * len(self._blocks) - (self._blocks[0][1] if self._blocks else 0)

    @property
    def wants_chapter(self) -> bool:
        """Whether the key of the chapter is missing, or that of the next one soon will be."""
        if self._chapter is None:
            return True
        early = min(_CHAPTER_AHEAD, self._limits.chapter // 2)
        return self._next_chapter is None and self._tags >= self._limits.chapter - early

    @property
    def wants_blocks(self) -> int:
        """How many blocks of pads should be drawn now; few until the peer has shown that it reads them."""
        target = min(self._limits.stock, max(_FIRST_PADS, 2 * self._used))
        missing = target - self.pads
        return -(-missing // PADS_PER_BLOCK) if missing >= max(PADS_PER_BLOCK, target // 4) else 0

    def add_chapter(self, key: Key) -> None:
        """Take a key of a chapter."""
        if self._chapter is None:
            self._begin_chapter(key)
        else:
            self._next_chapter = key

    def add_blocks(self, keys: Sequence[Key]) -> None:
        """Take keys that hold pads, or one that the peer has to fetch first."""
        self.probe = next((key.id for key in keys if not key.material), None)
        self._blocks.extend((key, 0) for key in keys if key.material)

    def take(self) -> Pad:
        """The next pad. It never comes back."""
        key, index = self._blocks.popleft()
        if index + 1 < PADS_PER_BLOCK:
            self._blocks.appendleft((key, index + 1))
        self._used += 1
        self._figures.sent_bits += 8 * PAD_BYTES
        return Pad(key.id, index, key.material[index * PAD_BYTES : (index + 1) * PAD_BYTES])

    def upcoming(self, present: bytes) -> tuple[bytes, ...]:
        """Numbers of keys that come next, except the present block's."""
        first = [self.probe, self._next_chapter and self._next_chapter.id]
        ids = [number for number in first if number] + [key.id for key, _ in self._blocks if key.id != present]
        return tuple(ids[:MOST_UPCOMING])

    def count_tag(self) -> None:
        """A tag was made; after enough of them the next chapter begins."""
        self._tags += 1
        if self._tags >= self._limits.chapter:
            self._chapter = None
            if self._next_chapter is not None:
                self._begin_chapter(self._next_chapter)

    def clear(self) -> None:
        """Throw everything away."""
        self._figures.wasted_bits += 8 * PAD_BYTES * self.pads + 8 * CHAPTER_BYTES * (self._next_chapter is not None)
        self._chapter = self._next_chapter = None
        self._blocks.clear()
        self._tags = self._used = 0

    def _begin_chapter(self, key: Key) -> None:
        self._chapter, self._next_chapter, self._tags = key, None, 0
        self._figures.sent_bits += 8 * CHAPTER_BYTES
