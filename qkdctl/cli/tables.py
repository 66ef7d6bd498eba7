"""Tables of text that stay readable on a narrow terminal."""

from collections.abc import Iterable, Sequence

from qkdctl.cli.output import Painter

Cell = tuple[str, str]

_GAP = "  "
_INDENT = "    "
_NARROWEST = 12


def table(header: Sequence[str], rows: Iterable[Sequence[Cell | str]], paint: Painter) -> str:
    """Columns of equal width; a cell is a text, or a text and its style. The header alone without rows.

    What does not fit the page is wrapped in the last column, or below its row where that column would be too narrow.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[i][0]) for row in cells)]) for i, title in enumerate(header)]
    titles = [title.ljust(width) for title, width in zip(header[:-1], widths[:-1], strict=True)]
    lines = [_GAP.join(paint(title, "bold") for title in (*titles, header[-1]))]
    before = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    for row in cells:
        *first, (text, style) = row
        start = _GAP.join(paint(cell.ljust(width), s) for (cell, s), width in zip(first, widths, strict=False))
        lines += _with_last(start, before, text, style, paint)
    return "\n".join(line.rstrip() for line in lines)


def _cell(cell: Cell | str) -> Cell:
    """A cell on one line, whatever its text brought along."""
    text, style = (cell, "") if isinstance(cell, str) else cell
    return (" ".join(text.split()) if "\n" in text else text), style


def _with_last(start: str, before: int, text: str, style: str, paint: Painter) -> list[str]:
    if paint.width is None or before + len(text) <= paint.width:
        return [f"{start}{_GAP}{paint(text, style)}" if before else paint(text, style)]
    room = paint.width - before
    if room < _NARROWEST:
        return [start, *(f"{_INDENT}{paint(line, style)}" for line in wrapped(text, paint.width - len(_INDENT)))]
    first, *more = wrapped(text, room)
    return [f"{start}{_GAP}{paint(first, style)}", *(" " * before + paint(line, style) for line in more)]


def wrapped(text: str, width: int) -> list[str]:
    """A text as lines of at most so many characters; a word that is longer is broken."""
    from textwrap import wrap  # noqa: PLC0415 - most texts fit

    return wrap(text, max(width, _NARROWEST), break_on_hyphens=False) or [""]
