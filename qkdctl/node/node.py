"""One node: its instruments, links and control loop, built from a configuration and run together."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.set_points import Operation
from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.control.agreement import Alone
from qkdctl.control.alarms import Alarm, Alarms
from qkdctl.control.decider import Decider
from qkdctl.control.epoch import EpochLoop, EpochOutcome
from qkdctl.control.link import LinkController, Manual
from qkdctl.control.table import link_settings, link_table
from qkdctl.devices.supervisor import StartPolicy, Supervisor
from qkdctl.node.devices import build_supervisors, link_roles
from qkdctl.node.events import Broadcast
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.policy import load_policy, shield_settings
from qkdctl.node.views import alarm_view, device_view, link_view
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.records.decision import Decision
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
_HUNG_S = 30.0
_OTHERS_START_S = 3.0
_DECISIONS_SEARCHED = 200
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
    """

    def __init__(self, config: Config, store: Store, journal: LedgerJournal, clock: Clock) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.journal = journal
        self.broadcast = Broadcast()
        self.alarms = Alarms(clock, self._alarm_changed)
        self._links_of: dict[str, list[LinkController]] = {}
        self.supervisors = build_supervisors(config, clock, journal, self._device_changed)
        self.links = {
            name: LinkController(
                name,
                link_settings(section),
                link_roles(section, self.supervisors),
                journal,
                self.alarms,
                clock,
                may_write=not config.node.observe_only,
            )
            for name, section in config.links.items()
        }
        self._links_of = {
            name: [link for link in self.links.values() if supervisor in link.roles.all()]
            for name, supervisor in self.supervisors.items()
        }
        self.policy_kind = config.policy.kind
        policy, problem = load_policy(config)
        if problem:
            self.policy_kind = "rule-based"
            self.alarms.raise_("policy-rejected", "policy", problem)
        self.decider = Decider(policy, RuleBased(), shield_settings(config), self.alarms, ShieldHistory())
        self.epochs = EpochLoop(
            config.node.name,
            config.node.epoch_s,
            clock,
            links=self.links,
            supervisors=self.supervisors,
            agreement=Alone(),
            decider=self.decider,
            journal=journal,
            alarms=self.alarms,
            table=lambda: link_table(config, self.links),
            until_safe=config.node.no_plan_epochs_until_safe,
            on_epoch=self._epoch_ended,
        )
        self.started_at = clock.monotonic()
        self.version = version("qkdctl")
        self.is_ready = False
        self.is_stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Restore what was known, connect the devices, begin the epochs.

        Raises:
            StartError: a device with on_start = "error" did not come up in time; nothing was left running.
        """
        await self._restore()
        await self.journal.append("start", {"node": self.config.node.name, "version": self.version})
        for supervisor in self.supervisors.values():
            self._spawn(supervisor.run(), f"device {supervisor.device.name}")
        await self._await_first_attempts()
        for link in self.links.values():
            link.begin()
        self._spawn(self.epochs.run(), "epochs")
        self.is_ready = True
        self.broadcast.changed("node", "", self._node_part)

    async def stop(self) -> list[str]:
        """Make every source dark, then let go of the instruments.

        Returns:
            What could not be shown dark; empty when all is well.
        """
        self.is_stopping = True
        self.broadcast.changed("node", "", self._node_part)
        await self._cancel("epochs")
        outcomes = await asyncio.gather(*(link.shut_down() for link in self.links.values()), return_exceptions=True)
        failures = [str(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
        for failure in failures:
            log.critical("source not shown dark", error=failure)
        await self.journal.append("stop", {"node": self.config.node.name, "not_shown_dark": failures})
        await self._cancel("")
        self.broadcast.close()
        return failures

    def take_over(self, config: Config) -> None:
        """Go on with another configuration that differs in policy and shield only; the next epoch uses it."""
        policy, problem = load_policy(config)
        history = self.decider.history
        self.decider = Decider(policy, RuleBased(), shield_settings(config), self.alarms, history)
        self.epochs.decider = self.decider
        self.config = config
        self.policy_kind = "rule-based" if problem else config.policy.kind
        if problem:
            self.alarms.raise_("policy-rejected", "policy", problem)
        else:
            self.alarms.clear("policy-rejected", "policy")

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
        orders = await self.store.link_modes.all()
        for name, link in self.links.items():
            stored = await self.store.calibrations.latest(name)
            if stored is not None:
                link.calibration = CalibrationRecord.model_validate_json(json.dumps(dict(stored.document)))
            if name in orders:
                link.manual = _ORDERED[orders[name].mode]
        for entry in reversed(await self.store.ledger.tail(_DECISIONS_SEARCHED)):
            if entry.kind == "decision":
                self._continue_after(entry.payload)
                return

    def _continue_after(self, payload: Mapping[str, object]) -> None:
        """Epoch number, commanded settings and the shield's memory go on where they were."""
        decision = Decision.from_json(json.dumps(payload["decision"]))
        self.epochs.epoch = decision.epoch
        self.decider.history = ShieldHistory.from_json(json.dumps(payload["shield_history"]))
        for plan in decision.plan.links:
            link = self.links.get(plan.link)
            if link is None or plan.protocol not in self.config.links[plan.link].protocols:
                continue
            if 0 < plan.mean_photon_number_e6 <= link.settings.cap_e6:
                connections = link.settings.initial.switch_connections
                link.operation = Operation(plan.mean_photon_number_e6, plan.protocol, connections)

    async def _await_first_attempts(self) -> None:
        """Wait for devices the daemon cannot start without, and a moment for the others, so that links run on."""
        required = [s for s in self.supervisors.values() if s.settings.on_start is StartPolicy.ERROR]
        await _attempts(required, self.config.node.drivers_start_timeout_s)
        await _attempts(list(self.supervisors.values()), _OTHERS_START_S)
        if missing := [s for s in required if not s.usable]:
            await self._cancel("")
            reasons = "; ".join(f"{s.device.name}: {s.last_error or 'no answer'}" for s in missing)
            raise StartError(f'devices with on_start = "error" did not come up: {reasons}')

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _cancel(self, name: str) -> None:
        """Cancel the task of that name, or all."""
        chosen = [task for task in self._tasks if not name or task.get_name() == name]
        for task in chosen:
            task.cancel()
        await asyncio.gather(*chosen, return_exceptions=True)
        self._tasks = [task for task in self._tasks if task not in chosen]

    def _device_changed(self, supervisor: Supervisor) -> None:
        name = supervisor.device.name
        self.broadcast.changed("devices", name, lambda: self.device_view(name))
        for link in self._links_of.get(name, ()):
            link.react()

    def _epoch_ended(self, _: EpochOutcome) -> None:
        self.broadcast.changed("node", "", self._node_part)
        self.broadcast.changed("complaints", "", self.complaints)
        for name in self.links:
            self.broadcast.changed("links", name, partial(self.link_view, name))

    def _alarm_changed(self, alarm: Alarm) -> None:
        self.broadcast.changed("alarms", str(alarm.number), lambda: alarm_view(alarm) if alarm.listed else None)

    def _node_part(self) -> dict[str, object]:
        return {"state": self.state, "epoch": self.epochs.epoch, "uptime_s": self.uptime_s}

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
            row = next((entry for entry in outcome.report.links if entry.link == name), None)
            plan = next((entry for entry in outcome.plan.links if entry.link == name), None)
            age_s = row.age_ms / 1000 if row is not None else None
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
