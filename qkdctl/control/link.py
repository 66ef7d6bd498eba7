"""One link under control: its mode, what it shall do, and the one operation that may be under way."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import structlog

from qkdctl.actuation.calibrate import calibrate
from qkdctl.actuation.calibration import CalibrationRecord, OpticalPath
from qkdctl.actuation.realign import realign
from qkdctl.actuation.roles import LinkRoles, NotReadyError
from qkdctl.actuation.safety import dark_set_points, make_dark
from qkdctl.actuation.sequence import change_power, establish
from qkdctl.actuation.set_points import Operation, SetPoints, running_set_points
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.journal import Journal
from qkdctl.control.watch import light_at_risk, measured_mean_photon_number_e6, needs_restart
from qkdctl.devices.errors import DeviceError, UnsafeError
from qkdctl.records.encoding import Canonical
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import LinkMode

log = structlog.get_logger(__name__)
_LONGEST_PAUSE_EPOCHS = 32


class Manual(Enum):
    """What the operator wants: leave it to the policy, keep the settings, or keep it dark."""

    AUTO = "auto"
    HOLD = "hold"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The configured part of a link.

    Attributes:
        operating_current_a: laser current of normal operation.
        cap_e6: mean photon number that must never be exceeded, 1e-6 photons per pulse.
        initial: what the link starts with when nothing was ever commanded.
        alignment_pulses: per measurement of a re-alignment.
        aligned_qber_ppm: QBER at which a re-alignment may stop searching.
    """

    path: OpticalPath
    operating_current_a: float
    cap_e6: int
    initial: Operation
    alignment_pulses: int
    aligned_qber_ppm: int


