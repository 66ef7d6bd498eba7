"""JSON objects out of a stream of bytes without delimiters."""

import json
from collections.abc import Iterator
from typing import Any

_QUOTE, _BACKSLASH, _OPEN, _CLOSE = b'"\\{}'


class NotAnObjectError(ValueError):
    """Bytes that stand where a JSON object should."""


class JsonObjectReader:
    """Cuts bytes into JSON objects, however they are split over packets or joined in one (`}{`).

    Bytes between objects are skipped. An object longer than `longest` bytes is given up.
    """

    def __init__(self, longest: int = 65536) -> None:
        """Begin between two objects."""
        self._longest = longest
        self._object = bytearray()
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, data: bytes) -> Iterator[dict[str, Any] | NotAnObjectError]:
        """Take bytes and yield each object that they complete, or why it is none."""
        for byte in data:
            if self._depth == 0 and byte != _OPEN:
                continue
            self._object.append(byte)
            self._follow(byte)
            if self._depth == 0:
                yield self._take()
            elif len(self._object) > self._longest:
                self._depth = 0
                self._in_string = self._escaped = False
                self._object.clear()
                yield NotAnObjectError(f"object longer than {self._longest} bytes")

    def _follow(self, byte: int) -> None:
        """Keep track of braces outside of strings."""
        if self._escaped:
            self._escaped = False
        elif self._in_string:
            self._escaped = byte == _BACKSLASH
            self._in_string = byte != _QUOTE
        elif byte == _QUOTE:
            self._in_string = True
        elif byte == _OPEN:
            self._depth += 1
        elif byte == _CLOSE:
            self._depth -= 1

    def _take(self) -> dict[str, Any] | NotAnObjectError:
        text = bytes(self._object)
        self._object.clear()
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            return NotAnObjectError(str(error))
        assert isinstance(value, dict), "text in braces is an object"
        return value
