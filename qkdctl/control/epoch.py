"""The epoch loop: report, agree, commit, actuate. It wires, and decides nothing itself."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from qkdctl.abft.effects import Collect
from qkdctl.abft.value import Entry
from qkdctl.actuation.set_points import SetPoints
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.ledger_entries import payload_of, report_texts
from qkdctl.agreement.recovery import STATE_KEY, STATE_ROOM
from qkdctl.agreement.state import AgreedState
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.aside import Aside
from qkdctl.control.fitting import fitting
from qkdctl.control.journal import Journal
from qkdctl.control.link import LinkController
from qkdctl.control.relaying import Relaying, RelayReport
from qkdctl.control.reporting import Reporter
from qkdctl.devices.schedule import Grid
from qkdctl.evidence.accusations import accusations
from qkdctl.records.accusation import Accusation
from qkdctl.records.act import ActReport
from qkdctl.records.decision import Decision
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Plan
from qkdctl.records.report import NodeReport
from qkdctl.store.decisions import beside_decision

log = structlog.get_logger(__name__)
_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class EpochOutcome:
    """One epoch as it was decided.

    Attributes:
        ended_ms: wall clock.
        ended_at: monotonic, in seconds.
        entry: decision and reports as they were agreed on.
        agreed: what all honest nodes know after it.
    """

    ended_ms: int
    ended_at: float
    entry: Entry
    decision: Decision
    agreed: AgreedState

    @property
    def epoch(self) -> int:
        """That was decided."""
        return self.decision.epoch

    @property
    def state(self) -> NetworkState:
        """Links and nodes."""
        return self.agreed.network

    @property
    def plan(self) -> Plan:
        """Settings of all links."""
        return self.decision.plan


class DivergenceError(Exception):
    """The nodes decided what does not follow from the state of this one: it must not go on."""


class EpochLoop:
    """Wires the parts of one node together, once per epoch.

    Args:
        node: its name.
        epoch_s: length of an epoch in seconds.
        clock: of the node.
        links: what the node owns, by name.
        reporter, application, journal, alarms: see there.
        policy: identity of the policy that this node runs.
        table: gives the facts in force.
        acts: what to report about acts.
        relaying: of the key router, None without one.
        aside: runs the tests of what others claim, which take a while, beside the event loop.
        until_safe: epochs without a plan after which all links go dark and nothing is relayed.
        on_epoch: told of each outcome; must not block.

    Attributes:
        epoch_s: length of an epoch in seconds.
        epoch: number of the last decided epoch; set before `run` to continue after a restart.
        outcomes: of recent epochs, oldest first.
        last_tick: monotonic time of the last tick.
    """

    def __init__(
        self,
        node: str,
        epoch_s: float,
        clock: Clock,
        *,
        links: Mapping[str, LinkController],
        reporter: Reporter,
        application: NodeApplication,
        journal: Journal,
        alarms: Alarms,
        policy: Callable[[], str],
        table: Callable[[], LinkTable],
        acts: Callable[[], ActReport],
        relaying: Relaying | None,
        aside: Aside,
        until_safe: int,
        on_epoch: Callable[[EpochOutcome], None],
    ) -> None:
        self.epoch = 0
        self.outcomes: deque[EpochOutcome] = deque(maxlen=_HISTORY)
        self.last_tick = clock.monotonic()
        self._node = node
        self.epoch_s = epoch_s
        self._clock = clock
        self._links = dict(sorted(links.items()))
        self._reporter = reporter
        self._application = application
        self._journal = journal
        self._alarms = alarms
        self._policy = policy
        self._table = table
        self._acts = acts
        self._relaying = relaying
        self._aside = aside
        self._until_safe = until_safe
        self._on_epoch = on_epoch
        self._decided = True
        self._without_plan = 0
        self._why_no_plan = ""
        self._planned: set[str] = set()
        self._grid = Grid(epoch_s, 0.0)

    @property
    def missed(self) -> int:
        """Ticks skipped because the loop was late."""
        return self._grid.missed

    async def run(self, tick: Callable[[], None]) -> None:
        """Give the ticks, and watch that decisions come, until cancelled.

        Args:
            tick: begins the next epoch, unless one is under way.
        """
        self._grid.deadline = self._clock.monotonic()
        while True:
            self._grid.advance(self._clock.monotonic())
            await self._clock.sleep(self._grid.deadline - self._clock.monotonic())
            self.last_tick = self._clock.monotonic()
            await self._judge()
            tick()

    async def collect(self, wish: Collect) -> str:
        """The report of this node for an epoch, as canonical text."""
        try:
            table = self._table()
            report, relayed = await asyncio.gather(
                self._reporter.report(wish.epoch, table, self._policy()), self._relayed()
            )
            found = await self._aside(lambda: self._accusations(wish, table))
        except Exception as error:
            self._why_no_plan = f"no report: {str(error) or repr(error)}"
            raise
        said = {
            "late": wish.late,
            "accusations": found,
            "relays": relayed.views,
            "tallies": relayed.tallies,
            "acts": self._acts(),
        }
        report, left_out = fitting(report.model_copy(update=said))
        if left_out:
            log.warning("session records left out, for one report has no room for them", records=left_out)
        return report.canonical().decode("ascii")

    async def commit(self, entry: Entry) -> None:
        """Append a decision to the ledger with the set-points it commits, then carry it out.

        Raises:
            StoreError: it is not durable; nothing was done.
            DivergenceError: it does not follow from the state of this node.
        """
        try:
            decision, agreed = self._application.after(entry)
        except ValueError as error:
            raise DivergenceError(str(error)) from error
        set_points = self._set_points(agreed.network, decision.plan)
        memories = {STATE_KEY: agreed.canonical().decode("ascii")}
        beside = beside_decision(decision.epoch, report_texts(entry), STATE_ROOM, memories)
        self._why_no_plan = "the ledger has not taken the decision yet"
        try:
            await self._journal.append_decision(payload_of(entry), set_points, beside)
        except Exception as error:
            self._why_no_plan = str(error) or repr(error)
            raise
        self._application.advance(agreed)
        self.epoch = decision.epoch
        outcome = EpochOutcome(self._clock.wall_ms(), self._clock.monotonic(), entry, decision, agreed)
        self.outcomes.append(outcome)
        self._note_plan()
        self._note_disputes(agreed.network)
        self._carry_out(outcome)
        self._on_epoch(outcome)

    async def _relayed(self) -> RelayReport:
        return RelayReport() if self._relaying is None else await self._relaying.report()

    def _accusations(self, wish: Collect, table: LinkTable) -> tuple[Accusation, ...]:
        """What only a faulty node does, as it was seen in the epoch before."""
        found = {
            Accusation(node=node, kind="equivocation", epoch=wish.epoch - 1, subject="") for node in wish.contradicting
        }
        if self.outcomes:
            last = self.outcomes[-1].entry
            reports = [NodeReport.from_json(text) for text in last.reports.values()]
            found |= set(accusations(self._node, reports, table, last.value.digest))
        return tuple(sorted(found, key=lambda entry: entry.order))

    def _note_plan(self) -> None:
        if self._without_plan:
            log.info("a plan again", epoch=self.epoch, without=self._without_plan)
        self._decided = True
        self._without_plan, self._why_no_plan = 0, ""
        self._alarms.clear("no-plan", self._node)

    def _carry_out(self, outcome: EpochOutcome) -> None:
        plans = {plan.link: plan for plan in outcome.plan.links if plan.link in self._planned}
        for name, link in self._links.items():
            try:
                if name in plans:
                    link.carry_out(plans[name])
                link.tick()
            except Exception:
                log.exception("plan not carried out", link=name)
                self._alarms.raise_("defect", name, "a defect in the control of this link; the log has the details")
        if self._relaying is not None:
            self._relaying.apply(outcome.agreed)

    def _note_disputes(self, state: NetworkState) -> None:
        """An operator hears of links whose ends contradict each other."""
        left = {dispute.link: dispute.agreed_epochs_left for dispute in state.disputes}
        for name in self._links:
            if name in left:
                text = f"its ends reported different records of one session; {left[name]} epochs of agreement end this"
                self._alarms.raise_("ends-disagree", name, text)
            else:
                self._alarms.clear("ends-disagree", name)

    def _set_points(self, state: NetworkState, plan: Plan) -> SetPoints:
        """What the plan commits.

        A link that did not run when the plan was made takes no part in it, even if it has come up meanwhile, except
        that Bob's end keeps to what Alice's does; one whose instruments cannot do it keeps what it has, and says why.
        """
        set_points: SetPoints = {}
        modes = {link.link: link.mode for link in state.links}
        self._planned = {name for name, link in self._links.items() if link.takes_part(modes[name])}
        for link in plan.links:
            if link.link not in self._planned:
                continue
            try:
                set_points |= self._links[link.link].set_points_for(link)
            except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
                self._planned.discard(link.link)
                self._alarms.raise_("plan-not-possible", link.link, str(error) or repr(error))
            else:
                self._alarms.clear("plan-not-possible", link.link)
        return set_points

    async def _judge(self) -> None:
        """Whether anything was decided since the last tick; too long without makes the links dark.

        Instruments stay as they are until then.
        """
        decided, self._decided = self._decided, False
        if decided:
            return
        self._without_plan += 1
        why = self._why_no_plan or f"not decided within {self.epoch_s:g} s"
        self._alarms.raise_("no-plan", self._node, f"epoch {self.epoch + 1}: {why}")
        if self._without_plan < self._until_safe:
            return
        if self._relaying is not None:
            self._relaying.suspend()
        suspended = (link.suspend("no plan for too long") for link in self._links.values())
        for name, error in zip(self._links, await asyncio.gather(*suspended, return_exceptions=True), strict=True):
            if isinstance(error, Exception):
                log.error("link not shown dark", link=name, error=str(error))
