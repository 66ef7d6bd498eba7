"""Markdown for people."""

from collections.abc import Iterable, Sequence
from typing import Any


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table."""
    lines = (header, ["---"] * len(header), *rows)
    return [f"| {' | '.join(map(str, cells))} |" for cells in lines]


def percent(interval: dict[str, Any] | None, digits: int = 1) -> str:
    """A share with its interval, such as `93.1 % (91.0 to 95.2)`."""
    if interval is None:
        return "-"
    value, low, high = (100 * float(interval[name]) for name in ("value", "low", "high"))
    return f"{value:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f})"
