"""Tables and figures as Markdown, which also read well in a terminal."""

from collections.abc import Sequence

from tests.bench.figures import Spread


def span(spread: Spread, digits: int = 0) -> str:
    """Median, in brackets the least and the most."""
    return f"{spread.median:.{digits}f} [{spread.least:.{digits}f}, {spread.most:.{digits}f}]"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned; the first column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = []
    for row in (header, *rows):
        padded = [
            row[0].ljust(widths[0]),
            *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append(f"| {' | '.join(padded)} |")
    rule = [f":{'-' * (widths[0] - 1)}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])
