"""The hash chain of the ledger, as values: anyone can verify an export with nothing but this file and a JSON parser."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias, get_args

from qkdctl.records.encoding import Canonical, canonical_bytes
from qkdctl.store.errors import DamagedEntryError

Kind: TypeAlias = Literal[
    "genesis", "start", "decision", "outcome", "operator", "calibration", "policy", "alarm", "stop"
]
KINDS: frozenset[str] = frozenset(get_args(Kind))
NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger.

    Attributes:
        sequence: 0 for the genesis entry, then rising by one.
        wall_ms: when it was written, milliseconds since 1970-01-01 UTC; a clock that is set back shows here.
        payload: integers, strings, and lists and mappings of them.
        previous_hash: `hash` of the entry before; 64 zeros in the genesis entry.
        hash: SHA-256 over the canonical encoding of all other members, 64 hexadecimal digits.
    """

    sequence: int
    wall_ms: int
    kind: str
    payload: Mapping[str, Canonical]
    previous_hash: str
    hash: str

    @classmethod
    def create(
        cls, sequence: int, wall_ms: int, kind: str, payload: Mapping[str, Canonical], previous_hash: str
    ) -> Self:
        """An entry with its hash.

        Raises:
            ValueError: unknown kind.
            TypeError: the payload holds something without a canonical encoding.
        """
        if kind not in KINDS:
            raise ValueError(f"ledger entry of kind {kind!r}: expected one of {', '.join(sorted(KINDS))}")
        digest = entry_hash(sequence, wall_ms, kind, payload, previous_hash)
        return cls(sequence, wall_ms, kind, payload, previous_hash, digest)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The entry of one line of an export.

        Raises:
            DamagedEntryError: a member is missing or has the wrong type.
        """
        sequence = plain.get("sequence")
        if not isinstance(sequence, int):
            raise DamagedEntryError(-1, f"sequence is {sequence!r}, expected an integer")
        for name, kind in (("wall_ms", int), ("kind", str), ("payload", dict), ("previous_hash", str), ("hash", str)):
            if not isinstance(plain.get(name), kind):
                raise DamagedEntryError(sequence, f"{name} is no {kind.__name__}")
        return cls(**{name: plain[name] for name in cls.__slots__})

    def to_plain(self) -> dict[str, Any]:
        """For an export, one JSON object per line."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain stops being one.

    Attributes:
        sequence: number of the first entry that does not follow.
        reason: what is wrong with it.
    """

    sequence: int
    reason: str


class ChainChecker:
    """Follows a chain entry by entry.

    Args:
        after: the trusted entry before the first one to check; None to begin with the genesis entry.
    """

    def __init__(self, after: Entry | None = None) -> None:
        self._sequence = after.sequence if after else -1
        self._hash = after.hash if after else NO_HASH

    @property
    def expected_sequence(self) -> int:
        """Number of the entry that must come next."""
        return self._sequence + 1

    def check(self, entry: Entry) -> Break | None:
        """None when the entry follows; it is then the one that the next must follow."""
        expected = self.expected_sequence
        if entry.sequence != expected:
            return Break(expected, f"expected entry {expected}, found entry {entry.sequence}")
        if entry.previous_hash != self._hash:
            return Break(expected, "previous_hash is not the hash of the entry before")
        if (entry.kind == "genesis") != (expected == 0):
            return Break(expected, f"an entry of kind {entry.kind!r} cannot stand here")
        try:
            digest = entry_hash(entry.sequence, entry.wall_ms, entry.kind, entry.payload, entry.previous_hash)
        except TypeError as error:
            return Break(expected, f"payload: {error}")
        if entry.hash != digest:
            return Break(expected, "hash does not match the content")
        self._sequence, self._hash = entry.sequence, entry.hash
        return None


def entry_hash(sequence: int, wall_ms: int, kind: str, payload: Mapping[str, Canonical], previous_hash: str) -> str:
    """SHA-256 over the canonical encoding of everything in an entry but its own hash."""
    content: dict[str, Canonical] = {
        "sequence": sequence,
        "wall_ms": wall_ms,
        "kind": kind,
        "payload": payload,
        "previous_hash": previous_hash,
    }
    return hashlib.sha256(canonical_bytes(content)).hexdigest()


def verify(entries: Iterable[Entry], after: Entry | None = None) -> Break | None:
    """Walk a chain.

    A chain that was cut off at its end still verifies: compare the last hash with one that somebody else kept.

    Args:
        entries: in order; may raise DamagedEntryError, which is reported like any other break.
        after: the trusted entry before the first; None when the first must be the genesis entry.

    Returns:
        The first break, or None.
    """
    checker = ChainChecker(after)
    try:
        for entry in entries:
            if found := checker.check(entry):
                return found
    except DamagedEntryError as error:
        return Break(checker.expected_sequence, error.reason)
    if checker.expected_sequence == 0:
        return Break(0, "there is no genesis entry")
    return None


def parse_payload(sequence: int, text: str) -> Mapping[str, Canonical]:
    """Payload from its stored text, which must be the canonical one.

    Raises:
        DamagedEntryError: no JSON object, or not in canonical form.
    """
    try:
        payload = json.loads(text)
        canonical = canonical_bytes(payload)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedEntryError(sequence, f"payload: {error}") from error
    if not isinstance(payload, dict) or canonical != text.encode("utf-8", "surrogatepass"):
        raise DamagedEntryError(sequence, "payload is not in canonical form")
    return payload
