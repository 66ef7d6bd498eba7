"""Plain text, colour and JSON on stdout."""

import json
import os
import sys
from typing import Any, TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def say(text: str) -> None:
    """Print on stdout, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print on stderr."""
    sys.stderr.write(f"{text}\n")


def print_json(document: Any) -> None:
    """Print one JSON document."""
    say(json.dumps(document, indent=2, ensure_ascii=False))


def print_document(**members: Any) -> None:
    """Print a JSON document of this package's own, with its schema version."""
    print_json({"schema_version": 1, **members})


def wants_colour(stream: TextIO) -> bool:
    """True for a terminal that shows colours, unless NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def page_width(stream: TextIO) -> int | None:
    """Characters that a line may have on a terminal, $COLUMNS going first; None for a pipe or a file, where all may."""
    if not stream.isatty():
        return None
    if (columns := os.environ.get("COLUMNS", "")).isdecimal():
        return int(columns) or None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None


class Painter:
    """Paints text, or leaves it alone.

    Attributes:
        width: characters that a line may have, None without a limit.
    """

    def __init__(self, *, colour: bool, width: int | None = None) -> None:
        self._colour = colour
        self.width = width

    @classmethod
    def for_stdout(cls) -> "Painter":
        """Colour and width as stdout shows them."""
        return cls(colour=wants_colour(sys.stdout), width=page_width(sys.stdout))

    def __call__(self, text: str, style: str) -> str:
        """The text in a style: bold, dim, red, green, yellow or cyan; "" for none."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and style else text


def number(value: object, unit: str = "", digits: int = 4) -> str:
    """A value for people: shortened floats, yes and no, a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.{digits}g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}" if unit else text


def percent(ratio: float | None) -> str:
    """A ratio in percent, a dash for nothing."""
    return "-" if ratio is None else f"{100 * ratio:.2f} %"


def rate(bits_per_second: float | None) -> str:
    """A rate with a prefix, a dash for nothing."""
    if bits_per_second is None:
        return "-"
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if bits_per_second >= limit:
            return f"{bits_per_second / limit:.3g} {prefix}bit/s"
    return f"{bits_per_second:.3g} bit/s"
