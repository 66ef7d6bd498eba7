"""Canonical encoding: equal values give equal bytes, and so equal hashes, on every node."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Canonical: TypeAlias = int | str | Sequence["Canonical"] | Mapping[str, "Canonical"]


def canonical_bytes(value: Canonical) -> bytes:
    """Encode a value as JSON with sorted keys and no white space.

    Args:
        value: nested mappings and sequences of integers and strings; nothing else may be agreed on, because floats,
            booleans and null have more than one spelling.

    Raises:
        TypeError: for any other type; the message gives the path to the offending value.
    """
    _check(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def digest(value: Canonical) -> str:
    """SHA-256 of the canonical bytes, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


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
