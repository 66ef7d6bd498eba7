"""Mistakes in a scenario, each with its place and a hint."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Place = tuple[str | int, ...]

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, what, and what to do."""

    place: Place
    text: str
    hint: str = ""


class ScenarioError(Exception):
    """Everything that is wrong with a scenario, one line per mistake."""

    def __init__(self, source: str, problems: Sequence[Problem], lines: "LineIndex | None" = None) -> None:
        """Say what is wrong in `source`; `lines` finds the places in its text."""
        self.problems = tuple(problems)
        self._parts = (source, self.problems, lines)
        super().__init__("\n".join(_describe(source, problem, lines) for problem in problems))

    def __reduce__(self) -> tuple[type["ScenarioError"], tuple[object, ...]]:
        """For processes: an exception that cannot be made again there would end their pool instead of its story."""
        return type(self), self._parts


class LineIndex:
    """The line of each table and key of a TOML text; keys inside values are found at the key that holds the value."""

    def __init__(self, text: str) -> None:
        """Index `text`."""
        self._lines: dict[Place, int] = {}
        arrays: dict[Place, int] = {}
        table: Place = ()
        for number, line in enumerate(text.splitlines(), start=1):
            header = _TABLE.fullmatch(line)
            key = _KEY.match(line)
            if header is not None:
                table = _parts(header[2])
                if header[1] == "[[":
                    arrays[table] = arrays.get(table, -1) + 1
                    table = (*table, arrays[table])
                self._lines.setdefault(table, number)
            elif key is not None:
                self._lines.setdefault((*table, *_parts(key[1])), number)

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest thing around it; none at the top."""
        for length in range(len(place), 0, -1):
            if place[:length] in self._lines:
                return self._lines[place[:length]]
        return None


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """A hint that names the nearest of the known words, or all of them."""
    known = sorted(word for word in known if word)
    near = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"


def _parts(dotted: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _describe(source: str, problem: Problem, lines: LineIndex | None) -> str:
    line = lines.line(problem.place) if lines is not None else None
    where = f"{source}:{line}" if line is not None else source
    key = ".".join(str(part) for part in problem.place)
    return f"{where}: {key + ': ' if key else ''}{problem.text}" + (f" -- {problem.hint}" if problem.hint else "")
