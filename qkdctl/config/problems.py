"""What is wrong with a configuration: where, what was found, what was expected, what to do."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qkdctl.config.positions import KeyPath, Position
from qkdctl.config.redaction import redact_text

Severity = Literal["error", "warning"]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Attributes:
        source: a file, "environment NAME", "flag NAME" or "default".
        line, column: in the file, from 1; 0 where there is none.
    """

    source: str
    line: int = 0
    column: int = 0

    @classmethod
    def in_file(cls, path: Path, position: Position | None = None) -> "Origin":
        """A place in a file, or the file as a whole."""
        return cls(str(path), position.line, position.column) if position else cls(str(path))

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, or worth a warning. Secrets of URLs are redacted in every text, wherever it was found.

    Attributes:
        origin: where.
        key: dotted key path, "" where the problem is not about a key.
        message: what is wrong, one line.
        found, expected, hint: what stands there, what should, and what to do; "" where there is nothing to say.
    """

    origin: Origin
    key: str
    message: str
    found: str = ""
    expected: str = ""
    hint: str = ""
    severity: Severity = "error"

    def __post_init__(self) -> None:
        for name in ("key", "message", "found", "expected", "hint"):
            object.__setattr__(self, name, redact_text(getattr(self, name)))

    def render(self) -> str:
        """Text for people, in the `file:line:column: ` form that editors understand."""
        where = f"{self.origin}:{self.origin.column}" if self.origin.column else str(self.origin)
        lines = [f"{where}: {self.severity}: {self.message}"]
        for label, text in (("key", self.key), ("found", self.found), ("expected", self.expected), ("hint", self.hint)):
            if text:
                lines.append(f"    {label + ':':<9} {text}")
        return "\n".join(lines)

    def to_plain(self) -> dict[str, Any]:
        """For JSON; None where there is nothing to say."""
        return {
            "severity": self.severity,
            "source": self.origin.source,
            "line": self.origin.line or None,
            "column": self.origin.column or None,
            "key": self.key or None,
            "message": self.message,
            "found": self.found or None,
            "expected": self.expected or None,
            "hint": self.hint or None,
        }


class ConfigError(Exception):
    """A configuration that must not be used.

    Attributes:
        problems: all errors and warnings, in the order of files and lines.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = sum(problem.severity == "error" for problem in problems)
        head = f"{errors} error{'s' if errors != 1 else ''} in the configuration"
        super().__init__("\n".join([head, *(problem.render() for problem in problems)]))


def in_order(problems: Iterable[Problem], sources: Sequence[str]) -> list[Problem]:
    """Sort by file in the order of reading, then by line; environment and flags come last, repetitions go."""
    rank = {source: number for number, source in enumerate(sources)}
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda p: (rank.get(p.origin.source, len(rank)), p.origin.line, p.origin.column))


def dotted(path: KeyPath) -> str:
    """A key path as TOML writes it; array elements as `[2]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if _BARE.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{bare}" if text else bare
    return text
