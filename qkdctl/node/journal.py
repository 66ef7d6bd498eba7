"""The ledger as control sees it, with the committed set-points at hand."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Self, cast

import structlog

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.set_points import SetPoints
from qkdctl.devices.attributes import Value
from qkdctl.records.encoding import Canonical
from qkdctl.store.chain import Entry, Kind
from qkdctl.store.errors import StoreError
from qkdctl.store.ledger import Beside
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
_PATIENCE_S = 10.0
_WAITING_LIMIT = 1000


class LedgerJournal:
    """Writes entries in the order of the calls, and remembers the set-points they commit.

    Args:
        store: open state.
        committed: set-points known from before.
        head: the last entry.

    Attributes:
        head: the last entry written.
        on_trouble: told why the ledger takes no entries, and "" when it does again; must not block.
    """

    def __init__(self, store: Store, committed: SetPoints, head: Entry) -> None:
        self.head = head
        self.on_trouble: Callable[[str], None] = _ignore
        self._store = store
        self._committed: dict[str, dict[str, Value]] = {}
        self._committed_by: dict[tuple[str, str], int] = {}
        self._calls = 0
        self._writes: set[asyncio.Task[None]] = set()
        self._trouble = ""
        self._remember(0, committed)

    @classmethod
    async def load(cls, store: Store) -> Self:
        """Start from what the store holds."""
        points = await store.set_points.all()
        return cls(store, {key: point.value for key, point in points.items()}, await store.ledger.head())

    async def append(self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None) -> None:
        """Write an entry durably; its set-points count from now on.

        Raises:
            StoreError: it could not be written, or not in time; then it may be written yet.
            TypeError, ValueError: it is not of the form that the ledger takes.
        """
        call, write = self._write(kind, payload, set_points)
        done, _ = await asyncio.wait({write}, timeout=_PATIENCE_S)
        if not done:
            raise StoreError(_too_slow())
        await write
        self._remember(call, set_points or {})

    async def append_decision(self, payload: Mapping[str, Canonical], set_points: SetPoints, beside: Beside) -> None:
        """Write a decision durably, however long it takes; its set-points count from then on.

        It is never given up while it is under way: an epoch is decided once, so it could not be written again.

        Args:
            payload: of the ledger entry.
            set_points: that it commits.
            beside: writes what belongs to it in the same transaction.

        Raises:
            StoreError: it was not written, and will not be.
        """
        call, write = self._write("decision", payload, set_points, beside)
        done, _ = await asyncio.wait({write}, timeout=_PATIENCE_S)
        if not done:
            self._note_trouble(_too_slow())
            await asyncio.wait({write})
        await write
        self._remember(call, set_points)

    def note(self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None) -> None:
        """Commit at once in memory and write as soon as the disk takes it."""
        if len(self._writes) < _WAITING_LIMIT:
            call, _ = self._write(kind, payload, set_points)
        else:
            self._calls = call = self._calls + 1
        self._remember(call, set_points or {})

    async def keep_calibration(self, record: CalibrationRecord, who: str) -> None:
        """Store a record as the latest of its link, and say so in the ledger.

        Raises:
            StoreError: it could not be written, or not in time.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.calibrations.put(record.link, record.model_dump(mode="json"))
        except TimeoutError:
            raise StoreError(f"the calibration record was not written within {_PATIENCE_S:g} s") from None
        await self.append("calibration", {"link": record.link, "who": who, "record": record.model_dump_json()})

    async def settle(self, timeout_s: float) -> None:
        """Wait until everything is written, but not longer than this."""
        if self._writes:
            await asyncio.wait(set(self._writes), timeout=timeout_s)

    def committed(self, device: str) -> Mapping[str, Value]:
        """The set-points last committed for a device."""
        return self._committed.get(device, {})

    def _write(
        self,
        kind: str,
        payload: Mapping[str, Canonical],
        set_points: SetPoints | None,
        beside: Beside | None = None,
    ) -> tuple[int, "asyncio.Task[None]"]:
        """Begin to write; tasks begin in the order in which they are made, and so do the jobs of the disk."""
        self._calls += 1
        write = asyncio.create_task(self._take(kind, payload, set_points, beside), name="ledger entry")
        self._writes.add(write)
        write.add_done_callback(self._written)
        return self._calls, write

    async def _take(
        self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None, beside: Beside | None
    ) -> None:
        self.head = await self._store.ledger.append(cast("Kind", kind), payload, set_points, beside)

    def _written(self, write: "asyncio.Task[None]") -> None:
        self._writes.discard(write)
        self._note_trouble(
            "" if write.cancelled() or (error := write.exception()) is None else str(error) or repr(error)
        )

    def _note_trouble(self, trouble: str) -> None:
        if bool(trouble) != bool(self._trouble):
            log.log(
                40 if trouble else 20, "ledger takes no entries" if trouble else "ledger takes entries", why=trouble
            )
            self.on_trouble(trouble)
        self._trouble = trouble

    def _remember(self, call: int, set_points: SetPoints) -> None:
        """A set-point of an earlier call, written late, does not replace that of a later one."""
        for (device, attribute), value in set_points.items():
            if self._committed_by.get((device, attribute), 0) <= call:
                self._committed_by[device, attribute] = call
                self._committed.setdefault(device, {})[attribute] = value


def _too_slow() -> str:
    return f"the ledger did not take an entry within {_PATIENCE_S:g} s; is the disk full, or slow?"


def _ignore(_: str) -> None:
    """Nobody listens."""
