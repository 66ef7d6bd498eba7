"""What control writes down before and after it acts."""

from collections.abc import Mapping
from typing import Protocol

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.set_points import SetPoints
from qkdctl.devices.attributes import Value
from qkdctl.records.encoding import Canonical
from qkdctl.store.ledger import Beside


class Journal(Protocol):
    """A ledger that keeps set-points with the entries that commit them.

    What brings light waits until it is durable; what takes light away never waits for a disk.
    """

    async def append(self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None) -> None:
        """Write an entry durably; its set-points are committed in the same transaction.

        Raises:
            Exception: it is not durable, or not in time.
        """

    async def append_decision(self, payload: Mapping[str, Canonical], set_points: SetPoints, beside: Beside) -> None:
        """Write a decision durably, however long it takes; what `beside` writes goes into the same transaction.

        Raises:
            Exception: it is not durable and will not be, so it may be tried again.
        """

    def note(self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None) -> None:
        """Commit at once in memory, and write as soon as the disk takes it, in the order of the calls; never raises."""

    async def keep_calibration(self, record: CalibrationRecord, who: str) -> None:
        """Make a record the one that counts for its link, durably.

        Raises:
            Exception: it is not durable, or not in time.
        """

    def committed(self, device: str) -> Mapping[str, Value]:
        """The set-points last committed for a device, attribute -> value."""
