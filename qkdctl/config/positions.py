"""Places in a TOML text."""

from collections.abc import Mapping
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One `key = value` or one table header.

    Attributes:
        start: where it begins.
        last_line: where it ends, or how far the search for its end went.
        is_header: a table header rather than a key.
        is_complete: False when it has no end: an open bracket, an open string.
    """

    start: Position
    last_line: int
    is_header: bool
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A path defined a second time."""

    path: KeyPath
    first: Position
    second: Position


@dataclass(frozen=True, slots=True)
class PositionIndex:
    """Positions of all keys, tables and array elements of one text."""

    positions: Mapping[KeyPath, Position]
    statements: tuple[Statement, ...]
    duplicates: tuple[Duplicate, ...]

    def find(self, path: KeyPath) -> Position | None:
        """The position of the path, or else of its nearest parent that stands in the text."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path[:-1]
        return None
