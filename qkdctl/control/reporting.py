"""What one node has to say at the end of an epoch: records from its engines, readings from its instruments."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.gather import Gathered, RecordCollector
from qkdctl.control.link import LinkController
from qkdctl.control.link_report import LinkReadings, link_report
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.facts import LinkTable
from qkdctl.records.report import DeviceReport, LinkReport, NodeReport

log = structlog.get_logger(__name__)
_STRANGE_EPOCHS = 3


@dataclass(slots=True)
class _LinkSide:
    controller: LinkController
    collector: RecordCollector
    last_record_at: float
    strange_epochs: int = 0
    gathered: Gathered = field(default_factory=Gathered)


class Reporter:
    """Makes the report of each epoch. What is wrong with one link costs that link its row, and nobody else anything.

    Args:
        node: its name.
        links, supervisors: what the node owns, by name.
        alarms, clock: of the node.
        patience_s: how long the engines have to deliver the records of an epoch.
    """

    def __init__(
        self,
        node: str,
        links: Mapping[str, LinkController],
        supervisors: Mapping[str, Supervisor],
        alarms: Alarms,
        clock: Clock,
        patience_s: float,
    ) -> None:
        self._node = node
        now = clock.monotonic()
        self._links = {name: _LinkSide(c, RecordCollector(name, c.roles), now) for name, c in sorted(links.items())}
        self._supervisors = supervisors
        self._alarms = alarms
        self._clock = clock
        self._patience_s = patience_s
        self._failures: dict[str, int] = {}

    async def report(self, epoch: int, table: LinkTable) -> NodeReport:
        """Gather the records and report."""
        await self._gather()
        rows = [self._row(name, side, table) for name, side in self._links.items()]
        return NodeReport(
            node=self._node,
            epoch=epoch,
            wall_ms=self._clock.wall_ms(),
            devices=tuple(self._device(name, s) for name, s in sorted(self._supervisors.items())),
            links=tuple(row for row in rows if row is not None),
        )

    async def _gather(self) -> None:
        """Session records of all links; one whose engines are slow has no say in this epoch and delays no other."""
        tasks = {
            asyncio.create_task(side.collector.collect(), name=f"records {name}"): side
            for name, side in self._links.items()
        }
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._patience_s)
        finally:
            for task in tasks:
                task.cancel()
        for task, side in tasks.items():
            side.gathered = Gathered(problems=("the engines did not deliver their records in time",))
            if task.done() and not task.cancelled():
                side.gathered = task.result()
            if side.gathered.records:
                side.last_record_at = self._clock.monotonic()

    def _device(self, name: str, supervisor: Supervisor) -> DeviceReport:
        failures = supervisor.counters.failures
        before, self._failures[name] = self._failures.get(name, 0), failures
        newest = max((reading.at for reading in supervisor.readings.values()), default=0.0)
        return DeviceReport(
            device=name,
            kind=supervisor.device.kind.value,
            state=supervisor.state.value,
            age_ms=max(0, round(1000 * (self._clock.monotonic() - newest))),
            failures=failures - before,
        )

    def _row(self, name: str, side: _LinkSide, table: LinkTable) -> LinkReport | None:
        """The row of a link; none when its records are such that none can be made, and the state keeps the old one."""
        problems = [*side.gathered.problems, *self._strange(side)]
        row = None
        try:
            row = self._link(name, side, table, trusted=not problems)
        except (ValueError, ArithmeticError) as error:
            log.warning("no report of a link", link=name, error=str(error))
            problems.append(f"the records make no report: {error}")
        if problems:
            self._alarms.raise_("records-rejected", name, "; ".join(problems))
        else:
            self._alarms.clear("records-rejected", name)
        return row

    def _link(self, name: str, side: _LinkSide, table: LinkTable, *, trusted: bool) -> LinkReport:
        controller = side.controller
        attenuation = controller.roles.attenuator.value("attenuation_db")
        realigns, controller.operations.realigns = controller.operations.realigns, 0
        readings = LinkReadings(
            mode=controller.mode,
            protocol=controller.operations.operation.protocol,
            mean_photon_number_e6=controller.commanded_e6,
            measured_mean_photon_number_e6=controller.watch.measured_e6 or 0,
            assumed_mean_photon_number_e6=controller.watch.told_e6,
            attenuation_db=None if attenuation is None else float(attenuation),
            age_ms=max(0, round(1000 * (self._clock.monotonic() - side.last_record_at))),
            realigns=realigns,
            trusted=trusted and not controller.busy,
        )
        return link_report(table.of(name), side.gathered.records, readings)

    def _strange(self, side: _LinkSide) -> list[str]:
        """Engines that keep assuming another intensity than they were told; just after a change some records do."""
        told_e6 = side.controller.watch.told_e6
        assumed_e6 = [record.mean_photon_numbers_e6[0] for record in side.gathered.records]
        strange = bool(assumed_e6) and not side.controller.busy and told_e6 not in (0, assumed_e6[-1])
        side.strange_epochs = side.strange_epochs + 1 if strange else 0
        if side.strange_epochs < _STRANGE_EPOCHS:
            return []
        return [f"the engines assume {assumed_e6[-1]}e-6 photons per pulse; they were told {told_e6}e-6"]
