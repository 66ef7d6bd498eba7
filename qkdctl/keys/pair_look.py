"""A look at a copy of pair key, for checks: nothing is locked, taken or changed, also while a node uses the copy."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from qkdctl.keys.base import CHAPTER_BYTES, KeySourceError
from qkdctl.keys.pair_file import RECORD_BYTES, Marks, chapters, direction_bytes, direction_start, read_head, read_marks

_PIECE = 1 << 20
_TRIES = 3


@dataclass(frozen=True, slots=True)
class PairLook:
    """One copy, as it stood when it was looked at.

    Attributes:
        path: of the copy.
        me: the node whose copy it is.
        peer: the other one.
        blocks: per direction.
        marks: how far it was used.
    """

    path: Path
    me: str
    peer: str
    blocks: int
    marks: Marks

    @classmethod
    def at(cls, path: Path, me: str, peer: str) -> Self:
        """Look at a copy.

        Raises:
            KeySourceError: it cannot be read, is no such file, is for another pair, is not whole, or holds no key.
        """
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise KeySourceError(f"pair file {path}: {error.strerror}; run the check as the daemon's user") from error
        try:
            look = cls(path, me, peer, read_head(file, path, (me, peer)), read_marks(file))
            look._refuse_blank(file)
        finally:
            os.close(file)
        return look

    @property
    def left(self) -> int:
        """Blocks that this node may still draw for what it sends."""
        return max(0, self.blocks - self.marks.drawn)

    def used(self) -> tuple[int, int]:
        """Blocks used at this end of the direction from the first name to the second, and of the other one."""
        both = self.marks.drawn, self.marks.fetched
        return both if self.me < self.peer else both[::-1]

    def digest(self, start: Sequence[int]) -> bytes:
        """SHA-256 of all that both ends keep unused: keys of chapters, and blocks from one on.

        It says whether two copies are equal and is to be shown to nobody: it rests on a computational assumption.

        Args:
            start: block to begin with, in either direction.
        """
        found = hashlib.sha256()
        keys = chapters(self.blocks) * CHAPTER_BYTES
        with self.path.open("rb") as file:
            for is_first, block in zip((True, False), start, strict=True):
                begin = direction_start(self.blocks, is_first=is_first)
                file.seek(begin)
                found.update(file.read(keys))
                place, end = begin + keys + block * RECORD_BYTES, begin + direction_bytes(self.blocks)
                file.seek(place)
                while piece := file.read(min(_PIECE, end - file.tell())):
                    found.update(piece)
        return found.digest()

    def _refuse_blank(self, file: int) -> None:
        """Keys of chapters are never overwritten, so without them nobody ever wrote key here, or it was wiped."""
        for is_first in (True, False):
            key = os.pread(file, CHAPTER_BYTES, direction_start(self.blocks, is_first=is_first))
            if not any(key):
                raise KeySourceError(f"pair file {self.path} holds zeros in place of key; copy it again")


def same_key(one: PairLook, two: PairLook) -> bool:
    """Whether two copies hold the same key, as far as neither end has used it.

    A node that uses one of them meanwhile makes them differ for a moment, so what differs is looked at again; where it
    never stands still, keys of chapters decide, which stay in both.

    Raises:
        OSError: a copy cannot be read.
        KeySourceError: a copy is no longer one.
    """
    if one.blocks != two.blocks:
        return False
    for _ in range(_TRIES):
        start = [max(used) for used in zip(one.used(), two.used(), strict=True)]
        if one.digest(start) == two.digest(start):
            return True
        before = one.marks, two.marks
        one, two = (PairLook.at(look.path, look.me, look.peer) for look in (one, two))
        if (one.marks, two.marks) == before:
            return False
    everything = (one.blocks, one.blocks)
    return one.digest(everything) == two.digest(everything)
