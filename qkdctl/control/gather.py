"""Collecting the session records of one link from the engines of both ends."""

from dataclasses import dataclass, field
from typing import cast

from qkdctl.actuation.roles import LinkRoles
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.kinds import QkdEngineDevice, SessionRecord
from qkdctl.devices.supervisor import Supervisor

_PENDING_LIMIT = 10_000


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
        roles: of the link.
    """

    def __init__(self, link: str, roles: LinkRoles) -> None:
        self._link = link
        self._ends = (_End(roles.engine_alice), _End(roles.engine_bob))

    async def collect(self) -> Gathered:
        """Fetch what is new at both ends and match it."""
        problems: list[str] = []
        for end in self._ends:
            try:
                await self._fetch(end)
            except DeviceError as error:
                problems.append(str(error))
        alice, bob = self._ends
        matched: list[SessionRecord] = []
        for sequence in sorted(alice.pending.keys() & bob.pending.keys()):
            mine, theirs = alice.pending.pop(sequence), bob.pending.pop(sequence)
            if _same_session(mine, theirs):
                matched.append(mine)
            else:
                problems.append(f"record {sequence}: the ends disagree, {_difference(mine, theirs)}")
        return Gathered(tuple(matched), tuple(problems))

    async def _fetch(self, end: _End) -> None:
        if not end.supervisor.usable:
            return
        device = end.supervisor.device
        newest = int(await device.read("sequence"))
        if end.after is None or newest < end.after:
            end.after = newest
            end.pending.clear()
            return
        for record in await cast("QkdEngineDevice", device).session_records(end.after):
            if record.link != self._link:
                raise DeviceError(f"{device.name} reports link {record.link!r}; expected {self._link!r}")
            end.pending[record.sequence] = record
            end.after = max(end.after, record.sequence)
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
