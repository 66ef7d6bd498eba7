"""Collecting the session records of one end of a link from its engine."""

from dataclasses import dataclass
from typing import cast

from qkdctl.devices.errors import DeviceError
from qkdctl.devices.kinds import QkdEngineDevice, SessionRecord
from qkdctl.devices.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Gathered:
    """New records, oldest first, and what was wrong with others."""

    records: tuple[SessionRecord, ...] = ()
    problems: tuple[str, ...] = ()


class RecordCollector:
    """Fetches each record of one engine once.

    Args:
        link: its name, which the records must bear.
        engine: of one end of the link.
    """

    def __init__(self, link: str, engine: Supervisor) -> None:
        self._link = link
        self._engine = engine
        self._after: int | None = None

    async def collect(self) -> Gathered:
        """Fetch what is new; whatever an engine delivers, this does not fail."""
        try:
            return Gathered(await self._fetch())
        except DeviceError as error:
            return Gathered(problems=(str(error),))
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            return Gathered(problems=(f"{self._engine.device.name}: {error!r}; this is a defect of the driver",))

    async def _fetch(self) -> tuple[SessionRecord, ...]:
        if not self._engine.usable:
            return ()
        device = self._engine.device
        newest = int(await device.read("sequence"))
        if self._after is None or newest < self._after:
            # at start, and when the engine counts anew: what came before is not this node's to report
            self._after = newest
            return ()
        fresh: list[SessionRecord] = []
        for record in await cast("QkdEngineDevice", device).session_records(self._after):
            if record.link != self._link:
                raise DeviceError(f"{device.name} reports link {record.link!r}; expected {self._link!r}")
            if record.sequence <= self._after:
                raise DeviceError(f"{device.name} repeats record {record.sequence}; {self._after} came already")
            fresh.append(record)
            self._after = record.sequence
        return tuple(fresh)
