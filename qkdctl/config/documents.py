"""One configuration file: its values, the positions of its keys, and all of its syntax errors."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdctl.config.positions import Duplicate, Position, PositionIndex, Statement
from qkdctl.config.problems import Origin, Problem, dotted
from qkdctl.config.syntax_hints import syntax_hint
from qkdctl.config.toml_scanner import index_positions

_MOST_ERRORS = 20
_MOST_BYTES = 1 << 20
_TOML_ERROR = re.compile(r"(?s)(.*) \(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read.

    Attributes:
        table: its values; without those statements that are malformed.
        problems: why it could not be read or parsed; empty when all is well.
        text: as it was read.
    """

    path: Path
    table: dict[str, Any]
    index: PositionIndex
    problems: tuple[Problem, ...] = ()
    text: str = ""


def read_document(path: Path, if_missing: str = "qkdctl config create") -> Document:
    """Read and parse a file; whatever goes wrong is in its problems.

    Args:
        path: of the file.
        if_missing: the command that makes one.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        return _unreadable(path, f"cannot be read: {error.strerror or error}", _reading_hint(error, if_missing))
    if len(data) > _MOST_BYTES:
        return _unreadable(path, f"has more than {_MOST_BYTES} bytes", "is this the right file?")
    try:
        return parse_document(path, data.decode("utf-8"))
    except RecursionError:
        return _unreadable(
            path, "has values nested too deeply", "no key takes more than a list or table of single values"
        )
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        problem = Problem(
            Origin(str(path), line, column),
            "",
            "the file is not UTF-8",
            found=f"byte 0x{data[error.start]:02x}",
            expected="TOML, which is always UTF-8",
            hint="save the file as UTF-8",
        )
        return Document(path, {}, index_positions(""), (problem,))


def parse_document(path: Path, text: str) -> Document:
    """Parse a text; a malformed statement is noted, taken out, and the rest is read on.

    Args:
        path: for the origins only.
        text: TOML.
    """
    problems: list[Problem] = []
    lines = text.replace("\r\n", "\n").split("\n")
    while True:
        remaining = "\n".join(lines)
        index = index_positions(remaining)
        try:
            return Document(path, tomllib.loads(remaining), index, tuple(problems), text)
        except tomllib.TOMLDecodeError as error:
            problem, first, last = _locate(path, lines, index, str(error))
        problems.append(problem)
        if len(problems) == _MOST_ERRORS or not any(lines[first - 1 : last]):
            return Document(path, {}, index, tuple(problems), text)
        lines[first - 1 : last] = [""] * (last - first + 1)


def _locate(path: Path, lines: list[str], index: PositionIndex, error: str) -> tuple[Problem, int, int]:
    """The problem behind a parser's message, and the lines to do without."""
    match = _TOML_ERROR.fullmatch(error)
    message = match.group(1) if match else error
    where = Position(len(lines), len(lines[-1]) + 1)
    if match and match.group(2):
        where = Position(int(match.group(2)), int(match.group(3)))
    statement = _statement_at(index, where)
    if statement is None:
        return _syntax_problem(path, lines, where, message), where.line, where.line
    for duplicate in index.duplicates:
        if statement.start.line <= duplicate.second.line <= statement.last_line:
            problem = _duplicate_problem(path, duplicate)
            break
    else:
        problem = _syntax_problem(path, lines, where, message, statement)
    return problem, statement.start.line, _last_line_to_drop(lines, index, statement)


def _statement_at(index: PositionIndex, where: Position) -> Statement | None:
    """The statement an error belongs to: the last one that begins before it, or an open one that reaches it."""
    begun = [statement for statement in index.statements if statement.start <= where]
    reaching = [s for s in begun if not s.is_complete and s.last_line >= where.line]
    return reaching[0] if reaching else begun[-1] if begun else None


def _last_line_to_drop(lines: list[str], index: PositionIndex, statement: Statement) -> int:
    first = lines[statement.start.line - 1]
    if statement.is_header:
        later = [s.start.line for s in index.statements if s.is_header and s.start.line > statement.start.line]
        return later[0] - 1 if later else len(lines)
    if statement.is_complete:
        return statement.last_line
    if '"""' in first or "'''" in first:
        return len(lines)
    return max(statement.start.line, statement.last_line - 1)


def _syntax_problem(
    path: Path, lines: list[str], where: Position, message: str, statement: Statement | None = None
) -> Problem:
    begin = statement.start if statement else where
    hint = syntax_hint(lines[begin.line - 1], message)
    message = f"not TOML: {message[:1].lower()}{message[1:]}"
    if begin.line < where.line:
        message += f" in what begins here, noticed on line {where.line}"
    else:
        begin = where
    rest = lines[where.line - 1][where.column - 1 :]
    found = repr(rest[0]) if rest else "the end of the line"
    return Problem(Origin.in_file(path, begin), "", message, found=found, hint=hint)


def _duplicate_problem(path: Path, duplicate: Duplicate) -> Problem:
    key, first, second = dotted(duplicate.path), duplicate.first.line, duplicate.second.line
    merge = "" if first == second else f", or merge line {second} into line {first}"
    return Problem(
        Origin.in_file(path, duplicate.second),
        key,
        f"{key} is defined twice, on line {first} and on line {second}",
        expected="each key and each table once",
        hint=f"remove one of the two{merge}",
    )


def _unreadable(path: Path, message: str, hint: str) -> Document:
    problem = Problem(Origin(str(path)), "", message, expected="a readable TOML file", hint=hint)
    return Document(path, {}, index_positions(""), (problem,))


def _reading_hint(error: OSError, if_missing: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f"name the right file, or make one with: {if_missing}"
    if isinstance(error, PermissionError):
        return "run as the daemon's user, or let that user read the file"
    return ""
