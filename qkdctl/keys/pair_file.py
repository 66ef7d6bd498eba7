"""A file of random bytes of which two nodes have a copy each, for pairs without a key server.

Layout, integers big-endian: a page of 4096 bytes with magic and format (16), both names in order (64 each), blocks per
direction (8), and at 512 the marks of this copy: blocks drawn (8), blocks fetched (8). Then for each direction, first
that from the first name to the second: keys of chapters (48 bytes each, one for every 2^20 pads), then blocks, each
with a ticket (8) and pads (128). A block is overwritten with zeros before it is used: drawn by the sender, fetched by
the receiver. Who asks for a block must know its ticket, so that made-up numbers do not use up the file.
"""

import fcntl
import os
import stat
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, KeySourceError

_MAGIC = b"qkdctl-pair-key\x01"
_PAGE = 4096
_HEAD = struct.Struct(">16s64s64sQ")
_MARKS = struct.Struct(">QQ")
_MARKS_AT = 512
_PIECE = 1 << 20
TICKET_BYTES = 8
RECORD_BYTES = TICKET_BYTES + BLOCK_BYTES
PADS_PER_CHAPTER = 2**20
_BLOCKS_PER_CHAPTER = PADS_PER_CHAPTER * 16 // BLOCK_BYTES


def create_pair_files(
    paths: tuple[Path, Path], names: tuple[str, str], blocks: int, random: Callable[[int], bytes] = os.urandom
) -> None:
    """Write the two copies, readable for their owner only.

    They have to be carried to the two nodes in a way that nobody can read or copy them; each goes to one node only.

    Args:
        paths: of the copies.
        names: of the two nodes.
        blocks: per direction; 136 bytes and 8 tags each.
        random: makes the key from a length in bytes.

    Raises:
        ValueError: equal or too long names, or no blocks.
        KeySourceError: a file exists already, or cannot be written.
    """
    first, second = sorted(names)
    encoded = [name.encode() for name in (first, second)]
    if first == second or blocks < 1 or max(map(len, encoded)) > 64:
        raise ValueError(
            f"two different names of at most 64 bytes and a block or more are needed, got {names}, {blocks}"
        )
    size = 2 * direction_bytes(blocks)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with (
            os.fdopen(os.open(paths[0], flags, 0o600), "wb") as one,
            os.fdopen(os.open(paths[1], flags, 0o600), "wb") as two,
        ):
            for file in (one, two):
                file.write(_HEAD.pack(_MAGIC, *encoded, blocks).ljust(_PAGE, b"\0"))
            for start in range(0, size, _PIECE):
                piece = random(min(_PIECE, size - start))
                one.write(piece)
                two.write(piece)
            for file in (one, two):
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise KeySourceError(f"pair files {paths[0]} and {paths[1]}: {error.strerror}; choose new names") from error