class LinkController:
    """Drives one link; at most one operation at a time.

    Args:
        name: of the link.
        settings: see LinkSettings.
        roles: its instruments.
        journal: where set-points are committed before they are written.
        alarms: of the node.
        clock: for calibrations.
        may_write: False only observes.

    Attributes:
        manual: what the operator wants.
        operation: what the link runs, or shall run when it comes up.
        calibration: None until one was made or loaded.
        realigns: re-alignments that ended since the counter was last taken.
        last_action: name of the action last carried out.
    """

    def __init__(
        self,
        name: str,
        settings: LinkSettings,
        roles: LinkRoles,
        journal: Journal,
        alarms: Alarms,
        clock: Clock,
        *,
        may_write: bool = True,
    ) -> None:
        self.name = name
        self.settings = settings
        self.roles = roles
        self.manual = Manual.AUTO
        self.operation = settings.initial
        self.calibration: CalibrationRecord | None = None
        self.realigns = 0
        self.last_action = "hold"
        self._journal = journal
        self._alarms = alarms
        self._clock = clock
        self._may_write = may_write
        self._up = False
        self._faulted = False
        self._failures = 0
        self._pause_epochs = 0
        self._task: asyncio.Task[Any] | None = None
        self._interrupting = False
        self._holds = {"starting"}

    @property
    def busy(self) -> bool:
        """An operation is under way."""
        return self._task is not None and not self._task.done()

    @property
    def mode(self) -> LinkMode:
        """What the link does, in the words of the reports."""
        if self._faulted:
            return "fault"
        if self.manual is Manual.SAFE:
            return "manual-safe"
        if self._up:
            return "hold" if self.manual is Manual.HOLD else "running"
        return "starting" if self.calibration is not None else "safe"

    def measured_e6(self) -> int:
        """Mean photon number from the tap and the attenuation read back; 0 when unknown."""
        return measured_mean_photon_number_e6(self.roles, self.settings.path)

    def begin(self) -> None:
        """At start: when every instrument stands at its committed set-points, the link simply runs on."""
        self._up = self.calibration is not None and self._stands()
        self._holds.discard("starting")

    def tick(self) -> None:
        """Once per epoch with a plan: a link that failed waits some epochs before it is tried again."""
        self._holds.discard("suspended")
        self._pause_epochs = max(0, self._pause_epochs - 1)
        self.react()

    def react(self) -> None:
        """After each poll: go dark or come up as the instruments demand. Starts work, never waits for it."""
        if self._holds or self._interrupting:
            return
        if not self._may_write:
            self._up = self.roles.source.value("emission_enabled") is True
        elif self._up and light_at_risk(self.roles, self.settings, self.measured_e6()):
            self._interrupting = True
            self._begin(self._interrupt(self._task, "instrument lost, or more light than allowed"))
        elif self.busy or self._pause_epochs > 0:
            return
        elif self._faulted:
            self._begin(self._dark("not shown dark before"))
        elif self._up and needs_restart(self.roles, self._journal):
            self._begin(self._dark("set-points changed behind our back"))
        elif not self._up and self.manual is not Manual.SAFE and self._may_come_up():
            self._begin(self._come_up())

    def set_points_for(self, plan: LinkPlan) -> SetPoints:
        """What the plan commits; nothing when it changes nothing or the link does not follow plans now.

        Raises:
            DeviceError: an instrument's limit forbids it.
        """
        if not self._follows(plan) or not self._changes(plan) or plan.mean_photon_number_e6 == 0:
            return {}
        assert self.calibration is not None
        return running_set_points(self.roles, self.calibration, self._operation(plan))

    def carry_out(self, plan: LinkPlan) -> None:
        """Start what the plan asks, its set-points being committed. Ignored while an operation is under way."""
        if not self._follows(plan):
            return
        self.last_action = plan.action
        if plan.mean_photon_number_e6 == 0:
            self._holds.add("no light allowed")
            text = f"no mean photon number is allowed under {plan.protocol}; check the link's protocols, then resume it"
            self._alarms.raise_("no-light-allowed", self.name, text)
            self._begin(self._dark("the plan allows no light"))
        elif plan.realign:
            self._begin(self._realign())
        elif self._changes(plan):
            self._begin(self._change(self._operation(plan)))

    async def make_safe(self, who: str) -> None:
        """Operator: dark until resumed; ends whatever else is under way.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        self.manual = Manual.SAFE
        await self._darken_for("safe", f"ordered by {who}")
        await self._write_down("operator", {"link": self.name, "command": "safe", "who": who})

    async def hold(self, who: str) -> None:
        """Operator: keep the present settings."""
        self.manual = Manual.HOLD
        await self._write_down("operator", {"link": self.name, "command": "hold", "who": who})

    async def resume(self, who: str) -> None:
        """Operator: back to the policy."""
        self.manual = Manual.AUTO
        self._pause_epochs = 0
        self._holds.discard("no light allowed")
        self._alarms.clear("no-light-allowed", self.name)
        await self._write_down("operator", {"link": self.name, "command": "resume", "who": who})

    async def calibrate(self, who: str) -> CalibrationRecord:
        """Operator: measure a new calibration record; the link is dark meanwhile and comes up again afterwards.

        Raises:
            NotReadyError: an instrument is missing, this daemon only observes, or another order came in between.
        """
        if not self._may_write or self._holds:
            why = ", ".join(sorted(self._holds)) or "this daemon only observes"
            raise NotReadyError(f"{self.name} cannot be calibrated now: {why}")
        self._holds.add("calibration")
        try:
            await self._cancel()
            task = asyncio.ensure_future(self._calibrated())
            self._task = task
            await asyncio.wait([task])
        finally:
            self._holds.discard("calibration")
        if task.cancelled():
            raise NotReadyError(f"{self.name}: another order ended the calibration; the link is dark")
        self.calibration = task.result()
        payload = {"link": self.name, "who": who, "record": self.calibration.model_dump_json()}
        await self._write_down("calibration", payload)
        return self.calibration

    async def _calibrated(self) -> CalibrationRecord:
        await self._dark("calibration begins")
        try:
            return await calibrate(
                self.roles, self.name, self.settings.path, self.settings.operating_current_a, self._clock
            )
        finally:
            await self._dark("calibration is over")

    async def realign(self, who: str) -> None:
        """Operator: re-align now and wait for it."""
        if not self._up or self.busy or not self._may_write:
            raise NotReadyError(
                f"{self.name} is {self.mode}{' and busy' if self.busy else ''}; expected a running link"
            )
        await self._write_down("operator", {"link": self.name, "command": "realign", "who": who})
        self._begin(self._realign())
        assert self._task is not None
        await asyncio.wait([self._task])

    async def suspend(self, why: str) -> None:
        """Dark until the next epoch that has a plan.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        self._holds.add("suspended")
        await self._darken_for("suspension", why)

    async def shut_down(self) -> None:
        """End whatever is under way, make the link dark, and never touch it again.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        self._holds.add("stopping")
        await self._darken_for("stop", "stop")

    async def _darken_for(self, purpose: str, why: str) -> None:
        """End the operation under way and go dark; nothing else starts meanwhile."""
        self._holds.add(purpose)
        try:
            await self._cancel()
            if self._may_write:
                await self._dark(why)
        finally:
            self._holds.discard(purpose)

    async def _cancel(self) -> None:
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    async def _interrupt(self, task: asyncio.Task[Any] | None, why: str) -> None:
        try:
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
            await self._dark(why)
        finally:
            self._interrupting = False

    def _begin(self, work: Awaitable[None]) -> None:
        self._task = asyncio.ensure_future(self._guarded(work))

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Run an operation; whatever goes wrong leaves the link dark and is tried again later, less and less often."""
        try:
            await work
        except UnsafeError:
            self._pause_epochs = 1
        except (DeviceError, ExceptionGroup, ValueError) as error:
            self._failures += 1
            self._pause_epochs = min(_LONGEST_PAUSE_EPOCHS, 2**self._failures)
            text = f"{error}; dark now, next try in {self._pause_epochs} epochs"
            self._alarms.raise_("link-operation-failed", self.name, text)
            await self._quietly_dark(str(error))
        else:
            self._failures = 0
            self._alarms.clear("link-operation-failed", self.name)

    async def _quietly_dark(self, why: str) -> None:
        try:
            await self._dark(why)
        except UnsafeError:
            log.exception("link not shown dark", link=self.name)

    async def _dark(self, why: str) -> None:
        """Make dark and commit it; a link that cannot be shown dark is a fault and is tried again each epoch."""
        was_up, self._up = self._up, False
        try:
            report = await make_dark(self.roles)
        except UnsafeError as error:
            self._faulted = True
            self._alarms.raise_("not-shown-dark", self.name, str(error), Severity.CRITICAL)
            await self._write_down("alarm", {"link": self.name, "code": "not-shown-dark", "text": str(error)})
            raise
        finally:
            await self._write_down("outcome", {"link": self.name, "dark": why}, dark_set_points(self.roles))
        self._faulted = False
        self._alarms.clear("not-shown-dark", self.name)
        if was_up:
            log.info("link dark", link=self.name, why=why, shown_by=report.shown_by)

    async def _come_up(self) -> None:
        assert self.calibration is not None
        set_points = running_set_points(self.roles, self.calibration, self.operation)
        set_points |= self._polarization()
        payload: dict[str, Canonical] = {
            "link": self.name,
            "establish": "yes",
            "mean_photon_number_e6": self.operation.mean_photon_number_e6,
            "protocol": self.operation.protocol,
        }
        await self._write_down("outcome", payload, set_points)
        await establish(self.roles, set_points)
        self._up = True
        log.info("link up", link=self.name, mean_photon_number=self.operation.mean_photon_number_e6 / 1e6)

    def _polarization(self) -> SetPoints:
        """The voltages last committed, so that a controller that was switched off gets them back."""
        if self.roles.polarization_controller is None:
            return {}
        device = self.roles.polarization_controller.device
        return {(device.name, name): value for name, value in self._journal.committed(device.name).items()}

    async def _change(self, operation: Operation) -> None:
        assert self.calibration is not None
        set_points = running_set_points(self.roles, self.calibration, operation)
        self.operation = operation
        await change_power(self.roles, set_points)

    async def _realign(self) -> None:
        result = await realign(
            self.roles, pulses=self.settings.alignment_pulses, enough_ppm=self.settings.aligned_qber_ppm
        )
        self.realigns += 1
        assert self.roles.polarization_controller is not None
        device = self.roles.polarization_controller.device.name
        voltages: SetPoints = {
            (device, f"voltage_{n}_mv"): value for n, value in enumerate(result.voltages_mv, start=1)
        }
        payload: dict[str, Canonical] = {
            "link": self.name,
            "realign": "done",
            "qber_before_ppm": result.first_qber_ppm,
            "qber_after_ppm": result.qber_ppm,
            "measurements": result.measurements,
        }
        await self._write_down("outcome", payload, voltages)

    def _follows(self, plan: LinkPlan) -> bool:
        return self._may_write and self.mode == "running" and not self.busy and plan.link == self.name

    def _changes(self, plan: LinkPlan) -> bool:
        return self._operation(plan) != self.operation

    def _operation(self, plan: LinkPlan) -> Operation:
        return Operation(plan.mean_photon_number_e6, plan.protocol, self.settings.initial.switch_connections)

    def _may_come_up(self) -> bool:
        if self.calibration is None or self.calibration.path != self.settings.path:
            text = f"no calibration record for the present optics; run 'qkdctl calibrate {self.name}'"
            self._alarms.raise_("not-calibrated", self.name, text)
            return False
        self._alarms.clear("not-calibrated", self.name)
        return not self.roles.missing()

    def _stands(self) -> bool:
        if self.roles.missing() or self.calibration is None:
            return False
        wanted = running_set_points(self.roles, self.calibration, self.operation)
        committed = {
            (supervisor.device.name, name): value
            for supervisor in self.roles.watched()
            for name, value in self._journal.committed(supervisor.device.name).items()
        }
        return all(committed.get(key) == value for key, value in wanted.items()) and not needs_restart(
            self.roles, self._journal
        )

    async def _write_down(
        self, kind: str, payload: Mapping[str, Canonical], set_points: SetPoints | None = None
    ) -> None:
        await self._journal.append(kind, payload, set_points)
