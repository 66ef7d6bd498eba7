"""Canonical encoding: equal values give equal bytes, and so equal hashes, on every node."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Canonical: TypeAlias = int | str | Sequence["Canonical"] | Mapping[str, "Canonical"]
_LEAVES = frozenset((int, str))


def canonical_bytes(value: Canonical) -> bytes:
    """Encode a value as JSON with sorted keys and no white space.

    Args:
        value: nested mappings and sequences of integers and strings; nothing else may be agreed on, because floats,
            booleans and null have more than one spelling.

    Raises:
        TypeError: for any other type; the message gives the path to the offending value.
    """
    if not _is_plain(value):
        _check(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def digest(value: Canonical) -> str:
    """SHA-256 of the canonical bytes, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _is_plain(value: object) -> bool:
    """Whether it is of the very types that almost all values are made of: looked at much faster than by `_check`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str or not (type(item) in _LEAVES or _is_plain(item)):
                return False
        return True
    if isinstance(value, list | tuple):
        return all(type(item) in _LEAVES or _is_plain(item) for item in value)
    return type(value) in _LEAVES


def _check(value: object, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str | Mapping | list | tuple):
        raise TypeError(f"{path}: {type(value).__name__} has no canonical encoding; use integers and strings")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{path}: key {key!r} is no string")
            _check(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]")
