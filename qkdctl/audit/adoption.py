"""Beginning the store of a node from the exported ledger of another one."""

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qkdctl.agreement.ledger_entries import NotADecisionError, place_of
from qkdctl.agreement.recovery import STATE_KEY, STATE_ROOM
from qkdctl.agreement.state import AgreedState
from qkdctl.audit.recorded import Recorded
from qkdctl.clock import Clock
from qkdctl.records.decision import Decision
from qkdctl.store.chain import NO_HASH, Entry
from qkdctl.store.decisions import beside_decision
from qkdctl.store.ledger_file import STATE_FILE, insert_entry
from qkdctl.store.lock import DirectoryLock
from qkdctl.store.migration import Schema
from qkdctl.store.recovery import make_sound
from qkdctl.store.set_points import MEMBER


class AdoptionError(Exception):
    """Nothing was made; the message says why."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What a store holds now.

    Attributes:
        epoch: the last that was decided.
        decisions: number of decisions.
        reports: number of reports that they count.
    """

    epoch: int
    decisions: int
    reports: int


def adopt_ledger(directory: Path, records: Iterable[Recorded], agreed: str, source: str, clock: Clock) -> Adopted:
    """Make the state file of a node from what all nodes have in common in the ledger of another one.

    That is the decisions, the reports they count and the agreed state. Votes, pads, acts, set-points and all else that
    is one node's own is not taken over: the node begins a chain of entries of its own, and because it remembers no
    votes it only follows until it cannot contradict itself.

    Args:
        directory: state directory; made when missing.
        records: a ledger that was verified, from its first entry on.
        agreed: text of the agreed state of its last epoch, or of an earlier one; what was decided later is left out.
        source: where the ledger comes from, for the entry that tells of it.
        clock: stamps entries.

    Raises:
        AdoptionError: there is a state file already, or the state is not that of any decision.
        StoreError: another process uses the directory, or the machine refused.
        DamagedEntryError: the ledger cannot be read.
    """
    path = directory / STATE_FILE
    state = _parsed(agreed)
    wall_ms = clock.wall_ms()
    found: list[Adopted] = []
    lock = DirectoryLock(directory)
    try:
        if path.exists():
            raise AdoptionError(f"{path} exists, and what a node has said must not be forgotten")
        stamp = datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")

        def fill(fresh: sqlite3.Connection, _: sqlite3.Connection | None) -> str:
            found.append(_fill(fresh, records, state, source, wall_ms))
            return ""

        make_sound(path, Schema("state"), stamp, fill)
    finally:
        lock.release()
    return found[0]


def _parsed(agreed: str) -> AgreedState:
    try:
        return AgreedState.from_json(agreed)
    except ValueError as error:
        raise AdoptionError(f"the agreed state in it is none: {str(error).splitlines()[0]}") from error


def _fill(
    connection: sqlite3.Connection, records: Iterable[Recorded], state: AgreedState, source: str, wall_ms: int
) -> Adopted:
    writer = _Writer(connection, wall_ms)
    writer.write("genesis", {"ledger": secrets.token_hex(16)})
    decisions = reports = 0
    for recorded in records:
        if recorded.entry.kind != "decision" or "chain" not in recorded.entry.payload:
            continue
        decided, digest = _decided(recorded)
        if decided.epoch == state.network.epoch and (problem := _unlike(decided, state)):
            raise AdoptionError(f"the agreed state of epoch {decided.epoch} is not what was decided: {problem} differ")
        is_last = decided.epoch == state.network.epoch
        memories = {STATE_KEY: state.canonical().decode("ascii")} if is_last else {}
        payload = {name: part for name, part in recorded.entry.payload.items() if name != MEMBER}
        entry = writer.write("decision", payload)
        beside_decision(decided.epoch, recorded.reports, STATE_ROOM, memories)(connection, entry)
        decisions, reports = decisions + 1, reports + len(recorded.reports)
        if is_last:
            told = {"command": "ledger adopt", "source": source, "epoch": decided.epoch, "decision": digest}
            writer.write("operator", told)
            return Adopted(decided.epoch, decisions, reports)
    raise AdoptionError(f"it has no decision of epoch {state.network.epoch}, of which the agreed state is")


class _Writer:
    """Appends entries within one transaction."""

    def __init__(self, connection: sqlite3.Connection, wall_ms: int) -> None:
        self._connection = connection
        self._wall_ms = wall_ms
        self._sequence, self._hash = -1, NO_HASH

    def write(self, kind: str, payload: object) -> Entry:
        entry = Entry.create(self._sequence + 1, self._wall_ms, kind, payload, self._hash)  # type: ignore[arg-type]
        insert_entry(self._connection, entry)
        self._sequence, self._hash = entry.sequence, entry.hash
        return entry


def _decided(recorded: Recorded) -> tuple[Decision, str]:
    try:
        _, value = place_of(recorded.entry.payload)
        return Decision.model_validate(dict(value.outcome.payload), strict=False), value.digest
    except (NotADecisionError, ValueError) as error:
        raise AdoptionError(f"entry {recorded.entry.sequence} is no decision: {error}") from error


def _unlike(decided: Decision, state: AgreedState) -> str:
    """What of a state was not decided so, as far as a decision tells."""
    pairs: dict[str, tuple[object, object]] = {
        "links and nodes": (decided.state, state.network.digest()),
        "acts": (decided.book, state.book.digest()),
        "routes": (decided.routes, state.routes),
        "keys to open": (decided.audits, state.audits),
    }
    return ", ".join(name for name, (here, there) in pairs.items() if here != there)
