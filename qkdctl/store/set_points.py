"""The set-points that were committed last: what an instrument should hold after a restart."""

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from qkdctl.records.encoding import Canonical
from qkdctl.store.chain import Entry, parse_payload
from qkdctl.store.database import Database

Value: TypeAlias = bool | int | float | str
MEMBER = "set_points"
"""Member of a ledger payload that holds set-points: device -> attribute -> value as JSON text."""


@dataclass(frozen=True, slots=True)
class SetPoint:
    """A committed value.

    Attributes:
        value: in the unit of the attribute.
        sequence: of the ledger entry that committed it.
    """

    value: Value
    sequence: int


class SetPoints:
    """Last committed set-point of each device attribute; written only together with a ledger entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[tuple[str, str], SetPoint]:
        """(device, attribute) -> set-point."""
        return await self._database.run(_select)

    async def of_device(self, device: str) -> dict[str, Value]:
        """Values of one device by attribute; empty when none was ever committed."""
        found = await self._database.run(_select)
        return {attribute: point.value for (name, attribute), point in found.items() if name == device}


def payload_with(
    payload: Mapping[str, Canonical], set_points: Mapping[tuple[str, str], Value]
) -> Mapping[str, Canonical]:
    """A ledger payload that commits set-points; the numbers go in as text, which is exact.

    Raises:
        ValueError: a value is not finite, or the payload has such a member already.
    """
    if not set_points:
        return payload
    if MEMBER in payload:
        raise ValueError(f"payload has a member {MEMBER!r} already; pass set-points as an argument only")
    encoded: dict[str, dict[str, Canonical]] = {}
    for (device, attribute), value in set_points.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"set-point {device} {attribute}: {value} is not finite")
        encoded.setdefault(device, {})[attribute] = json.dumps(value)
    return {**payload, MEMBER: encoded}


def point_to(connection: sqlite3.Connection, entry: Entry) -> None:
    """Note that this entry now holds the set-points that it commits."""
    for device, attributes in cast("Mapping[str, Mapping[str, str]]", entry.payload.get(MEMBER, {})).items():
        connection.executemany(
            "INSERT INTO set_points (device, attribute, sequence) VALUES (?, ?, ?) "
            "ON CONFLICT (device, attribute) DO UPDATE SET sequence = excluded.sequence",
            [(device, attribute, entry.sequence) for attribute in attributes],
        )


def _select(connection: sqlite3.Connection) -> dict[tuple[str, str], SetPoint]:
    rows = connection.execute(
        "SELECT device, attribute, sequence, payload FROM set_points JOIN entries USING (sequence)"
    )
    found = {}
    for device, attribute, sequence, text in rows:
        committed = cast("Mapping[str, Mapping[str, str]]", parse_payload(sequence, text)[MEMBER])
        found[device, attribute] = SetPoint(json.loads(committed[device][attribute]), sequence)
    return found
