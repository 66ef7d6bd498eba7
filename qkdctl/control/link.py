"""One link under control: what it does follows from its plans, its orders and its instruments."""

from dataclasses import dataclass

from qkdctl.actuation.roles import LinkRoles
from qkdctl.actuation.set_points import Operation, SetPoints
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.journal import Journal
from qkdctl.control.link_settings import Light, LinkSettings, Manual
from qkdctl.control.operations import Operations
from qkdctl.control.orders import LinkOrders
from qkdctl.control.watch import Deviation, LinkWatch
from qkdctl.devices.errors import DeviceError
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import LinkMode


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan whose set-points are being committed, and the turn of the link for which it was made."""

    plan: LinkPlan
    set_points: SetPoints
    turn: int


class LinkController:
    """Drives one link.

    Args:
        name: of the link.
        settings: see LinkSettings.
        roles: its instruments.
        journal: where set-points are committed before they are written.
        alarms: of the node.
        clock: for calibrations and pauses.
        may_write: False only observes.

    Attributes:
        operations: what is done to it, and what it shall run.
        orders: what operators want of it.
        watch: what its instruments show.
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
        self.operations = Operations(name, settings, roles, journal, alarms, clock)
        self.orders = LinkOrders(name, roles, self.operations, journal, alarms, may_write=may_write)
        self.watch = LinkWatch(roles, settings, journal)
        self._stage = self.operations.stage
        self._alarms = alarms
        self._may_write = may_write
        self._planned: _Planned | None = None
        self._deviates = Deviation.NONE

    @property
    def busy(self) -> bool:
        """An operation, or the way into the dark, is under way."""
        return self._stage.busy

    @property
    def operating(self) -> bool:
        """An operation is under way."""
        return self._stage.operating

    @property
    def mode(self) -> LinkMode:
        """What the link does, in the words of the reports."""
        if self._stage.light is Light.FAULT:
            return "fault"
        if self.orders.manual is Manual.SAFE:
            return "manual-safe"
        if self._stage.light is Light.ON:
            return "hold" if self.orders.manual is Manual.HOLD else "running"
        return "starting" if self.operations.calibration is not None or self.roles.alice is None else "safe"

    @property
    def _follows(self) -> bool:
        """Bob's end alone: what it runs by is Alice's affair."""
        return self.roles.alice is None

    @property
    def commanded_e6(self) -> int:
        """Mean photon number at which the link runs, in millionths; 0 unless it runs.

        Where the daemon only observes, it is what the engines say.
        """
        if self._stage.light is not Light.ON:
            return 0
        return self.operations.operation.mean_photon_number_e6 if self._may_write else self.watch.assumed_e6

    def begin(self) -> None:
        """At start: a link whose every instrument stands at its committed set-points runs on; any other goes dark."""
        self.orders.holds.discard("starting")
        if self._may_write and self._stands():
            self._stage.light = Light.ON
        self.react()

    def tick(self) -> None:
        """Once per epoch with a plan: a link that failed waits some epochs before it is tried again."""
        self.orders.holds.discard("suspended")
        self.operations.pause_epochs = max(0, self.operations.pause_epochs - 1)
        self.react()

    def react(self) -> None:
        """After each poll: go dark or come up as the instruments demand. Starts work, never waits for it."""
        stage = self._stage
        if not self._may_write:
            stage.light = Light.ON if self.watch.shines() else Light.DARK
        elif stage.closed or stage.darkness.under_way or "starting" in self.orders.holds:
            return
        elif stage.light in (Light.RISING, Light.ON) and (danger := self.watch.danger()):
            stage.go_dark(danger)
        elif stage.operating:
            return
        elif stage.light is Light.ON:
            self._look_after_light()
        elif stage.light is Light.DARK and self.watch.stays_dark(incomplete=stage.darkness.incomplete):
            self._consider_coming_up()
        elif stage.darkness.may_try_again and (stage.light is not Light.UNKNOWN or self.watch.worth_darkening()):
            stage.go_dark("not known to be dark", again=stage.light is not Light.UNKNOWN)

    def takes_part(self, agreed: LinkMode) -> bool:
        """Whether plans concern the link in this agreed mode.

        Bob's end alone follows in every mode: it has no light to hold back, and its engine must be told what Alice's
        is.
        """
        return agreed == "running" or self._follows

    def set_points_for(self, plan: LinkPlan) -> SetPoints:
        """What the plan commits; nothing when it changes nothing or the link does not follow plans now.

        Raises:
            DeviceError: an instrument's limit forbids it.
        """
        self._planned = None
        follows = self.mode == "running" or (self._follows and self._stage.light is Light.ON)
        if not self._may_write or not follows or self.busy:
            return {}
        set_points: SetPoints = {}
        if plan.mean_photon_number_e6 and self._operation(plan) != self.operations.operation:
            set_points = self.operations.set_points(self._operation(plan))
        self._planned = _Planned(plan, set_points, self._stage.turn)
        return set_points

    def carry_out(self, plan: LinkPlan) -> None:
        """Start what the plan asks, its set-points being committed; not if anything was begun since they were asked."""
        planned, self._planned = self._planned, None
        if planned is None or planned.plan != plan or planned.turn != self._stage.turn or self._stage.closed:
            return
        if plan.mean_photon_number_e6 == 0:
            if self._follows:
                return
            self.orders.holds.add("no light allowed")
            text = f"no mean photon number is allowed under {plan.protocol}; check the link's protocols, then resume it"
            self._alarms.raise_("no-light-allowed", self.name, text)
            self._stage.go_dark("the plan allows no light")
        elif plan.realign:
            self._stage.begin(self.operations.realign)
        elif planned.set_points:
            operation = self._operation(plan)
            self._stage.begin(lambda writer: self.operations.change(operation, planned.set_points, writer))

    async def suspend(self, why: str) -> None:
        """Dark until the next epoch that has a plan.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        self.orders.holds.add("suspended")
        self._stage.orders += 1
        if self._may_write and (self._stage.light is not Light.DARK or self._stage.operating):
            await self._stage.darken(why)

    async def shut_down(self) -> None:
        """End whatever is under way, make the link dark, and never touch it again.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        if self._may_write:
            await self._stage.shut_down()

    def _look_after_light(self) -> None:
        """A running link: its instruments stand where they should, and its laser gives what it was calibrated at."""
        calibration = self.operations.calibration
        why = self.settings.why_not(calibration, self.roles) or self.watch.why_restart()
        if why:
            self._stage.go_dark(why)
            return
        if calibration is None:
            return
        deviates = self.watch.deviation(calibration)
        if deviates is not self._deviates:
            self._alarms.clear("power-deviation", self.name)
            self._deviates = deviates
        if deviates is Deviation.NONE:
            return
        brighter = deviates is Deviation.BRIGHTER
        text = (
            f"{(self.watch.measured_e6 or 0) / 1e6:.4g} photons per pulse by the tap, "
            f"{self.watch.aimed_e6(calibration) / 1e6:.4g} "
            f"by the calibration, whose uncertainty is {calibration.uncertainty_db:.2f} dB"
        )
        self._alarms.raise_("power-deviation", self.name, text, Severity.CRITICAL if brighter else Severity.WARNING)
        if brighter:
            self.operations.outdated = True
            self._stage.go_dark("brighter than calibrated")

    def _consider_coming_up(self) -> None:
        wanted = not self.orders.holds and self.orders.manual is not Manual.SAFE
        if not wanted or self.operations.pause_epochs or self.roles.missing():
            return
        if why := self.settings.why_not(self.operations.calibration, self.roles):
            self._alarms.raise_("not-calibrated", self.name, f"{why}; run 'qkdctl calibrate {self.name}'")
            return
        self._alarms.clear("not-calibrated", self.name)
        self._stage.begin(self.operations.recalibrate if self.operations.outdated else self.operations.come_up)

    def _operation(self, plan: LinkPlan) -> Operation:
        return Operation(plan.mean_photon_number_e6, plan.protocol, self.settings.initial.switch_connections)

    def _stands(self) -> bool:
        """The link was left running, and everything is as it was."""
        calibration, operation = self.operations.calibration, self.operations.operation
        if self.orders.manual is Manual.SAFE or self.settings.why_not(calibration, self.roles):
            return False
        highest_e6 = None if calibration is None else calibration.highest_command_e6(self.settings.cap_e6)
        if self.roles.whole and highest_e6 is not None and operation.mean_photon_number_e6 > highest_e6:
            return False
        try:
            return self.watch.stands_at(self.operations.set_points(operation))
        except (DeviceError, ValueError):
            return False
