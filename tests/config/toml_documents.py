"""TOML documents made by Hypothesis, together with the place of every key in them."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from qkdctl.config.positions import KeyPath, Position

_BARE = st.text("abcXYZ019_-", min_size=1, max_size=6)
_ANY_KEY = st.one_of(_BARE, st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6))
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_TRICKY = st.sampled_from(
    ["# no comment", "[table]", "key = 1", '"', "'", '""', "''", "]", "}", ",", "\n[x]\ny = 1", "\\", ""]
)
_SCALAR = st.one_of(st.booleans(), st.integers(-999, 999), st.floats(allow_nan=False), _TEXT, _TRICKY)
_VALUE = st.recursive(
    _SCALAR,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_ANY_KEY, inner, max_size=3)),
    max_leaves=6,
)
TABLES = st.recursive(
    st.dictionaries(_ANY_KEY, _VALUE, max_size=4),
    lambda inner: st.dictionaries(
        _ANY_KEY, st.one_of(_VALUE, inner, st.lists(inner, min_size=1, max_size=2)), max_size=4
    ),
    max_leaves=8,
)


@dataclass
class Emitter:
    """Writes a document, choosing among the ways TOML offers, and notes where it wrote each key.

    Attributes:
        draw: of a Hypothesis composite strategy; decides between the ways.
        text: what is written so far.
        positions: per path, as an index should find it.
    """

    draw: Any
    text: str = ""
    positions: dict[KeyPath, Position] = field(default_factory=dict)

    def document(self, table: dict[str, Any]) -> None:
        """Write the whole document."""
        self._body((), (), table)

    def _body(self, path: KeyPath, header: tuple[str, ...], table: dict[str, Any]) -> None:
        """The key-value lines of a table, then its sub-tables, which need headers of their own."""
        later = {}
        for key, value in table.items():
            if _is_table_array(value) and self._choose():
                later[key] = value
            elif isinstance(value, dict) and self._choose():
                later[key] = value
            else:
                self._noise()
                self._pair(path, key, value)
                self._end_line()
        for key, value in later.items():
            elements = value if isinstance(value, list) else [value]
            for number, element in enumerate(elements):
                self._header(path, header, key, number if isinstance(value, list) else None)
                here = (*path, key, number) if isinstance(value, list) else (*path, key)
                self._body(here, (*header, key), element)

    def _header(self, path: KeyPath, header: tuple[str, ...], key: str, number: int | None) -> None:
        self._noise()
        self.text += "[" if number is None else "[["
        for part in header:
            self._key(part)
            self._dot()
        self._note((*path, key))
        if number is not None:
            self._note((*path, key, number))
        self._key(key)
        self.text += "]" if number is None else "]]"
        self._end_line()

    def _pair(self, path: KeyPath, key: str, value: Any) -> None:
        while True:
            path = (*path, key)
            self._note(path)
            self._key(key)
            if not (isinstance(value, dict) and len(value) == 1 and self._choose()):
                break
            self._dot()
            ((key, value),) = value.items()
        self.text += self.draw(st.sampled_from([" = ", "=", "\t=  "]))
        self._value(path, value)

    def _value(self, path: KeyPath, value: Any) -> None:
        if isinstance(value, dict):
            self.text += "{"
            for number, (key, inner) in enumerate(value.items()):
                self.text += ", " if number else " "
                self._pair(path, key, inner)
            self.text += "}"
        elif isinstance(value, list):
            self.text += "["
            for number, inner in enumerate(value):
                self._gap()
                self._note((*path, number))
                self._value((*path, number), inner)
                self._gap()
                self.text += "," if number < len(value) - 1 or self._choose() else ""
            self._gap()
            self.text += "]"
        elif isinstance(value, str):
            self._string(value)
        else:
            self.text += repr(value).lower() if isinstance(value, bool) else repr(value)

    def _string(self, value: str) -> None:
        plain = all(character.isprintable() for character in value.replace("\n", ""))
        if plain and "'" not in value and "\n" not in value and self._choose():
            self.text += f"'{value}'"
        elif plain and "'''" not in value and not value.endswith("'") and self._choose():
            self.text += f"'''\n{value}'''"
        elif self._choose():
            self.text += f'"""\n{_escaped(value, multiline=True)}"""'
        else:
            self.text += f'"{_escaped(value)}"'

    def _key(self, key: str) -> None:
        bare = key.replace("-", "").replace("_", "")
        if key and (not bare or (bare.isascii() and bare.isalnum())) and self._choose():
            self.text += key
        elif key.isprintable() and "'" not in key and self._choose():
            self.text += f"'{key}'"
        else:
            self.text += f'"{_escaped(key)}"'

    def _dot(self) -> None:
        self.text += self.draw(st.sampled_from([".", " . "]))

    def _gap(self) -> None:
        self.text += self.draw(st.sampled_from(["", " ", "\n", '\n  # ], } and "\n']))

    def _noise(self) -> None:
        self.text += self.draw(st.sampled_from(["", "\n", "# [comment] a = 1\n", "  "]))

    def _end_line(self) -> None:
        self.text += self.draw(st.sampled_from(["\n", "  # key = 1\n", "\r\n"]))

    def _note(self, path: KeyPath) -> None:
        line = self.text.count("\n") + 1
        column = len(self.text.replace("\r\n", "\n").rpartition("\n")[2]) + 1
        self.positions.setdefault(path, Position(line, column))

    def _choose(self) -> bool:
        return bool(self.draw(st.booleans()))


@st.composite
def documents(draw: Any) -> tuple[dict[str, Any], Emitter]:
    """A table and the emitter that wrote it."""
    table = draw(TABLES)
    emitter = Emitter(draw)
    emitter.document(table)
    return table, emitter


def _is_table_array(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(element, dict) for element in value)


def _escaped(text: str, *, multiline: bool = False) -> str:
    escaped = ""
    for character in text:
        if character in '\\"':
            escaped += "\\" + character
        elif character == "\n" and multiline:
            escaped += character
        elif ord(character) < 0x20 or ord(character) == 0x7F:
            escaped += f"\\u{ord(character):04x}"
        else:
            escaped += character
    return escaped
