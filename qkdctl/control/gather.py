"""Collecting the session records of one link from the engines of both ends."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from qkdctl.actuation.roles import LinkRoles
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.kinds import QkdEngineDevice, SessionRecord
from qkdctl.devices.supervisor import Supervisor

_PENDING_LIMIT = 10_000
_UNMATCHED = 50


@dataclass(frozen=True, slots=True)
class Gathered:
    """Records that both ends agree on, oldest first, and what was wrong with others."""

    records: tuple[SessionRecord, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _End:
    supervisor: Supervisor
    after: int | None = None
    pending: dict[int, SessionRecord] = field(default_factory=dict)


class RecordCollector:
    """Matches the records of both ends by sequence number; each record is delivered once.

    Args:
        link: its name, which the records must bear.
        roles: of the link.
    """

    def __init__(self, link: str, roles: LinkRoles) -> None:
        self._link = link
        self._ends = (_End(roles.engine_alice), _End(roles.engine_bob))

    async def collect(self) -> Gathered:
        """Fetch what is new at both ends and match it; whatever an engine delivers, this does not fail."""
        found = await asyncio.gather(*(self._fetch(end) for end in self._ends), return_exceptions=True)
        problems: list[str] = []
        for end, error in zip(self._ends, found, strict=True):
            if isinstance(error, DeviceError):
                problems.append(str(error))
            elif isinstance(error, Exception):
                problems.append(f"{end.supervisor.device.name}: {error!r}; this is a defect of the driver")
            elif error is not None:
                raise error
        alice, bob = self._ends
        matched: list[SessionRecord] = []
        for sequence in sorted(alice.pending.keys() & bob.pending.keys()):
            mine, theirs = alice.pending.pop(sequence), bob.pending.pop(sequence)
            if _same_session(mine, theirs):
                matched.append(mine)
            else:
                problems.append(f"record {sequence}: the ends disagree, {_difference(mine, theirs)}")
        if min(len(alice.pending), len(bob.pending)) >= _UNMATCHED:
            problems.append(
                f"the ends number their records differently: alice {min(alice.pending)} to {max(alice.pending)}, bob "
                f"{min(bob.pending)} to {max(bob.pending)}"
            )
        return Gathered(tuple(matched), tuple(problems))

    async def _fetch(self, end: _End) -> None:
        if not end.supervisor.usable:
            return
        device = end.supervisor.device
        newest = int(await device.read("sequence"))
        if end.after is None or newest < end.after:
            # at start, and when an engine counts anew: its old numbers must not meet the other end's new ones
            for either in self._ends if end.after is not None else (end,):
                either.pending.clear()
            end.after = newest
            return
        for record in await cast("QkdEngineDevice", device).session_records(end.after):
            if record.link != self._link:
                raise DeviceError(f"{device.name} reports link {record.link!r}; expected {self._link!r}")
            if record.sequence <= end.after:
                raise DeviceError(f"{device.name} repeats record {record.sequence}; {end.after} came already")
            end.pending[record.sequence] = record
            end.after = record.sequence
        while len(end.pending) > _PENDING_LIMIT:
            del end.pending[min(end.pending)]


def _same_session(mine: SessionRecord, theirs: SessionRecord) -> bool:
    """Equal in all that both ends must know; names of ends and their clocks differ."""
    return mine.model_copy(update={"end": theirs.end, "started_ms": theirs.started_ms}) == theirs


def _difference(mine: SessionRecord, theirs: SessionRecord) -> str:
    mine_plain, theirs_plain = mine.to_plain(), theirs.to_plain()
    return ", ".join(
        f"{name} {mine_plain[name]} against {theirs_plain[name]}"
        for name in mine_plain
        if name not in ("end", "started_ms") and mine_plain[name] != theirs_plain[name]
    )
