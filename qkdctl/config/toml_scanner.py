"""Where each key of a TOML text stands: tomllib gives values without positions, this gives positions without values.

Judging the text is left to tomllib. What is malformed is skipped here and marked as an incomplete statement, so that
the positions of everything else survive a syntax error.
"""

import re
import tomllib
from bisect import bisect_right

from qkdctl.config.positions import Duplicate, KeyPath, Position, PositionIndex, Statement

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_LITERAL = re.compile(r"'[^'\n]*'")
#: By opening; the longer ones come first.
_STRINGS = {
    '"""': re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''(?:[^']|'(?!''))*'{3,5}"),
    '"': _BASIC,
    "'": _LITERAL,
}
_BARE_VALUE = re.compile(r"[^\s,\[\]{}#=\"'][^,\[\]{}#\n\"']*")
_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[^\n]*")


def index_positions(text: str) -> PositionIndex:
    """Index a TOML text, well-formed or not."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.scan()
    return PositionIndex(scanner.positions, tuple(scanner.statements), tuple(scanner.duplicates))


class _MalformedError(Exception):
    """The statement under the scanner has no end."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.positions: dict[KeyPath, Position] = {}
        self.statements: list[Statement] = []
        self.duplicates: list[Duplicate] = []
        self._text = text
        self._offset = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._explicit: set[KeyPath] = set()
        self._leaves: set[KeyPath] = set()
        self._array_lengths: dict[KeyPath, int] = {}
        self._table: KeyPath = ()

    def scan(self) -> None:
        """Walk over the whole text."""
        while True:
            self._skip(_BLANK_LINES)
            if self._offset == len(self._text):
                return
            start = self._offset
            is_header = self._text[start] == "["
            try:
                if is_header:
                    self._header()
                else:
                    self._key_value(self._table)
            except _MalformedError:
                self._add_statement(start, is_header=is_header, is_complete=False)
                self._offset = start
            else:
                self._add_statement(start, is_header=is_header, is_complete=True)
            self._skip(_REST_OF_LINE)

    def _header(self) -> None:
        is_array = self._text.startswith("[[", self._offset)
        self._offset += 2 if is_array else 1
        keys = self._keys()
        self._expect("]]" if is_array else "]")
        path: KeyPath = ()
        for key, offset in keys[:-1]:
            path = self._last_element((*path, key))
            self._define_parent(path, offset)
        key, offset = keys[-1]
        path = (*path, key)
        if is_array:
            self.positions.setdefault(path, self._position(offset))
            count = self._array_lengths.get(path, 0)
            self._array_lengths[path] = count + 1
            path = (*path, count)
        self._define(path, offset)
        self._table = path

    def _last_element(self, path: KeyPath) -> KeyPath:
        return (*path, self._array_lengths[path] - 1) if path in self._array_lengths else path

    def _key_value(self, table: KeyPath) -> None:
        keys = self._keys()
        self._expect("=")
        path = table
        for key, offset in keys[:-1]:
            path = (*path, key)
            self._define_parent(path, offset)
            self._explicit.add(path)
        key, offset = keys[-1]
        self._define((*path, key), offset)
        self._value((*path, key))

    def _define(self, path: KeyPath, offset: int) -> None:
        here = self._position(offset)
        if path in self._explicit:
            self.duplicates.append(Duplicate(path, self.positions[path], here))
            return
        self._explicit.add(path)
        self.positions[path] = here

    def _define_parent(self, path: KeyPath, offset: int) -> None:
        here = self._position(offset)
        first = self.positions.setdefault(path, here)
        if path in self._leaves:
            self.duplicates.append(Duplicate(path, first, here))

    def _value(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._leaves.add(path)
            self._scalar()

    def _scalar(self) -> None:
        for opening, pattern in _STRINGS.items():
            if self._text.startswith(opening, self._offset):
                try:
                    self._match(pattern)
                except _MalformedError:
                    self._offset = len(self._text) if len(opening) == 3 else self._offset
                    raise
                return
        self._match(_BARE_VALUE)

    def _array(self, path: KeyPath) -> None:
        count = 0
        while True:
            self._skip(_BLANK_LINES)
            if self._take("]"):
                return
            element = (*path, count)
            self.positions.setdefault(element, self._position(self._offset))
            self._value(element)
            count += 1
            self._skip(_BLANK_LINES)
            if not self._take(","):
                self._expect("]")
                return

    def _inline_table(self, path: KeyPath) -> None:
        # Line feeds between the braces are TOML 1.1; a parser of 1.0 refuses them, and then all lines belong together.
        while True:
            self._skip(_BLANK_LINES)
            if self._take("}"):
                return
            self._key_value(path)
            self._skip(_BLANK_LINES)
            if not self._take(","):
                self._expect("}")
                return

    def _keys(self) -> list[tuple[str, int]]:
        """A dotted key: each part with its offset."""
        keys: list[tuple[str, int]] = []
        while True:
            self._skip(_BLANK)
            offset = self._offset
            keys.append((self._key(), offset))
            self._skip(_BLANK)
            if not self._take("."):
                return keys

    def _key(self) -> str:
        if self._text.startswith("'", self._offset):
            return self._match(_LITERAL)[1:-1]
        if self._text.startswith('"', self._offset):
            try:
                return str(tomllib.loads(f"key = {self._match(_BASIC)}")["key"])
            except tomllib.TOMLDecodeError:
                raise _MalformedError from None
        return self._match(_BARE_KEY)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._offset)
        assert match is not None, "a pattern to skip matches the empty text"
        self._offset = match.end()

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._offset)
        if match is None:
            raise _MalformedError
        self._offset = match.end()
        return match.group()

    def _take(self, token: str) -> bool:
        found = self._text.startswith(token, self._offset)
        self._offset += len(token) if found else 0
        return found

    def _expect(self, token: str) -> None:
        self._skip(_BLANK)
        if not self._take(token):
            raise _MalformedError

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def _add_statement(self, start: int, *, is_header: bool, is_complete: bool) -> None:
        last_line = self._position(self._offset).line
        self.statements.append(Statement(self._position(start), last_line, is_header, is_complete))
