"""Did the journal lose a transaction that had been committed?

After a crash SQLite takes the frames of its write-ahead log up to the first whose checksum is wrong and says nothing
about the rest. That is right for a torn end and wrong for a damaged middle, so the frames are checked here first.
Layout: "WAL-mode File Format" in the SQLite documentation.
"""

import struct
from pathlib import Path

_HEADER = 32
_FRAME_HEADER = 24
_MAGIC = 0x377F0682  # The lowest bit tells the byte order of the checksums: set is big-endian.


def journal_damage(path: Path) -> str | None:
    """What is wrong with a journal that was left by a crash, or None.

    A single incomplete transaction at the very end also counts, because it cannot be told from a damaged last one.
    """
    data = path.read_bytes()
    if len(data) < _HEADER:
        return None
    magic, _, page_size, _, salt_1, salt_2, sum_1, sum_2 = struct.unpack_from(">8I", data)
    order = ">" if magic & 1 else "<"
    if magic & ~1 != _MAGIC or _checksum(data[:24], order, (0, 0)) != (sum_1, sum_2):
        return "its header is damaged, so none of its transactions could be taken over"
    sums = (sum_1, sum_2)
    size = _FRAME_HEADER + page_size
    for number, start in enumerate(range(_HEADER, len(data) - size + 1, size)):
        _, _, frame_salt_1, frame_salt_2, *stored = struct.unpack_from(">6I", data, start)
        sums = _checksum(data[start : start + 8], order, sums)
        sums = _checksum(data[start + _FRAME_HEADER : start + size], order, sums)
        if (frame_salt_1, frame_salt_2) != (salt_1, salt_2) or sums != tuple(stored):
            lost = _commits_after(data, start, size, (salt_1, salt_2))
            return (
                f"frame {number} is damaged, {lost} transaction(s) from there on could not be taken over"
                if lost
                else None
            )
    return None


def _commits_after(data: bytes, start: int, size: int, salts: tuple[int, int]) -> int:
    commits = 0
    for place in range(start, len(data) - size + 1, size):
        _, pages_after_commit, *frame_salts = struct.unpack_from(">4I", data, place)
        commits += pages_after_commit != 0 and tuple(frame_salts) == salts
    return commits


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
