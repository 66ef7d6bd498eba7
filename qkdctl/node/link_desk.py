"""What operators ask of links."""

import asyncio

from qkdctl.api.errors import FacadeError, UnavailableError, UnknownNameError
from qkdctl.api.facade import Json
from qkdctl.control.link import LinkController
from qkdctl.node.answers import done, translated
from qkdctl.node.node import Node
from qkdctl.store.errors import StoreError
from qkdctl.store.link_modes import OrderedMode

_DISK_PATIENCE_S = 5.0


class LinkDesk:
    """Orders about links; refusals are those of `qkdctl.api.errors`, and unknown names are refused by each.

    Args:
        node: the running node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    def find(self, name: str) -> LinkController:
        """The controller of a link.

        Raises:
            UnknownNameError: there is no such link.
        """
        if name not in self._node.links:
            raise UnknownNameError("link", name, self._node.links)
        return self._node.links[name]

    async def hold(self, link: str, who: str) -> Json:
        """Keep the link's present settings."""
        await translated(self.find(link).orders.hold(who))
        await self._remember(link, "hold", who)
        return done(link, f"{link} keeps its present settings until resumed")

    async def make_safe(self, link: str, who: str) -> Json:
        """Make the link dark and keep it so."""
        controller = self.find(link)
        outcomes = await asyncio.gather(
            translated(controller.orders.make_safe(who)),
            self._remember(link, "manual-safe", who),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if controller.roles.alice is None:
            return done(link, f"{link} makes no key at Bob's end until resumed; its light is up to Alice's node")
        return done(link, f"{link} is dark, shown by read-back, until resumed")

    async def resume(self, link: str, who: str) -> Json:
        """Give the link back to the policy."""
        await translated(self.find(link).orders.resume(who))
        await self._remember(link, "running", who)
        return done(link, f"{link} is the policy's again")

    async def calibrate(self, link: str, who: str) -> Json:
        """Measure and store the calibration record."""
        record = await translated(self.find(link).orders.calibrate(who))
        text = (
            f"{link} calibrated: {record.tap_power_w:.4g} W at the tap, uncertainty {record.uncertainty_db:.2f} dB, "
            f"mean photon number {record.mean_photon_number(0.0):.4g} at 0 dB"
        )
        return done(link, text, {**record.model_dump(mode="json"), "uncertainty_db": record.uncertainty_db})

    async def realign(self, link: str, who: str) -> Json:
        """Re-align the link now."""
        await translated(self.find(link).orders.realign(who))
        return done(link, f"{link} re-aligned")

    async def safe_all(self, who: str) -> Json:
        """Make every source dark and keep all links safe."""
        outcomes = await asyncio.gather(
            *(self.make_safe(link, who) for link in self._node.links), return_exceptions=True
        )
        if failures := [outcome for outcome in outcomes if isinstance(outcome, BaseException)]:
            if len(failures) == 1 or not all(isinstance(failure, FacadeError) for failure in failures):
                raise failures[0]
            raise UnavailableError("; ".join(str(failure) for failure in failures))
        return done("node", "every link is dark, shown by read-back", {"links": list(self._node.links)})

    async def _remember(self, link: str, mode: OrderedMode, who: str) -> None:
        """Keep an order for the next start; it is in force already."""
        try:
            async with asyncio.timeout(_DISK_PATIENCE_S):
                await self._node.store.link_modes.put(link, mode, who)
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"not written within {_DISK_PATIENCE_S:g} s"
            raise UnavailableError(
                f"{link} is {mode} now, but a restart would not know of it: {why}",
                hint="make room on the disk, and give the order again",
            ) from error
