"""Standard SCPI errors and the queue in which an instrument keeps them (SCPI-99 volume 2, chapter 21)."""

from collections import deque
from collections.abc import Callable

STANDARD_TEXTS = {
    0: "No error",
    -100: "Command error",
    -101: "Invalid character",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -110: "Command header error",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -131: "Invalid suffix",
    -138: "Suffix not allowed",
    -141: "Invalid character data",
    -200: "Execution error",
    -203: "Command protected",
    -220: "Parameter error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -240: "Hardware error",
    -241: "Hardware missing",
    -300: "Device-specific error",
    -310: "System error",
    -330: "Self-test failed",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    -400: "Query error",
}

OVERFLOW = -350


class ScpiError(Exception):
    """A command that an instrument refuses; becomes an entry of its error queue."""

    def __init__(self, code: int, text: str | None = None) -> None:
        """Refuse with a code; standard codes know their text.

        Raises:
            KeyError: for a code that is not standard and comes without a text.
        """
        self.code = code
        self.text = STANDARD_TEXTS[code] if text is None else text
        super().__init__(f"{code}: {self.text}")

    @property
    def is_command_error(self) -> bool:
        """Whether the parser failed (-1xx): the rest of the message is then discarded (IEEE 488.2, 6.1.7)."""
        return -200 < self.code <= -100


def quoted(code: int, text: str) -> str:
    """An entry in the usual form: `-113,"Undefined header"`, and `+0,"No error"` for the empty queue."""
    return f'{code:+d},"{text}"'


class ErrorQueue:
    """First in, first out, of finite depth; on overflow the newest entry gives way to -350."""

    def __init__(self, depth: int, style: Callable[[int, str], str] = quoted) -> None:
        """An empty queue for `depth` entries, written in `style`."""
        if depth < 1:
            raise ValueError(f"an error queue holds at least one entry, got depth {depth}")
        self._depth = depth
        self._style = style
        self._entries: deque[tuple[int, str]] = deque()

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    def push(self, error: ScpiError) -> None:
        """Append an error, or mark the overflow."""
        if len(self._entries) < self._depth:
            self._entries.append((error.code, error.text))
        else:
            self._entries[-1] = (OVERFLOW, STANDARD_TEXTS[OVERFLOW])

    def pop(self) -> str:
        """Remove and write the oldest entry; code 0 when there is none."""
        return self._style(*self._entries.popleft()) if self._entries else self._style(0, STANDARD_TEXTS[0])

    def pop_all(self) -> str:
        """Remove and write every entry, separated by commas; code 0 when there is none."""
        if not self._entries:
            return self.pop()
        return ",".join(self.pop() for _ in range(len(self._entries)))

    def clear(self) -> None:
        """Forget every entry."""
        self._entries.clear()