@dataclass(slots=True)
class Marks:
    """How far a copy was used, in blocks from the start of a direction.

    Attributes:
        drawn: of the own sending direction.
        fetched: of the other's: one more than the highest that was fetched.
    """

    drawn: int
    fetched: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block that was taken out of the file.

    Attributes:
        number: place in its direction.
        ticket: no secret once it is used.
        material: 128 bytes of secret.
    """

    number: int
    ticket: bytes
    material: bytes

    def __repr__(self) -> str:
        """No key in logs and tracebacks."""
        return f"Block({self.number})"


class PairFile:
    """One node's copy, locked against other processes. All methods read and write the disk.

    Args:
        path: of the copy.
        me: this node.
        peer: the other one.

    Attributes:
        blocks: per direction.
        marks: durable.

    Raises:
        KeySourceError: it is no such file, belongs to another pair, is in use, cannot be read, or others may read it.
    """

    def __init__(self, path: Path, me: str, peer: str) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise KeySourceError(
                f"pair file {path}: {error.strerror}; it must be there for reading and writing"
            ) from error
        try:
            _refuse_readable(self._file, path)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.blocks = read_head(self._file, path, (me, peer))
        except BlockingIOError:
            os.close(self._file)
            raise KeySourceError(
                f"pair file {path} is in use by another process; give each node its own copy"
            ) from None
        except BaseException:
            os.close(self._file)
            raise
        self._sending = direction_start(self.blocks, is_first=me < peer)
        self._receiving = direction_start(self.blocks, is_first=peer < me)
        self.marks = read_marks(self._file)

    def close(self) -> None:
        """Let other processes have it."""
        os.close(self._file)

    def chapter(self, number: int, *, sending: bool) -> bytes | None:
        """A key of a chapter, which stays in the file; None if there is no such chapter."""
        if number >= chapters(self.blocks):
            return None
        start = self._sending if sending else self._receiving
        return os.pread(self._file, CHAPTER_BYTES, start + number * CHAPTER_BYTES)

    def ticket(self, number: int) -> bytes:
        """The ticket of a block of the sending direction that was not drawn."""
        return os.pread(self._file, TICKET_BYTES, self._place(self._sending, number))

    def draw(self, start: int, end: int) -> list[Block]:
        """Take blocks [start, end) of the sending direction out of the file, and skip all before.

        Those that were taken before are missing.
        """
        assert self.marks.drawn <= start <= end <= self.blocks, "blocks are drawn in order"
        blocks = [block for number in range(start, end) if (block := self._take(self._sending, number, None))]
        self._mark(Marks(end, self.marks.fetched))
        return blocks

    def fetch(self, wanted: Iterable[tuple[int, bytes]]) -> list[Block]:
        """Take blocks of the receiving direction out of the file, by number and ticket.

        Those that were taken before, lie beyond the end or have another ticket are missing.
        """
        found = [self._take(self._receiving, number, ticket) for number, ticket in wanted if number < self.blocks]
        blocks = [block for block in found if block]
        if blocks:
            self._mark(Marks(self.marks.drawn, max(self.marks.fetched, *(block.number + 1 for block in blocks))))
        return blocks

    def _take(self, direction: int, number: int, ticket: bytes | None) -> Block | None:
        place = self._place(direction, number)
        record = os.pread(self._file, RECORD_BYTES, place)
        block = Block(number, record[:TICKET_BYTES], record[TICKET_BYTES:])
        if not any(record) or ticket not in (None, block.ticket):
            return None
        os.pwrite(self._file, bytes(RECORD_BYTES), place)
        return block

    def _place(self, direction: int, number: int) -> int:
        return direction + chapters(self.blocks) * CHAPTER_BYTES + number * RECORD_BYTES

    def _mark(self, marks: Marks) -> None:
        os.pwrite(self._file, _MARKS.pack(marks.drawn, marks.fetched), _MARKS_AT)
        os.fdatasync(self._file)
        self.marks = marks


def read_head(file: int, path: Path, names: tuple[str, str]) -> int:
    """Blocks per direction of an open copy.

    Args:
        file: descriptor, open for reading.
        path: for messages.
        names: of the two nodes that it must be for.

    Raises:
        KeySourceError: it is no such file, for another pair, or not whole.
    """
    head = os.pread(file, _HEAD.size, 0)
    if not head:
        raise KeySourceError(f"pair file {path} is empty; copy it again")
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise KeySourceError(f"{path} is no pair file of this version; make one with `qkdctl network init`")
    _, first, second, count = _HEAD.unpack(head)
    blocks, wanted = int(count), " and ".join(sorted(names))
    found = " and ".join(name.rstrip(b"\0").decode("utf-8", "replace") for name in (first, second))
    if found != wanted:
        raise KeySourceError(f"pair file {path} is for {found}, not for {wanted}; copy the right one there")
    expected = _PAGE + 2 * direction_bytes(blocks)
    if (size := os.fstat(file).st_size) != expected:
        raise KeySourceError(f"pair file {path} has {size} bytes instead of {expected}; copy it again")
    return blocks


def read_marks(file: int) -> Marks:
    """How far an open copy was used."""
    return Marks(*_MARKS.unpack(os.pread(file, _MARKS.size, _MARKS_AT)))


def chapters(blocks: int) -> int:
    """Chapters of a direction."""
    return -(-blocks // _BLOCKS_PER_CHAPTER)


def direction_bytes(blocks: int) -> int:
    """Length of a direction in the file: keys of its chapters, then its records."""
    return chapters(blocks) * CHAPTER_BYTES + blocks * RECORD_BYTES


def direction_start(blocks: int, *, is_first: bool) -> int:
    """Where a direction begins in the file; the first is that from the first name to the second."""
    return _PAGE if is_first else _PAGE + direction_bytes(blocks)


def _refuse_readable(file: int, path: Path) -> None:
    mode = stat.S_IMODE(os.fstat(file).st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeySourceError(
            f"pair file {path} has mode {mode:04o}, so others than its owner may use it; "
            "whoever has read it can forge: if somebody may have, make new files, else chmod 600"
        )
