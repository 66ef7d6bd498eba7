"""One node: its instruments, links and control loop, built from a configuration and run together."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version

import structlog

from qkdctl.abft.effects import Halt
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.recovery import recover
from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.control.alarms import Alarm, Alarms, Severity
from qkdctl.control.epoch import EpochLoop, EpochOutcome
from qkdctl.control.reporting import Reporter
from qkdctl.control.table import link_table
from qkdctl.devices.supervisor import Supervisor
from qkdctl.node.agreeing import Agreeing
from qkdctl.node.agreement_figures import AgreementFigures
from qkdctl.node.controllers import build_links, build_relaying
from qkdctl.node.decision_alarms import DecisionAlarms
from qkdctl.node.devices import build_supervisors
from qkdctl.node.events import Broadcast
from qkdctl.node.first_attempts import await_first_attempts
from qkdctl.node.health import complaints
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.network_side import NetworkSide, alone
from qkdctl.node.node_views import device_now, link_now, node_now
from qkdctl.node.parts import Parts
from qkdctl.node.policy import load_policy, shield_settings
from qkdctl.node.policy_side import PolicySide
from qkdctl.node.resuming import restore_orders, restore_settings
from qkdctl.node.security import Security
from qkdctl.node.store_alarms import watch_store
from qkdctl.node.views import alarm_view
from qkdctl.node.wish import Wish
from qkdctl.policy.proposal import Policy
from qkdctl.records.act import ActReport
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
_GATHER_SHARE = 0.5
_SETTLE_S = 2.0
_DECIDING = ("agreement", "epochs")


class Node:
    """Everything one daemon owns, apart from its servers.

    Args:
        config: valid configuration.
        store: open state.
        journal: over the store's ledger.
        clock: of the machine, or virtual.
        side: its network; None for a node alone.

    Attributes:
        policies: at hand, by identity.
        wish: what the configuration names of them.
        parts: what runs from start to stop.
        halted: why it must stop for good; None while it need not.
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
        watch_store(config.node.name, store, journal, self.alarms)
        self.supervisors = build_supervisors(config, clock, journal, self._device_changed)
        self.links = build_links(config, self.supervisors, journal, self.alarms, clock)
        configured, problem = load_policy(config)
        self.wish = Wish("" if problem else configured.identity, store.memories)
        if problem:
            self.alarms.raise_("policy-rejected", "policy", problem)
        self.policy_side = PolicySide(config, configured, journal, self.alarms, clock, lambda: self._act_report().filed)
        self.policies: Mapping[str, Policy] = self.policy_side.at_hand
        self.figures = AgreementFigures()
        self.halted: Halt | None = None
        self.is_broken = False
        self.on_halt: Callable[[], None] = lambda: None
        self.side = side or alone(
            config.node.name,
            configured.identity,
            lambda: link_table(self.config, self.links),
            lambda: shield_settings(self.config),
        )
        self.security = Security(config.node.name, config.network, config.description, self.alarms)
        self.relaying = build_relaying(
            config,
            self.supervisors,
            self.alarms,
            clock,
            interval_ms=self.side.terms().table.epoch_ms,
            patience_s=_GATHER_SHARE * config.node.epoch_s,
        )
        self._decision_alarms = DecisionAlarms(
            config.node.name, self.policies, self.alarms, serves_routes=self.relaying is not None
        )
        self.application = NodeApplication(self.side.terms, self.policies.get, None)
        self.epochs = self._epoch_loop()
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
        self.parts = Parts(self._part_has_crashed)
        self._not_shown_dark: list[str] = []

    async def start(self) -> None:
        """Restore what was known, connect the devices, begin the epochs.

        Raises:
            StartError: a device with on_start = "error" did not come up in time. What is running is for `stop` to end.
        """
        await self._restore()
        await self.journal.append("start", {"node": self.config.node.name, "version": self.version})
        for supervisor in self.supervisors.values():
            self.parts.begin(supervisor.run(), f"device {supervisor.device.name}")
        await await_first_attempts(self.supervisors.values(), self.config.node.drivers_start_timeout_s)
        for link in self.links.values():
            link.begin()
        if self.relaying is not None:
            self.parts.begin(self.relaying.run(), "relaying")
        await self._activate_alone()
        self._decision_alarms.judge_presence(self.application.book.policy)
        self.parts.begin(self.agreeing.run(), "agreement")
        self.parts.begin(self.epochs.run(self.agreeing.tick), "epochs")
        self.is_ready = True
        self.broadcast.changed("node", "", partial(node_now, self))

    async def stop(self) -> list[str]:
        """Make every source dark, then let go of the instruments; a second call changes nothing.

        Returns:
            What could not be shown dark; empty when all is well.
        """
        if self.is_stopping:
            return self._not_shown_dark
        self.is_stopping = True
        self.broadcast.changed("node", "", partial(node_now, self))
        self.parts.cancel((*_DECIDING, "relaying"))
        freed = [] if self.relaying is None else [asyncio.create_task(self.relaying.stop(), name="routes")]
        outcomes = await asyncio.gather(*(link.shut_down() for link in self.links.values()), return_exceptions=True)
        await asyncio.gather(*freed, return_exceptions=True)
        self._not_shown_dark = [str(outcome) or repr(outcome) for outcome in outcomes if outcome is not None]
        for failure in self._not_shown_dark:
            log.critical("source not shown dark", error=failure)
        self.journal.note("stop", {"node": self.config.node.name, "not_shown_dark": list(self._not_shown_dark)})
        await self.parts.end()
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
        self.wish.take(policy.identity)
        self.alarms.clear("policy-rejected", "policy")
        await self._activate_alone()

    def _epoch_loop(self) -> EpochLoop:
        node = self.config.node
        return EpochLoop(
            node.name,
            node.epoch_s,
            self.clock,
            links=self.links,
            reporter=Reporter(
                node.name,
                self.links,
                self.supervisors,
                self.alarms,
                self.clock,
                _GATHER_SHARE * node.epoch_s,
                asyncio.to_thread,
            ),
            application=self.application,
            journal=self.journal,
            alarms=self.alarms,
            policy=lambda: self.application.running,
            table=lambda: self.side.terms().table,
            acts=self._act_report,
            relaying=self.relaying,
            aside=asyncio.to_thread,
            until_safe=node.no_plan_epochs_until_safe,
            on_epoch=self._epoch_ended,
        )

    async def _restore(self) -> None:
        await self.policy_side.open()
        await restore_orders(self.links, self.store)
        recovered = await recover(
            self.store,
            self.side.chain,
            lambda state: NodeApplication(self.side.terms, self.policies.get, state),
        )
        self.application.state = recovered.state
        self.epochs.epoch = recovered.beginning.chain.epoch - 1
        self.policy_side.resume(self.epochs.epoch, self.application.book.policy, recovered.state)
        self.security.take(self.application.book)
        if self.relaying is not None and recovered.state is not None:
            self.relaying.apply(recovered.state)
        await restore_settings(self.links, self.config.links, self.store)
        await self.agreeing.begin(recovered, secrets.token_bytes)

    async def _activate_alone(self) -> None:
        if self.side.connect is None and self.agreeing.desk is not None:
            await self.wish.activate(self.agreeing.desk, self.application.book.policy)

    def _part_has_crashed(self, part: str) -> None:
        """It makes the node unhealthy, see `complaints`; without some parts there are no epochs."""
        text = f"{part} has ended by a defect; the log has the details"
        self.alarms.raise_("defect", self.config.node.name, text, Severity.CRITICAL)
        if part in _DECIDING:
            self.is_broken = True
            self.on_halt()

    def _device_changed(self, supervisor: Supervisor) -> None:
        name = supervisor.device.name
        self.broadcast.changed("devices", name, partial(device_now, self, name))
        if self.relaying is not None and supervisor is self.relaying.router:
            self.relaying.react()
        for link in [link for link in self.links.values() if supervisor in link.roles.all()]:
            try:
                link.react()
            except Exception:  # a defect of the control of one link must not end the supervision of a device
                log.exception("link does not react", link=link.name, device=name)
                self.alarms.raise_("defect", link.name, "a defect in the control of this link; the log has the details")

    def _act_report(self) -> ActReport:
        return self.agreeing.act_report()

    def _halt(self, halt: Halt) -> None:
        """Nodes contradict each other: this one stops for good, which makes its sources dark."""
        log.critical("agreement is broken", code=halt.code, why=halt.text)
        self.halted = halt
        self.journal.note("alarm", {"code": halt.code, "text": halt.text})
        self.on_halt()

    def _epoch_ended(self, outcome: EpochOutcome) -> None:
        replica = self.agreeing.replica
        self.figures.take(outcome, 0 if replica is None or replica.instance is None else replica.instance.decided_round)
        self.policy_side.take_outcome(outcome, self.side.terms())
        self._decision_alarms.take(outcome)
        self.security.take(outcome.agreed.book)
        self.broadcast.changed("node", "", partial(node_now, self))
        self.broadcast.changed("complaints", "", partial(complaints, self))
        for name in self.links:
            self.broadcast.changed("links", name, partial(link_now, self, name))

    def _alarm_changed(self, alarm: Alarm) -> None:
        self.broadcast.changed("alarms", str(alarm.number), lambda: alarm_view(alarm) if alarm.listed else None)

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
