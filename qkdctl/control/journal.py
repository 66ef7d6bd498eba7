"""What control writes down before and after it acts."""

from collections.abc import Mapping
from typing import Protocol

from qkdctl.actuation.set_points import SetPoints
from qkdctl.devices.attributes import Value
from qkdctl.records.encoding import Canonical


class Journal(Protocol):
    """A ledger that keeps set-points with the entries that commit them."""

    async def append(self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None) -> None:
        """Write an entry durably; its set-points are committed in the same transaction."""

    def committed(self, device: str) -> Mapping[str, Value]:
        """The set-points last committed for a device, attribute -> value."""
