"""What one node has to say at the end of an epoch: records from its engines, readings from its instruments."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.aside import Aside
from qkdctl.control.gather import Gathered, RecordCollector
from qkdctl.control.link import LinkController
from qkdctl.devices.supervisor import Supervisor
from qkdctl.evidence.accusations import OWN
from qkdctl.evidence.claims import sifted
from qkdctl.evidence.decoy_claims import contradiction
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.key_account import KeyAccount
from qkdctl.records.report import SESSIONS_MAX, DeviceReport, EndReport, NodeReport
from qkdctl.records.session import End, SessionRecord

_STRANGE_EPOCHS = 3


@dataclass(slots=True)
class _Side:
    """One end of a link at this node."""

    link: str
    end: End
    controller: LinkController
    collector: RecordCollector
    last_record_at: float
    strange_epochs: int = 0
    gathered: Gathered = field(default_factory=Gathered)
    sound: tuple[SessionRecord, ...] = ()
    wrong: tuple[str, ...] = ()
    account: KeyAccount | None = None


class Reporter:
    """Makes the report of each epoch. What is wrong with one end costs that end its records, and nobody else anything.

    Args:
        node: its name.
        links, supervisors: what the node owns, by name.
        alarms, clock: of the node.
        patience_s: how long the engines have to deliver the records of an epoch.
        aside: runs the tests of what the engines claim: a strange claim takes tens of milliseconds.
    """

    def __init__(
        self,
        node: str,
        links: Mapping[str, LinkController],
        supervisors: Mapping[str, Supervisor],
        alarms: Alarms,
        clock: Clock,
        patience_s: float,
        aside: Aside,
    ) -> None:
        self._node = node
        now = clock.monotonic()
        self._sides = [
            _Side(name, end, controller, RecordCollector(name, engine), now)
            for name, controller in sorted(links.items())
            for end in controller.roles.ends
            if (engine := controller.roles.engine(end)) is not None
        ]
        self._supervisors = supervisors
        self._alarms = alarms
        self._clock = clock
        self._patience_s = patience_s
        self._aside = aside
        self._failures: dict[str, int] = {}

    async def report(self, epoch: int, table: LinkTable, policy: str) -> NodeReport:
        """Gather the records and report.

        Args:
            epoch: that has ended.
            table: the facts in force.
            policy: identity of the active policy.
        """
        await self._gather()
        for side in self._sides:
            await self._sift(side, table.of(side.link))
        problems: dict[str, list[str]] = {side.link: [] for side in self._sides}
        ends = tuple(self._end(side, problems[side.link]) for side in self._sides)
        for link, found in problems.items():
            if found:
                self._alarms.raise_("records-rejected", link, "; ".join(dict.fromkeys(found)))
            else:
                self._alarms.clear("records-rejected", link)
        return NodeReport(
            node=self._node,
            epoch=epoch,
            wall_ms=self._clock.wall_ms(),
            policy=policy,
            devices=tuple(self._device(name, s) for name, s in sorted(self._supervisors.items())),
            ends=ends,
            late=(),
            accusations=(),
        )

    async def _gather(self) -> None:
        """Session records of all ends; one whose engine is slow has no say in this epoch and delays no other."""
        tasks = {
            asyncio.create_task(side.collector.collect(), name=f"records {side.link} {side.end}"): side
            for side in self._sides
        }
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._patience_s)
        finally:
            for task in tasks:
                task.cancel()
        for task, side in tasks.items():
            side.gathered = Gathered(problems=("the engine did not deliver its records in time",))
            if task.done() and not task.cancelled():
                side.gathered = task.result()
            if side.gathered.records:
                side.last_record_at = self._clock.monotonic()

    async def _sift(self, side: _Side, facts: LinkFacts) -> None:
        """Part the records of one end into those that it may vouch for and complaints."""
        side.sound, side.wrong, side.account = sifted(facts, side.gathered.records, side.account)
        sound = side.sound
        if unexplained := await self._aside(lambda: contradiction(facts, sound, OWN)):
            # to report it would be to vouch for it
            side.sound, side.wrong = (), (*side.wrong, unexplained)

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

    def _end(self, side: _Side, problems: list[str]) -> EndReport:
        """The report of one end; what is wrong with it is added to the problems of its link."""
        controller = side.controller
        alice = controller.roles.alice if side.end == "alice" else None
        found = [*side.gathered.problems, *side.wrong, *self._strange(side)]
        problems += found
        attenuation_db = None if alice is None else alice.attenuator.value("attenuation_db")
        realigns = 0
        if side.end == "bob":  # who searched; the ends may finish on either side of an epoch's end
            realigns, controller.operations.realigns = controller.operations.realigns, 0
        return EndReport(
            link=side.link,
            end=side.end,
            mode=controller.mode,
            protocol=controller.operations.operation.protocol,
            mean_photon_number_e6=controller.commanded_e6 if alice else controller.watch.told_e6,
            measured_mean_photon_number_e6=controller.watch.measured_e6 or 0 if alice else 0,
            attenuation_mdb=max(0, round(1000 * float(attenuation_db or 0.0))),
            age_ms=max(0, round(1000 * (self._clock.monotonic() - side.last_record_at))),
            trusted=int(not found and not controller.busy),
            realigns=realigns,
            sessions=side.sound[-SESSIONS_MAX:],
        )

    def _strange(self, side: _Side) -> list[str]:
        """Engines that keep assuming another intensity than they were told; just after a change some records do."""
        told_e6 = side.controller.watch.told_e6
        assumed_e6 = [record.mean_photon_numbers_e6[0] for record in side.gathered.records]
        strange = bool(assumed_e6) and not side.controller.busy and told_e6 not in (0, assumed_e6[-1])
        side.strange_epochs = side.strange_epochs + 1 if strange else 0
        if side.strange_epochs < _STRANGE_EPOCHS:
            return []
        return [f"the engines assume {assumed_e6[-1]}e-6 photons per pulse; they were told {told_e6}e-6"]
