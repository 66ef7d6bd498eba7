"""Keys from pair files, safe even if a copy is put back from a backup.

The sender does not trust its own mark. It hears from the peer how far that has fetched, skips `AHEAD` blocks beyond the
larger of the two marks, has the peer fetch the block there (the probe, which is never used) and goes on only when the
peer says that it did; it never draws more than `AHEAD` blocks beyond what the peer has fetched. So whatever any earlier
process drew lies below the next probe. Only if both copies are put back together can key be used twice.
"""

import asyncio
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from qkdctl.keys.base import BLOCK_BYTES, Key, KeySourceError
from qkdctl.keys.pair_file import PADS_PER_CHAPTER, Block, PairFile

AHEAD = 32
"""Blocks, of 8 tags each."""
T = TypeVar("T")
_ID = struct.Struct(">Q8s")
_CHAPTER = 1 << 63


@dataclass(slots=True)
class _Pair:
    """One file in use.

    Attributes:
        peer: blocks that the peer has fetched; None until it said so.
        probe: the block that it must fetch; None until it is known.
        alone: held from a look at the marks until they have moved: tags and shares draw and fetch at the same time.
    """

    file: PairFile
    peer: int | None = None
    probe: int | None = None
    alone: threading.Lock = field(default_factory=threading.Lock)


class PairSource:
    """The `KeySource` of a node that has a file for each peer. An asynchronous context manager.

    Args:
        me: this node.
        paths: of its copies, by peer.

    Raises:
        KeySourceError: a file cannot be used.
    """

    def __init__(self, me: str, paths: Mapping[str, Path]) -> None:
        self._pairs: dict[str, _Pair] = {}
        try:
            for peer, path in paths.items():
                self._pairs[peer] = _Pair(PairFile(path, me, peer))
        except BaseException:
            self._close()
            raise

    async def __aenter__(self) -> Self:
        """The source itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let other processes have the files."""
        self._close()

    async def chapter(self, peer: str) -> Key:
        """The key of the part of the file that is in use; pads are drawn once, so it may be given out again."""
        pair, file = self._pairs[peer], self._pairs[peer].file
        number = min(file.marks.drawn, file.blocks - 1) * BLOCK_BYTES // 16 // PADS_PER_CHAPTER
        material = await _on_disk(pair, lambda: file.chapter(number, sending=True))
        assert material is not None, "every block has a chapter"
        return Key(_ID.pack(_CHAPTER | number, b""), material)

    async def draw(self, peer: str, count: int) -> list[Key]:
        """The next blocks, as far as the peer has followed; before it has fetched the probe, that, to be announced."""
        pair, file = self._pairs[peer], self._pairs[peer].file
        if pair.peer is None or pair.probe is None or pair.probe >= file.blocks:
            return []
        probe = pair.probe
        if pair.peer <= probe:
            return [Key(_ID.pack(probe, await _on_disk(pair, lambda: file.ticket(probe))), b"")]
        limit = min(pair.peer + AHEAD, file.blocks)

        def job() -> list[Block]:
            start = max(file.marks.drawn, probe + 1)
            end = min(start + count, limit)
            return file.draw(start, end) if end > start else []

        return [_key(block) for block in await _on_disk(pair, job)]

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """Keys that were not fetched before; keys of chapters as often as wanted."""
        pair, file = self._pairs[peer], self._pairs[peer].file
        wanted = [_ID.unpack(number) for number in ids]

        def job() -> list[Key]:
            blocks = file.fetch((number, ticket) for number, ticket in wanted if not number & _CHAPTER)
            chapters = [
                Key(_ID.pack(number, ticket), material)
                for number, ticket in wanted
                if number & _CHAPTER and (material := file.chapter(number ^ _CHAPTER, sending=False))
            ]
            return [*map(_key, blocks), *chapters]

        return {key.id: key.material for key in await _on_disk(pair, job)}

    async def left_bits(self, peer: str) -> int:
        """What was not drawn."""
        file = self._pairs[peer].file
        return 8 * BLOCK_BYTES * max(0, file.blocks - file.marks.drawn)

    def fetched(self, peer: str) -> int:
        """One more than the highest block fetched."""
        return self._pairs[peer].file.marks.fetched

    def peer_fetched(self, peer: str, mark: int) -> None:
        """Hear how far the peer has come, and choose the probe at the first time."""
        pair = self._pairs[peer]
        pair.peer = max(pair.peer or 0, mark)
        if pair.probe is None:
            pair.probe = max(pair.file.marks.drawn, mark + AHEAD)

    def _close(self) -> None:
        for pair in self._pairs.values():
            pair.file.close()
        self._pairs.clear()


def _key(block: Block) -> Key:
    return Key(_ID.pack(block.number, block.ticket), block.material)


async def _on_disk(pair: _Pair, job: Callable[[], T]) -> T:
    def alone() -> T:
        with pair.alone:
            return job()

    try:
        return await asyncio.to_thread(alone)
    except OSError as error:
        raise KeySourceError(f"pair file: {error}; check the disk") from error
