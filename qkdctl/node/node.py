"""One node: its instruments, links and control loop, built from a configuration and run together."""

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog

from qkdctl.abft.acts import ActError
from qkdctl.abft.effects import Halt
from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.set_points import Operation
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.ledger_entries import NotADecisionError, place_of
from qkdctl.agreement.recovery import recover
from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.control.alarms import Alarm, Alarms, Severity
from qkdctl.control.epoch import EpochLoop, EpochOutcome
from qkdctl.control.link import LinkController
from qkdctl.control.link_settings import Manual
from qkdctl.control.relaying import Relaying
from qkdctl.control.reporting import Reporter
from qkdctl.control.table import link_settings, link_table
from qkdctl.devices.supervisor import StartPolicy, Supervisor
from qkdctl.library.following import Situation
from qkdctl.library.shadow import Scene
from qkdctl.node.agreeing import Agreeing
from qkdctl.node.agreement_figures import AgreementFigures
from qkdctl.node.agreement_views import summary_view
from qkdctl.node.devices import build_supervisors, link_roles
from qkdctl.node.events import Broadcast
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.network_side import NetworkSide, alone
from qkdctl.node.policy import load_policy, shield_settings
from qkdctl.node.policy_side import PolicySide
from qkdctl.node.security import Security
from qkdctl.node.views import alarm_view, device_view, link_view
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.proposal import Policy
from qkdctl.policy.watch import CAUSES, PolicyWatch
from qkdctl.records.act import ActivatePolicy, ActReport
from qkdctl.records.decision import Decision
from qkdctl.records.facts import LinkTable
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
_HUNG_S = 30.0
_OTHERS_START_S = 3.0
_DECISIONS_SEARCHED = 200
_GATHER_SHARE = 0.5
_SETTLE_S = 2.0
_CANCELLATIONS = 2
_CANCELLING_S = 3.0
_STALE_EPOCHS = 3
_VITAL = ("agreement", "epochs")
_POLICY_ROOM = "policy"
_WISH = "configured"
_ORDERED = {"running": Manual.AUTO, "hold": Manual.HOLD, "manual-safe": Manual.SAFE}


class StartError(Exception):
    """A device that must answer at start does not."""


