"""What operators may tell one link to do; the last order counts, and safety overtakes all others."""

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.roles import LinkRoles, NotReadyError, sending_end, usable
from qkdctl.control.alarms import Alarms
from qkdctl.control.journal import Journal
from qkdctl.control.link_settings import Light, Manual
from qkdctl.control.operations import Operations

_ATTENUATION_PATIENCE_S = 30.0
_MEETING_S = 30.0
"""Within this time the order to re-align must be given at the other node too."""


class LinkOrders:
    """Orders to one link.

    Args:
        name: of the link.
        roles: its instruments.
        operations: what can be done to it.
        journal, alarms: of the node.
        may_write: False only observes, and takes no orders.

    Attributes:
        manual: what the operator wants.
        holds: why the link must not come up, besides that; in words for people.
    """

    def __init__(
        self,
        name: str,
        roles: LinkRoles,
        operations: Operations,
        journal: Journal,
        alarms: Alarms,
        *,
        may_write: bool,
    ) -> None:
        self.manual = Manual.AUTO
        self.holds = {"starting"}
        self._name = name
        self._roles = roles
        self._operations = operations
        self._stage = operations.stage
        self._journal = journal
        self._alarms = alarms
        self._may_write = may_write

    async def make_safe(self, who: str) -> None:
        """Dark until resumed; ends whatever else is under way.

        Raises:
            NotReadyError: this daemon only observes.
            UnsafeError: darkness could not be shown; it is tried again and again.
        """
        self._refuse_observer()
        self.manual = Manual.SAFE
        self._stage.orders += 1
        self._journal.note("operator", {"link": self._name, "command": "safe", "who": who})
        await self._stage.darken(f"ordered by {who}")

    async def hold(self, who: str) -> None:
        """Keep the present settings.

        Raises:
            NotReadyError: the link was ordered safe, this daemon only observes, or another order came in between.
        """
        if self.manual is Manual.SAFE:
            raise NotReadyError(f"{self._name} is dark until resumed; only 'resume' lets it come up again")
        await self._accept("hold", who)
        self.manual = Manual.HOLD

    async def resume(self, who: str) -> None:
        """Back to the policy.

        Raises:
            NotReadyError: this daemon only observes, or another order came in between.
        """
        await self._accept("resume", who)
        self.manual = Manual.AUTO
        self._operations.pause_epochs = 0
        self.holds.discard("no light allowed")
        self._alarms.clear("no-light-allowed", self._name)

    async def calibrate(self, who: str) -> CalibrationRecord:
        """Measure a new calibration record; the link is dark meanwhile and comes up again afterwards.

        Raises:
            NotReadyError: an instrument is missing, this daemon only observes, or another order came in between.
            UnsafeError: the link could not be shown dark.
        """
        self._refuse_observer()
        if self._stage.closed or self.holds:
            why = ", ".join(sorted(self.holds)) or "the daemon stops"
            raise NotReadyError(f"{self._name} cannot be calibrated now: {why}")
        usable(sending_end(self._roles, "calibration").power_meter, "calibration")
        self.holds.add("calibration")
        try:
            self._stage.orders += 1
            order = self._stage.orders
            await self._stage.darken("calibration begins")
            await self._stage.darkness.over(_ATTENUATION_PATIENCE_S)
            self._refuse_if_overtaken(order)
            await self._stage.finish(self._stage.begin(lambda writer: self._operations.calibrate(who, writer)))
        finally:
            self.holds.discard("calibration")
        assert self._operations.calibration is not None
        return self._operations.calibration

    async def realign(self, who: str) -> None:
        """Re-align now and wait for it; a link between two nodes needs the order at both.

        Raises:
            NotReadyError: the link does not run, is busy, or another order came in between; or the other node had no
                such order.
        """
        self._refuse_unless_running()
        if self._roles.bob is not None:
            usable(self._roles.bob.polarization_controller, "re-alignment")
        await self._accept("realign", who)
        self._refuse_unless_running()
        await self._stage.finish(
            self._stage.begin(lambda writer: self._operations.realign(writer, meeting_s=_MEETING_S))
        )
        if why := self._operations.given_up:
            raise NotReadyError(f"{self._name} runs on as before: {why}; give the order at both nodes")

    async def _accept(self, command: str, who: str) -> None:
        """Write an order down; one that was overtaken meanwhile is void."""
        self._refuse_observer()
        order = self._stage.orders
        await self._journal.append("operator", {"link": self._name, "command": command, "who": who})
        self._refuse_if_overtaken(order)

    def _refuse_observer(self) -> None:
        if not self._may_write:
            raise NotReadyError(f"{self._name}: this daemon only observes; set node.observe_only = false")

    def _refuse_if_overtaken(self, order: int) -> None:
        if self._stage.closed or self._stage.orders != order:
            raise NotReadyError(f"{self._name}: another order came in between")

    def _refuse_unless_running(self) -> None:
        self._refuse_observer()
        if self._stage.light is not Light.ON or self._stage.busy:
            state = "something is under way" if self._stage.busy else "it does not run"
            raise NotReadyError(f"{self._name} cannot be re-aligned now: {state}")
