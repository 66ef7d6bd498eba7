"""Command lines out of a stream of bytes, whatever packets they come in."""

from collections.abc import Iterator

_CR, _LF = 0x0D, 0x0A


class LineReader:
    """Cuts bytes into lines that end with CR, LF or CR LF (one end, not two).

    A line longer than `longest` bytes is cut to one byte more, so that memory stays bounded and the caller can tell.
    """

    def __init__(self, longest: int = 256, *, separators: bytes = b"") -> None:
        """Begin with an empty line; bytes in `separators` end a line too."""
        self._longest = longest
        self._ends = frozenset(separators) | {_CR, _LF}
        self._line = bytearray()
        self._after_cr = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes and yield every line that they complete, without its end; exhaust it before the next call."""
        for byte in data:
            completes_crlf = self._after_cr and byte == _LF
            self._after_cr = byte == _CR
            if completes_crlf:
                continue
            if byte in self._ends:
                line = bytes(self._line)
                self._line.clear()
                yield line
            elif len(self._line) <= self._longest:
                self._line.append(byte)
