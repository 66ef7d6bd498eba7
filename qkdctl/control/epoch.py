"""The epoch loop: report, agree, decide, commit, actuate."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from qkdctl.abft.quorum import Electorate
from qkdctl.abft.snapshot import next_state
from qkdctl.actuation.set_points import SetPoints
from qkdctl.clock import Clock
from qkdctl.control.agreement import Agreement
from qkdctl.control.alarms import Alarms
from qkdctl.control.decider import Decider
from qkdctl.control.journal import Journal
from qkdctl.control.link import LinkController
from qkdctl.control.reporting import Reporter
from qkdctl.devices.schedule import Grid
from qkdctl.records.decision import Decision
from qkdctl.records.encoding import digest
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Plan
from qkdctl.records.report import NodeReport

log = structlog.get_logger(__name__)
_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class EpochOutcome:
    """One epoch as it was decided.

    Attributes:
        ended_ms: wall clock.  ended_at: monotonic, in seconds.
    """

    ended_ms: int
    ended_at: float
    report: NodeReport
    state: NetworkState
    plan: Plan


class EpochLoop:
    """Wires the parts of one node together, once per epoch.

    Args:
        node: its name.
        epoch_s: length of an epoch in seconds; a turn that has decided nothing by then has no plan.
        clock: of the node.
        links: what the node owns, by name.
        reporter, agreement, decider, journal, alarms: see there.
        table: gives the facts in force.
        until_safe: epochs without a plan after which all links go dark.
        on_epoch: told of each outcome; must not block.

    Attributes:
        epoch: number of the last epoch; set before `run` to continue after a restart.
        outcomes: of recent epochs, oldest first.
        last_tick: monotonic time of the last turn.
        missed: epochs skipped because a turn took longer than an epoch.
    """

    def __init__(
        self,
        node: str,
        epoch_s: float,
        clock: Clock,
        *,
        links: Mapping[str, LinkController],
        reporter: Reporter,
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
        self._decider = decider
        self._node = node
        self._epoch_s = epoch_s
        self._clock = clock
        self._links = dict(sorted(links.items()))
        self._reporter = reporter
        self._agreement = agreement
        self._journal = journal
        self._alarms = alarms
        self._table = table
        self._until_safe = until_safe
        self._on_epoch = on_epoch
        self._electorate = Electorate.equal((node,), 0)
        self._state: NetworkState | None = None
        self._without_plan = 0
        self._why_no_plan = ""
        self._planned: set[str] = set()
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
        """One epoch. A turn that fails leaves the instruments as they are; too many in a row make the links dark.

        It never raises, or the links would be left to themselves.
        """
        self.epoch += 1
        try:
            async with asyncio.timeout(self._epoch_s):
                outcome = await self._decide()
        except Exception as error:
            why = str(error) or f"not decided within {self._epoch_s:g} s"
            if why != self._why_no_plan:
                log.exception("no plan", epoch=self.epoch)
            self._why_no_plan = why
            await self._do_without_plan(why)
            return
        if self._without_plan:
            log.info("a plan again", epoch=self.epoch, without=self._without_plan)
        self._without_plan, self._why_no_plan = 0, ""
        self._alarms.clear("no-plan", self._node)
        self.outcomes.append(outcome)
        plans = {plan.link: plan for plan in outcome.plan.links if plan.link in self._planned}
        for name, link in self._links.items():
            try:
                if name in plans:
                    link.carry_out(plans[name])
                link.tick()
            except Exception:
                log.exception("plan not carried out", link=name)
                self._alarms.raise_("defect", name, "a defect in the control of this link; the log has the details")
        self._on_epoch(outcome)

    async def _decide(self) -> EpochOutcome:
        table = self._table()
        report = await self._reporter.report(self.epoch, table, self._decider.policy.identity)
        snapshot = await self._agreement.agree(report)
        state = next_state(self._state, snapshot, table, self._electorate)
        self._note_disputes(state)
        plan = self._decider.decide(state, table)
        decision = Decision(
            epoch=self.epoch,
            snapshot_digest=digest([entry.to_plain() for entry in snapshot]),
            state_digest=state.digest(),
            plan=plan,
            policy=self._decider.policy.identity,
        )
        payload = {
            "decision": decision.to_plain(),
            "report": report.to_plain(),
            "shield_history": self._decider.history.to_plain(),
        }
        await self._journal.append("decision", payload, self._set_points(state, plan))
        self._state = state
        return EpochOutcome(self._clock.wall_ms(), self._clock.monotonic(), report, state, plan)

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

    async def _do_without_plan(self, why: str) -> None:
        self._without_plan += 1
        self._alarms.raise_("no-plan", self._node, f"epoch {self.epoch}: {why}")
        if self._without_plan < self._until_safe:
            return
        suspended = (link.suspend("no plan for too long") for link in self._links.values())
        for name, error in zip(self._links, await asyncio.gather(*suspended, return_exceptions=True), strict=True):
            if isinstance(error, Exception):
                log.error("link not shown dark", link=name, error=str(error))
