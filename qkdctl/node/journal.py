"""The ledger as control sees it, with the committed set-points at hand."""

from collections.abc import Mapping
from typing import cast

from qkdctl.actuation.set_points import SetPoints
from qkdctl.devices.attributes import Value
from qkdctl.records.encoding import Canonical
from qkdctl.store.chain import Entry, Kind
from qkdctl.store.ledger import Ledger
from qkdctl.store.store import Store


class LedgerJournal:
    """Writes entries and remembers the set-points they commit.

    Args:
        ledger: where entries go.
        committed: set-points known from before.
        head: the last entry.
    """

    def __init__(self, ledger: Ledger, committed: SetPoints, head: Entry) -> None:
        self.head = head
        self._ledger = ledger
        self._committed: dict[str, dict[str, Value]] = {}
        self._remember(committed)

    @classmethod
    async def load(cls, store: Store) -> "LedgerJournal":
        """Start from what the store holds."""
        points = await store.set_points.all()
        return cls(store.ledger, {key: point.value for key, point in points.items()}, await store.ledger.head())

    async def append(self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None) -> None:
        """Write an entry durably; its set-points count from now on."""
        self.head = await self._ledger.append(cast("Kind", kind), payload, set_points)
        self._remember(set_points or {})

    def committed(self, device: str) -> Mapping[str, Value]:
        """The set-points last committed for a device."""
        return self._committed.get(device, {})

    def _remember(self, set_points: SetPoints) -> None:
        for (device, attribute), value in set_points.items():
            self._committed.setdefault(device, {})[attribute] = value
