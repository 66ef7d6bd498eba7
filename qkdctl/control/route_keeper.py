"""Keeps the table of a key router at what was decided."""

from typing import cast

from qkdctl.control.alarms import Alarms
from qkdctl.devices.kinds import KeyRouterDevice
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.route import RouteTable


class RouteKeeper:
    """One router and the table that it has to serve.

    Args:
        router: of the node.
        alarms: of the node.
        may_write: False only compares.

    Attributes:
        wanted: what it has to serve; None before there is anything to say.
        seen: what it showed last; None when it is not known to serve anything.
        trouble: why it does not serve what it has to; "" when it does.
    """

    def __init__(self, router: Supervisor, alarms: Alarms, *, may_write: bool) -> None:
        self.wanted: RouteTable | None = None
        self.seen: RouteTable | None = None
        self.trouble = ""
        self._router = router
        self._alarms = alarms
        self._may_write = may_write

    @property
    def in_force(self) -> RouteTable | None:
        """The wanted table, if the router serves it."""
        return self.seen if self.seen == self.wanted else None

    def is_suspect(self) -> bool:
        """Whether the router was seen with another table since, as after a restart."""
        epoch = self._router.value("epoch")
        return self.seen is not None and epoch is not None and epoch != self.seen.epoch

    async def serve(self) -> bool:
        """Compare, set and read back; False when it has to be tried again."""
        wanted, name = self.wanted, self._router.device.name
        if wanted is None:
            return True
        try:
            await self._bring(wanted)
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            self.seen = None
            self.trouble = str(error) or repr(error)
        else:
            self.trouble = "" if self.seen == wanted else f"{name} serves other routes than it was given"
        if self.trouble and self._may_write:
            text = f"{self.trouble}; the {len(wanted.routes)} routes of epoch {wanted.epoch} are sent again and again"
            self._alarms.raise_("routes-not-applied", name, text)
        elif not self.trouble:
            self._alarms.clear("routes-not-applied", name)
        return not self.trouble and self.wanted is wanted

    async def _bring(self, wanted: RouteTable) -> None:
        if not self._router.usable:
            why = self._router.last_error or "not connected"
            raise ConnectionError(f"{self._router.device.name} is out of reach: {why}")
        device = cast("KeyRouterDevice", self._router.device)
        self.seen = await device.routes()
        if self.seen != wanted and self._may_write:
            self.seen = None
            self.seen = await device.set_routes(wanted)
        self._router.note("epoch", self.seen.epoch)
