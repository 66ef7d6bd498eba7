"""From a line of text to a program of commands; what a line means never depends on the state, so it is remembered."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.tree import CommandTree

_UNIT = re.compile(r"([*:]?[A-Za-z_][A-Za-z0-9_:]*)(\??)(?:\s+(.*))?", re.DOTALL)
_OPENING = {"(": ")", '"': '"', "'": "'"}
_REMEMBERED_LINES = 1024
_LEGAL = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Unit:
    """One command or query of a message, with its parameters as written."""

    command: Command
    suffixes: tuple[int, ...]
    query: bool
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """The units of a line up to the first that makes no sense, and the error which that one is."""

    units: tuple[Unit, ...]
    error: ScpiError | None = None


class Parser:
    """Reads the lines that one instrument understands."""

    def __init__(self, tree: CommandTree) -> None:
        """Read headers by `tree`."""
        self._tree = tree
        self._programs: dict[bytes, Program] = {}

    def parse(self, line: bytes) -> Program:
        """The program of a line without its terminator; never raises."""
        program = self._programs.get(line)
        if program is None:
            if len(self._programs) >= _REMEMBERED_LINES:
                self._programs.clear()
            program = self._programs[line] = self._read(line)
        return program

    def _read(self, line: bytes) -> Program:
        text = line.decode("latin-1")
        if _LEGAL.fullmatch(text) is None:
            return Program((), ScpiError(-101))
        units: list[Unit] = []
        branch = self._tree.root
        for part in _split(text, ";"):
            if not part:
                continue
            match = _UNIT.fullmatch(part)
            if match is None:
                return Program(tuple(units), ScpiError(-102))
            header, mark, rest = match.groups()
            try:
                found = self._tree.find(header, branch)
            except ScpiError as error:
                return Program(tuple(units), error)
            branch = found.branch
            parameters = tuple(_split(rest, ",")) if rest else ()
            units.append(Unit(found.command, found.suffixes, bool(mark), parameters))
        return Program(tuple(units))


def _split(text: str, separator: str) -> Iterator[str]:
    """The stripped parts between separators that stand outside of quotes and parentheses."""
    closing = ""
    start = 0
    for position, letter in enumerate(text):
        if closing:
            closing = "" if letter == closing else closing
        elif letter in _OPENING:
            closing = _OPENING[letter]
        elif letter == separator:
            yield text[start:position].strip()
            start = position + 1
    yield text[start:].strip()