class Node:
    """Everything one daemon owns, apart from its servers.

    Args:
        config: valid configuration.
        store: open state.
        journal: over the store's ledger.
        clock: of the machine, or virtual.
        side: its network; None for a node alone.

    Attributes:
        halted: why it must stop for good; None while it need not.
        policies: at hand, by identity.
        wish: identity of the policy that the configuration names; "" when that could not be loaded.
        wish_is_filed: whether this process has asked for it, as only a node alone does.
        is_broken: a part without which there are no epochs has ended by a defect, so it must stop and start anew.
        on_halt: called when it must.
    """

    def __init__(
        self, config: Config, store: Store, journal: LedgerJournal, clock: Clock, side: NetworkSide | None = None
    ) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.journal = journal
        self.broadcast = Broadcast()
        self.alarms = Alarms(clock, self._alarm_changed)
        journal.on_trouble = self._ledger_in_trouble
        for number, complaint in enumerate(store.complaints):
            # Over, because what could be saved was; critical, so that it stays until somebody has seen it.
            self.alarms.raise_("state-damaged", f"state {number}", complaint, Severity.CRITICAL)
            self.alarms.clear("state-damaged", f"state {number}")
        self._links_of: dict[str, list[LinkController]] = {}
        self.relaying: Relaying | None = None
        self.supervisors = build_supervisors(config, clock, journal, self._device_changed)
        self.links = {
            name: LinkController(
                name,
                link_settings(section),
                roles,
                journal,
                self.alarms,
                clock,
                may_write=not config.node.observe_only,
            )
            for name, section in config.links.items()
            if (roles := link_roles(section, config.node.name, self.supervisors)) is not None
        }
        self._links_of = {
            name: [link for link in self.links.values() if supervisor in link.roles.all()]
            for name, supervisor in self.supervisors.items()
        }
        configured, problem = load_policy(config)
        self.wish = "" if problem else configured.identity
        self.wish_is_filed = False
        if problem:
            self.alarms.raise_("policy-rejected", "policy", problem)
        self.policy_side = PolicySide(config, configured, journal, self.alarms, clock)
        self.policies: Mapping[str, Policy] = self.policy_side.at_hand
        self._shield_before = ShieldHistory()
        self.fallbacks = 0
        self.figures = AgreementFigures()
        self.halted: Halt | None = None
        self.is_broken = False
        self.on_halt: Callable[[], None] = lambda: None
        self.side = side or alone(
            config.node.name, configured.identity, self._table, lambda: shield_settings(self.config)
        )
        self.security = Security(config.node.name, config.network, config.description, self.alarms)
        self.relaying = self._key_relaying()
        self.application = NodeApplication(self.side.terms, self.policies.get, None)
        self.epochs = EpochLoop(
            config.node.name,
            config.node.epoch_s,
            clock,
            links=self.links,
            reporter=Reporter(
                config.node.name,
                self.links,
                self.supervisors,
                self.alarms,
                clock,
                _GATHER_SHARE * config.node.epoch_s,
                asyncio.to_thread,
            ),
            application=self.application,
            journal=journal,
            alarms=self.alarms,
            policy=lambda: self.application.running,
            table=lambda: self.side.terms().table,
            acts=self._act_report,
            relaying=self.relaying,
            aside=asyncio.to_thread,
            until_safe=config.node.no_plan_epochs_until_safe,
            on_epoch=self._epoch_ended,
        )
        self.agreeing = Agreeing(
            config.node.name,
            self.side,
            store,
            self.alarms,
            clock,
            self.epochs,
            self.application,
            self._halt,
        )
        self.started_at = clock.monotonic()
        self.version = version("qkdctl")
        self.is_ready = False
        self.is_stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._not_shown_dark: list[str] = []
        self._continued: set[str] = set()

    async def start(self) -> None:
        """Restore what was known, connect the devices, begin the epochs.

        Raises:
            StartError: a device with on_start = "error" did not come up in time. What is running is for `stop` to end.
        """
        await self._restore()
        await self.journal.append("start", {"node": self.config.node.name, "version": self.version})
        for supervisor in self.supervisors.values():
            self._spawn(supervisor.run(), f"device {supervisor.device.name}")
        await self._await_first_attempts()
        for link in self.links.values():
            link.begin()
        if self.relaying is not None:
            self._spawn(self.relaying.run(), "relaying")
        await self._activate_alone()
        self._compare_policies()
        self._spawn(self.agreeing.run(), "agreement")
        self._spawn(self.epochs.run(self.agreeing.tick), "epochs")
        self.is_ready = True
        self.broadcast.changed("node", "", self._node_part)

    async def stop(self) -> list[str]:
        """Make every source dark, then let go of the instruments; a second call changes nothing.

        Returns:
            What could not be shown dark; empty when all is well.
        """
        if self.is_stopping:
            return self._not_shown_dark
        self.is_stopping = True
        self.broadcast.changed("node", "", self._node_part)
        for task in self._tasks:
            if task.get_name() in ("epochs", "agreement", "relaying"):
                task.cancel()
        freed = [] if self.relaying is None else [asyncio.create_task(self.relaying.stop(), name="routes")]
        outcomes = await asyncio.gather(*(link.shut_down() for link in self.links.values()), return_exceptions=True)
        await asyncio.gather(*freed, return_exceptions=True)
        self._not_shown_dark = [str(outcome) or repr(outcome) for outcome in outcomes if outcome is not None]
        for failure in self._not_shown_dark:
            log.critical("source not shown dark", error=failure)
        self.journal.note("stop", {"node": self.config.node.name, "not_shown_dark": list(self._not_shown_dark)})
        await self._cancel_all()
        await self.policy_side.stop()
        await self.journal.settle(_SETTLE_S)
        self.broadcast.close()
        return self._not_shown_dark

    async def take_over(self, config: Config, policy: Policy) -> None:
        """Go on with another configuration that differs in policy and shield only.

        The shield is in force from the next epoch on. The policy is at hand; a node alone activates it, a network by
        an act of k operators.

        Args:
            config: the new one.
            policy: what it names.

        Raises:
            StoreError: the act could not be stored.
        """
        self.config = config
        self.policy_side.take(policy)
        self.wish, self.wish_is_filed = policy.identity, False
        self.alarms.clear("policy-rejected", "policy")
        await self._activate_alone()

    def complaints(self) -> list[str]:
        """What keeps the node from being healthy."""
        now = self.clock.monotonic()
        found = [f"supervisor of {s.device.name} has not moved for {now - s.last_tick:.0f} s" for s in self._hung(now)]
        if self.is_ready and now - self.epochs.last_tick > 3 * self.config.node.epoch_s + 5:
            found.append(f"no epoch for {now - self.epochs.last_tick:.0f} s")
        found += [f"{task.get_name()} has ended: {_why(task)}" for task in self._tasks if _crashed(task)]
        return found

    def _hung(self, now: float) -> list[Supervisor]:
        running = {task.get_name() for task in self._tasks if not task.done()}
        return [
            s
            for s in self.supervisors.values()
            if f"device {s.device.name}" in running
            and now - s.last_tick > _HUNG_S + s.settings.poll_s + s.device.timeout_s * (1 + len(s.readings))
        ]

    async def _restore(self) -> None:
        await self.policy_side.open()
        orders = await self.store.link_modes.all()
        for name, link in self.links.items():
            stored = await self.store.calibrations.latest(name)
            if stored is not None:
                self._take_calibration(link, stored.document)
            if name in orders:
                link.orders.manual = _ORDERED[orders[name].mode]
        recovered = await recover(
            self.store,
            self.side.chain,
            lambda state: NodeApplication(self.side.terms, self.policies.get, state),
        )
        self.application.state = recovered.state
        self.policy_side.decided(self._situation())
        self._shield_before = ShieldHistory() if recovered.state is None else recovered.state.shield
        self.security.take(self.application.book)
        if self.relaying is not None and recovered.state is not None:
            self.relaying.apply(recovered.state)
        self.epochs.epoch = recovered.beginning.chain.epoch - 1
        await self._continue()
        await self.agreeing.begin(recovered, secrets.token_bytes)

    async def _continue(self) -> None:
        """Let links go on with the settings of the last decisions."""
        for entry in reversed(await self.store.decisions.tail(_DECISIONS_SEARCHED)):
            try:
                _, value = place_of(entry.payload)
                decision = Decision.model_validate(dict(value.outcome.payload), strict=False)
            except (NotADecisionError, ValueError) as error:
                log.warning("an earlier decision is not understood", entry=entry.sequence, error=str(error))
                return
            if self._continue_after(decision):
                return

    def _take_calibration(self, link: LinkController, document: Mapping[str, object]) -> None:
        """A record of another version says nothing that can be relied on."""
        try:
            link.operations.calibration = CalibrationRecord.model_validate_json(json.dumps(dict(document)))
        except ValueError as error:
            log.warning("calibration record not understood; calibrate anew", link=link.name, error=str(error))

    def _continue_after(self, decision: Decision) -> bool:
        """Let links that have no commanded settings yet go on with those of a decision; True when all have some.

        A link that was dark in the last decision goes on with what it ran before.
        """
        for plan in decision.plan.links:
            link = self.links.get(plan.link)
            if link is None or plan.link in self._continued:
                continue
            allowed = plan.protocol in self.config.links[plan.link].protocols
            if allowed and 0 < plan.mean_photon_number_e6 <= link.settings.cap_e6:
                connections = link.settings.initial.switch_connections
                link.operations.operation = Operation(plan.mean_photon_number_e6, plan.protocol, connections)
                self._continued.add(plan.link)
        return len(self._continued) == len(self.links)

    async def _await_first_attempts(self) -> None:
        """Wait for devices the daemon cannot start without, and a moment for the others, so that links run on."""
        required = [s for s in self.supervisors.values() if s.settings.on_start is StartPolicy.ERROR]
        await _attempts(required, self.config.node.drivers_start_timeout_s)
        await _attempts(list(self.supervisors.values()), _OTHERS_START_S)
        if missing := [s for s in required if not s.usable]:
            reasons = "; ".join(f"{s.device.name}: {s.last_error or 'no answer'}" for s in missing)
            raise StartError(f'devices with on_start = "error" did not come up: {reasons}')

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._task_ended)
        self._tasks.append(task)

    def _task_ended(self, task: "asyncio.Task[None]") -> None:
        """A part of the node that has crashed makes it unhealthy, see `complaints`, and must not do so in silence."""
        if _crashed(task):
            log.critical("a part of the node has ended by a defect", part=task.get_name(), exc_info=task.exception())
            text = f"{task.get_name()} has ended by a defect; the log has the details"
            self.alarms.raise_("defect", self.config.node.name, text, Severity.CRITICAL)
            if task.get_name() in _VITAL:
                self.is_broken = True
                self.on_halt()

    async def _cancel_all(self) -> None:
        """End everything, twice if need be: a driver may swallow a cancellation, but not hold up the end for ever."""
        left = set(self._tasks)
        for _ in range(_CANCELLATIONS):
            for task in left:
                task.cancel()
            if left:
                _, left = await asyncio.wait(left, timeout=_CANCELLING_S)
        for task in left:
            log.error("task does not end", task=task.get_name())
        self._tasks.clear()

    def _device_changed(self, supervisor: Supervisor) -> None:
        name = supervisor.device.name
        self.broadcast.changed("devices", name, lambda: self.device_view(name))
        if self.relaying is not None and supervisor is self.relaying.router:
            self.relaying.react()
        for link in self._links_of.get(name, ()):
            try:
                link.react()
            except Exception:  # a defect of the control of one link must not end the supervision of a device
                log.exception("link does not react", link=link.name, device=name)
                self.alarms.raise_("defect", link.name, "a defect in the control of this link; the log has the details")

    def _key_relaying(self) -> Relaying | None:
        """Of the key router that the configuration names."""
        node, network = self.config.node, self.config.network
        if network is None or network.key_router is None:
            return None
        return Relaying(
            node.name,
            self.supervisors[network.key_router],
            self.alarms,
            self.clock,
            interval_ms=self.side.terms().table.epoch_ms,
            patience_s=_GATHER_SHARE * node.epoch_s,
            may_write=not node.observe_only,
        )

    def _act_report(self) -> ActReport:
        return self.agreeing.act_report()

    def _table(self) -> LinkTable:
        return link_table(self.config, self.links)

    def _halt(self, halt: Halt) -> None:
        """Nodes contradict each other: this one stops for good, which makes its sources dark."""
        log.critical("agreement is broken", code=halt.code, why=halt.text)
        self.halted = halt
        self.journal.note("alarm", {"code": halt.code, "text": halt.text})
        self.on_halt()

    async def _activate_alone(self) -> None:
        """A node alone runs what its configuration has come to name; that is an act too, for auditors to follow.

        Once it has been activated it counts no more than other acts: a start does not take it again after an operator,
        or a failure, has put another policy in its place.
        """
        desk = self.agreeing.desk
        if self.side.connect is not None or desk is None or not self.wish:
            return
        if (await self.store.memories.all(_POLICY_ROOM)).get(_WISH) == self.wish:
            return
        if self.wish != self.application.book.policy:
            try:
                await desk.file(ActivatePolicy(policy=self.wish))
            except ActError as error:
                log.info("policy not activated", policy=self.wish[:12], why=str(error))
                return
            self.wish_is_filed = True
        await self.store.memories.write(_POLICY_ROOM, {_WISH: self.wish})

    def _show_policies(self, outcome: EpochOutcome) -> None:
        """The library follows what was decided, and policies in shadow see what there was to decide on."""
        terms = self.side.terms()
        self.policy_side.decided(self._situation())
        self.policy_side.show(Scene(outcome.state, terms.table, terms.shield, self._shield_before, outcome.plan))
        self._shield_before = outcome.agreed.shield

    def _situation(self) -> Situation:
        state = self.application.state
        watch = PolicyWatch() if state is None else state.watch
        return Situation(self.epochs.epoch, self.application.book.policy, "".join(watch.previous), watch.rolled_back)

    def _watch_policy(self, outcome: EpochOutcome) -> None:
        """An operator hears of a policy that fails, and of one that is in force and not at hand here."""
        self.fallbacks += outcome.decision.failed or outcome.agreed.ejected
        if outcome.agreed.ejected:
            text = "it failed too often and was given up; the rule-based baseline decides"
            self.alarms.raise_("policy-ejected", "policy", text, Severity.CRITICAL)
        else:
            self.alarms.clear("policy-ejected", "policy")
        for fallback in outcome.agreed.watch.last:
            if fallback.epoch == outcome.epoch:
                # Over at once, and critical, so that it stays until somebody has seen it.
                text = f"the network fell back from {fallback.policy[:12]}: {CAUSES[fallback.cause]}"
                self.alarms.raise_("policy-rolled-back", "policy", text, Severity.CRITICAL)
                self.alarms.clear("policy-rolled-back", "policy")
        self._compare_policies()

    def _compare_policies(self) -> None:
        """An operator hears of a policy that is in force and not at hand, also while nothing is decided without it."""
        me, policy = self.config.node.name, self.application.book.policy
        if policy in self.policies:
            self.alarms.clear("policy-skew", me)
            return
        text = f"policy {policy} is in force, and this node has not got it: 'qkdctl policy stage FILE'"
        self.alarms.raise_("policy-skew", me, text)

    def _watch_routes(self, outcome: EpochOutcome) -> None:
        """An operator hears of routes that nothing at this node can serve."""
        me = self.config.node.name
        if self.relaying is None and any(me in path.nodes for plan in outcome.decision.routes for path in plan.paths):
            text = "routes end here or lead through this node; name the router that serves them in [network] key_router"
            self.alarms.raise_("no-key-router", me, text)
        else:
            self.alarms.clear("no-key-router", me)

    def _epoch_ended(self, outcome: EpochOutcome) -> None:
        replica = self.agreeing.replica
        self.figures.take(outcome, 0 if replica is None or replica.instance is None else replica.instance.decided_round)
        self._show_policies(outcome)
        self._watch_policy(outcome)
        self._watch_routes(outcome)
        self.security.take(outcome.agreed.book)
        self.broadcast.changed("node", "", self._node_part)
        self.broadcast.changed("complaints", "", self.complaints)
        for name in self.links:
            self.broadcast.changed("links", name, partial(self.link_view, name))

    def _alarm_changed(self, alarm: Alarm) -> None:
        self.broadcast.changed("alarms", str(alarm.number), lambda: alarm_view(alarm) if alarm.listed else None)

    def _ledger_in_trouble(self, why: str) -> None:
        if why:
            self.alarms.raise_("ledger-failing", self.config.node.name, why, Severity.CRITICAL)
        else:
            self.alarms.clear("ledger-failing", self.config.node.name)

    def _node_part(self) -> dict[str, object]:
        return {
            "state": self.state,
            "epoch": self.epochs.epoch,
            "uptime_s": self.uptime_s,
            "agreement": summary_view(self),
        }

    @property
    def state(self) -> str:
        """Starting, running, observe-only or stopping."""
        if self.is_stopping:
            return "stopping"
        if not self.is_ready:
            return "starting"
        return "observe-only" if self.config.node.observe_only else "running"

    @property
    def uptime_s(self) -> float:
        """Seconds since the node was built."""
        return round(self.clock.monotonic() - self.started_at, 3)

    def device_view(self, name: str) -> dict[str, object]:
        """One device as a document."""
        return device_view(self.supervisors[name], self.config.devices[name].driver, self.clock.monotonic())

    def link_view(self, name: str) -> dict[str, object]:
        """One link as a document."""
        row = plan = age_s = None
        if self.epochs.outcomes:
            outcome = self.epochs.outcomes[-1]
            since_s = self.clock.monotonic() - outcome.ended_at
            plan = next((entry for entry in outcome.plan.links if entry.link == name), None)
            row = next((entry for entry in outcome.state.rows if entry.link == name), None)
            age_s = round(row.age_ms / 1000 + since_s, 3) if row is not None else None
            if since_s > _STALE_EPOCHS * self.config.node.epoch_s:
                row = plan = None
        return link_view(self.links[name], row, plan, age_s)


async def _attempts(supervisors: list[Supervisor], timeout_s: float) -> None:
    """Wait until each has tried once, at most so long."""
    waits = [asyncio.create_task(supervisor.first_attempt.wait()) for supervisor in supervisors]
    if waits:
        _, late = await asyncio.wait(waits, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _crashed(task: "asyncio.Task[None]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


def _why(task: "asyncio.Task[None]") -> str:
    return repr(task.exception())
