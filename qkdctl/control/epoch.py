"""The epoch loop: report, agree, decide, commit, actuate."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from qkdctl.actuation.set_points import SetPoints
from qkdctl.clock import Clock
from qkdctl.control.agreement import Agreement
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.decider import Decider
from qkdctl.control.gather import Gathered, RecordCollector
from qkdctl.control.journal import Journal
from qkdctl.control.link import LinkController
from qkdctl.control.link_report import LinkReadings, link_report
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.schedule import Grid
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.decision import Decision
from qkdctl.records.encoding import digest
from qkdctl.records.facts import LinkTable
from qkdctl.records.fuse import next_state
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Plan
from qkdctl.records.report import DeviceReport, LinkReport, NodeReport

log = structlog.get_logger(__name__)
_GATHER_SHARE = 0.5
_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class EpochOutcome:
    """One epoch as it was decided.

    Attributes:
        ended_ms: wall clock.
    """

    ended_ms: int
    report: NodeReport
    state: NetworkState
    plan: Plan


@dataclass(slots=True)
class _LinkSide:
    controller: LinkController
    collector: RecordCollector
    last_record_at: float
    gathered: Gathered = field(default_factory=Gathered)


class EpochLoop:
    """Wires the parts of one node together, once per epoch.

    Args:
        node: its name.
        epoch_s: length of an epoch in seconds.
        clock: of the node.
        links, supervisors: what the node owns, by name.
        agreement, decider, journal, alarms: see there.
        table: gives the facts in force.
        until_safe: epochs without a plan after which all links go dark.
        on_epoch: told of each outcome; must not block.

    Attributes:
        epoch: number of the last epoch; set before `run` to continue after a restart.
        outcomes: of recent epochs, oldest first.
        last_tick: monotonic time of the last turn.
        decider: in force; another one may take its place between epochs.
        missed: epochs skipped because a turn took longer than an epoch.
    """

    def __init__(
        self,
        node: str,
        epoch_s: float,
        clock: Clock,
        *,
        links: Mapping[str, LinkController],
        supervisors: Mapping[str, Supervisor],
        agreement: Agreement,
        decider: Decider,
        journal: Journal,
        alarms: Alarms,
        table: Callable[[], LinkTable],
        until_safe: int,
        on_epoch: Callable[[EpochOutcome], None],
    ) -> None:
        self.epoch = 0
        self.outcomes: deque[EpochOutcome] = deque(maxlen=_HISTORY)
        self.last_tick = clock.monotonic()
        self._node = node
        self._epoch_s = epoch_s
        self._clock = clock
        self._links = {name: _LinkSide(c, RecordCollector(name, c.roles), 0.0) for name, c in sorted(links.items())}
        self._supervisors = supervisors
        self._agreement = agreement
        self.decider = decider
        self._journal = journal
        self._alarms = alarms
        self._table = table
        self._until_safe = until_safe
        self._on_epoch = on_epoch
        self._state: NetworkState | None = None
        self._without_plan = 0
        self._planned: set[str] = set()
        self._failures: dict[str, int] = {}
        self._grid = Grid(epoch_s, 0.0)

    @property
    def missed(self) -> int:
        """Epochs skipped because a turn took too long."""
        return self._grid.missed

    async def run(self) -> None:
        """One turn per epoch, until cancelled."""
        self._grid.deadline = self._clock.monotonic()
        while True:
            self._grid.advance(self._clock.monotonic())
            await self._clock.sleep(self._grid.deadline - self._clock.monotonic())
            self.last_tick = self._clock.monotonic()
            await self.turn()

    async def turn(self) -> None:
        """One epoch. A turn that fails leaves the instruments as they are; too many in a row make the links dark."""
        self.epoch += 1
        try:
            outcome = await self._decide()
        except Exception as error:
            self._without_plan += 1
            log.exception("no plan", epoch=self.epoch, in_a_row=self._without_plan)
            self._alarms.raise_("no-plan", self._node, f"epoch {self.epoch}: {error}")
            if self._without_plan >= self._until_safe:
                await self._all_dark()
            return
        self._without_plan = 0
        self._alarms.clear("no-plan", self._node)
        self.outcomes.append(outcome)
        for plan in outcome.plan.links:
            if plan.link in self._planned:
                self._links[plan.link].controller.carry_out(plan)
        for side in self._links.values():
            side.controller.tick()
        self._on_epoch(outcome)

    async def _decide(self) -> EpochOutcome:
        await self._gather()
        table = self._table()
        report = self._report(table)
        snapshot = await self._agreement.agree(report)
        state = next_state(self._state, snapshot, table)
        plan = self.decider.decide(state, table)
        decision = Decision(
            epoch=self.epoch,
            snapshot_digest=digest([entry.to_plain() for entry in snapshot]),
            state_digest=state.digest(),
            plan=plan,
            policy=self.decider.policy.identity,
        )
        payload = {
            "decision": decision.to_plain(),
            "report": report.to_plain(),
            "shield_history": self.decider.history.to_plain(),
        }
        await self._journal.append("decision", payload, self._set_points(state, plan))
        self._state = state
        return EpochOutcome(self._clock.wall_ms(), report, state, plan)

    async def _gather(self) -> None:
        """Session records of all links; one whose engines are slow has no say in this epoch and delays no other."""
        for side in self._links.values():
            side.gathered = Gathered()
        tasks = {
            asyncio.create_task(side.collector.collect(), name=f"records {name}"): side
            for name, side in self._links.items()
        }
        if not tasks:
            return
        done, late = await asyncio.wait(tasks, timeout=_GATHER_SHARE * self._epoch_s)
        for task in late:
            task.cancel()
            tasks[task].gathered = Gathered(problems=("the engines did not deliver their records in time",))
        if late:
            await asyncio.wait(late)
        for task in done:
            side = tasks[task]
            side.gathered = task.result()
            if side.gathered.records:
                side.last_record_at = self._clock.monotonic()

    def _report(self, table: LinkTable) -> NodeReport:
        return NodeReport(
            node=self._node,
            epoch=self.epoch,
            wall_ms=self._clock.wall_ms(),
            devices=tuple(self._device_report(name, s) for name, s in sorted(self._supervisors.items())),
            links=tuple(self._link_report(name, side, table) for name, side in self._links.items()),
        )

    def _device_report(self, name: str, supervisor: Supervisor) -> DeviceReport:
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

    def _link_report(self, name: str, side: _LinkSide, table: LinkTable) -> LinkReport:
        controller = side.controller
        if side.gathered.problems:
            text = "; ".join(side.gathered.problems)
            self._alarms.raise_("records-rejected", name, text, Severity.WARNING)
        else:
            self._alarms.clear("records-rejected", name)
        dark = controller.mode not in ("running", "hold")
        attenuation = controller.roles.attenuator.value("attenuation_db")
        realigns, controller.realigns = controller.realigns, 0
        readings = LinkReadings(
            mode=controller.mode,
            protocol=controller.operation.protocol,
            mean_photon_number_e6=0 if dark else controller.operation.mean_photon_number_e6,
            measured_mean_photon_number_e6=controller.measured_e6(),
            attenuation_db=None if attenuation is None else float(attenuation),
            age_ms=max(0, round(1000 * (self._clock.monotonic() - side.last_record_at))),
            realigns=realigns,
            trusted=not side.gathered.problems and not controller.busy,
        )
        return link_report(table.of(name), side.gathered.records, readings)

    def _set_points(self, state: NetworkState, plan: Plan) -> SetPoints:
        """What the plan commits.

        A link that did not run when the plan was made takes no part in it, even if it has come up meanwhile; one whose
        instruments cannot do it keeps what it has, and says why.
        """
        set_points: SetPoints = {}
        self._planned = {link.link for link in state.links if link.mode == "running"}
        for link in plan.links:
            if link.link not in self._planned:
                continue
            try:
                set_points |= self._links[link.link].controller.set_points_for(link)
            except (DeviceError, ValueError) as error:
                self._planned.discard(link.link)
                self._alarms.raise_("plan-not-possible", link.link, str(error))
            else:
                self._alarms.clear("plan-not-possible", link.link)
        return set_points

    async def _all_dark(self) -> None:
        for name, side in self._links.items():
            try:
                await side.controller.suspend("no plan for too long")
            except DeviceError as error:
                log.error("link not shown dark", link=name, error=str(error))  # noqa: TRY400 - the cause is in it
