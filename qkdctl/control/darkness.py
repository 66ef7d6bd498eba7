"""The way of one link into the dark: at once, waiting for no disk, no lock and nobody's end.

Bob's end by itself has no light; its way into the dark is to stop its engine.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from qkdctl.actuation.roles import AliceEnd, LinkRoles
from qkdctl.actuation.safety import attenuate, dark_set_points, make_dark
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.journal import Journal
from qkdctl.devices.errors import UnsafeError

log = structlog.get_logger(__name__)
_ENDING_S = 5.0
_AGAIN_S = 1.0


class Darkness:
    """Makes one link dark and knows what has been shown of it.

    Args:
        name: of the link.
        roles: its instruments.
        journal, alarms, clock: of the node.
        on_proof: told once what came of it: None, or why darkness was not shown.

    Attributes:
        incomplete: it was shown by one instrument, and another did not do its part.
    """

    def __init__(
        self,
        name: str,
        roles: LinkRoles,
        journal: Journal,
        alarms: Alarms,
        clock: Clock,
        on_proof: Callable[[UnsafeError | None], None],
    ) -> None:
        self.incomplete = False
        self._name = name
        self._roles = roles
        self._journal = journal
        self._alarms = alarms
        self._clock = clock
        self._on_proof = on_proof
        self._task: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._proof: asyncio.Future[UnsafeError | None] | None = None
        self._next_try_at = 0.0

    @property
    def under_way(self) -> bool:
        """Until darkness is shown and the attenuator stands at its maximum, or until it cannot be shown."""
        return self._task is not None and not self._task.done()

    @property
    def may_try_again(self) -> bool:
        """The last try is some time ago."""
        return not self.under_way and self._clock.monotonic() >= self._next_try_at

    def begin(self, why: str, ended: "asyncio.Task[Any] | None", *, again: bool = False) -> None:
        """Make the link dark now; nothing else may be begun on it before this is over.

        Args:
            why: for the ledger.
            ended: the operation that was told to end, if any; it is not waited for before the light is out.
            again: a repetition, of which the ledger has the first.
        """
        assert not self.under_way, "one way into the dark at a time"
        if not again:
            # committed first, in memory at once: an instrument that comes back meanwhile is judged by it
            self._journal.note("outcome", {"link": self._name, "dark": why}, dark_set_points(self._roles))
            log.info("going dark", link=self._name, why=why)
        self._proof = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._go(ended, self._proof), name=f"darken {self._name}")

    async def shown(self) -> None:
        """Wait for the proof.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        assert self._proof is not None, "nobody has begun"
        if (failure := await asyncio.shield(self._proof)) is not None:
            raise failure

    async def over(self, timeout_s: float) -> None:
        """Wait for the attenuator too, but not longer than this."""
        if tasks := [task for task in (self._task, self._following) if task is not None]:
            await asyncio.wait(tasks, timeout=timeout_s)

    async def cancel(self) -> None:
        """Leave the instruments alone from now on."""
        tasks = [task for task in (self._task, self._following) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _go(self, ended: "asyncio.Task[Any] | None", proof: "asyncio.Future[UnsafeError | None]") -> None:
        try:
            alice = self._roles.alice
            following = None if alice is None or alice.attenuator.device.darkens else self._follow(alice)
            failure = await self._try()
            if ended is not None and not ended.done():
                await self._outlast(ended)
                failure = await self._try()
            self._next_try_at = self._clock.monotonic() + _AGAIN_S
            self._tell(failure)
            proof.set_result(failure)
            if failure is None and alice is not None:
                await asyncio.wait({following or self._follow(alice)})
        finally:
            if not proof.done():
                proof.set_result(UnsafeError(f"{self._name}: given up before it was shown dark"))

    async def _try(self) -> UnsafeError | None:
        try:
            report = await make_dark(self._roles)
        except UnsafeError as failure:
            return failure
        self.incomplete = bool(report.failures)
        if report.failures:
            log.warning("at rest, but not by all", link=self._name, shown_by=report.shown_by, failures=report.failures)
        return None

    async def _outlast(self, ended: "asyncio.Task[Any]") -> None:
        """An operation that ends late, as by a driver that does not hear, might have written once more."""
        await asyncio.wait({ended}, timeout=_ENDING_S)
        if not ended.done():
            log.error("operation does not end", link=self._name, after_s=_ENDING_S)

    def _tell(self, failure: UnsafeError | None) -> None:
        if failure is None:
            self._alarms.clear("not-shown-dark", self._name)
        elif self._alarms.raise_("not-shown-dark", self._name, str(failure), Severity.CRITICAL):
            self._journal.note("alarm", {"link": self._name, "code": "not-shown-dark", "text": str(failure)})
        self._on_proof(failure)

    def _follow(self, alice: AliceEnd) -> "asyncio.Task[None]":
        """The attenuator on its way to its maximum; a motor that is under way already is left to it."""
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._attenuate(alice), name=f"attenuate {self._name}")
        return self._following

    async def _attenuate(self, alice: AliceEnd) -> None:
        try:
            await attenuate(alice)
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            log.warning("attenuator not at its maximum", link=self._name, error=str(error) or repr(error))
