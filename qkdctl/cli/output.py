"""Plain text, colour and JSON on stdout."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
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


class Painter:
    """Paints text, or leaves it alone."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    @classmethod
    def for_stdout(cls) -> "Painter":
        """Colour where stdout shows it."""
        return cls(colour=wants_colour(sys.stdout))

    def __call__(self, text: str, style: str) -> str:
        """The text in a style: bold, dim, red, green, yellow or cyan; "" for none."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and style else text


Cell = tuple[str, str]


def table(header: Sequence[str], rows: Iterable[Sequence[Cell | str]], paint: Painter) -> str:
    """Columns of equal width; a cell is a text, or a text and its style. The header alone without rows."""
    cells = [[(cell, "") if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[i][0]) for row in cells)]) for i, title in enumerate(header)]
    lines = ["  ".join(paint(title.ljust(width), "bold") for title, width in zip(header, widths, strict=True))]
    for row in cells:
        padded = [paint(text.ljust(width), style) for (text, style), width in zip(row, widths, strict=True)]
        lines.append("  ".join(padded))
    return "\n".join(line.rstrip() for line in lines)


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
