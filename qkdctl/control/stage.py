"""Where the operations of one link take place: one at a time, and the way into the dark before all others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from qkdctl.actuation.roles import LinkRoles, NotReadyError
from qkdctl.actuation.writer import Writer
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.darkness import Darkness
from qkdctl.control.journal import Journal
from qkdctl.control.link_settings import Light
from qkdctl.devices.errors import UnsafeError

Work: TypeAlias = Callable[[Writer], Awaitable[None]]
_STOP_PATIENCE_S = 5.0
_BETWEEN_TRIES_S = 0.1
_ATTENUATION_PATIENCE_S = 3.0


class Stage:
    """Begins operations, ends them, and makes dark whatever they leave.

    Args:
        name: of the link.
        roles: its instruments.
        journal, alarms, clock: of the node.
        on_end: told how each operation ended that nobody else has ended: None, or its error. It must not block.

    Attributes:
        light: what is known of the light; an operation says when it lets some out.
        turn: rises whenever something is begun.
        orders: rises with each order; whoever had to wait sees by it whether another came.
        closed: nothing may be begun any more.
    """

    def __init__(
        self,
        name: str,
        roles: LinkRoles,
        journal: Journal,
        alarms: Alarms,
        clock: Clock,
        on_end: Callable[[Exception | None], None],
    ) -> None:
        self.light = Light.UNKNOWN
        self.turn = 0
        self.orders = 0
        self.closed = False
        self.darkness = Darkness(name, roles, journal, alarms, clock, self._proven)
        self._name = name
        self._roles = roles
        self._clock = clock
        self._on_end = on_end
        self._task: asyncio.Task[Exception | None] | None = None
        self._writer = Writer()

    @property
    def operating(self) -> bool:
        """An operation is under way."""
        return self._task is not None and not self._task.done()

    @property
    def busy(self) -> bool:
        """Nothing else can be begun, except the way into the dark."""
        return self.operating or self.darkness.under_way

    def begin(self, work: Work) -> "asyncio.Task[Exception | None]":
        """Begin an operation; whatever goes wrong in it leaves the link dark.

        Raises:
            NotReadyError: another one is under way, or the link is closed.
        """
        if self.closed or self.busy:
            why = "the daemon stops" if self.closed else "another operation is under way"
            raise NotReadyError(f"{self._name}: {why}")
        self.turn += 1
        self._writer = Writer()
        self._task = asyncio.create_task(self._guarded(work, self._writer), name=f"link {self._name}")
        return self._task

    async def finish(self, task: "asyncio.Task[Exception | None]") -> None:
        """Wait for an operation; one whose order is given up goes on by itself.

        Raises:
            NotReadyError: something that counts more has ended it.
            Exception: what it failed with.
        """
        await asyncio.wait({task})
        if task.cancelled():
            raise NotReadyError(f"{self._name}: ended by another order, or by the watch over the light; it is dark now")
        if (error := task.result()) is not None:
            raise error

    def go_dark(self, why: str, *, again: bool = False) -> None:
        """End what is under way and make the link dark, at once."""
        self._become_dark(why, self._end_operation(), again=again)

    def go_dark_within(self, why: str) -> None:
        """The last step of an operation that leaves the link dark."""
        self._become_dark(why, None)

    async def darken(self, why: str) -> None:
        """Go dark and wait for the proof.

        Raises:
            UnsafeError: darkness could not be shown.
        """
        self.go_dark(why)
        await self.darkness.shown()

    async def shut_down(self) -> None:
        """End whatever is under way, make the link dark, and never touch it again.

        Raises:
            UnsafeError: darkness could not be shown, although it was tried for some seconds.
        """
        self.closed = True
        self.orders += 1
        deadline = self._clock.monotonic() + _STOP_PATIENCE_S
        try:
            while True:
                try:
                    await self.darken("stop")
                    break
                except UnsafeError:
                    if self._clock.monotonic() >= deadline:
                        raise
                    await self._clock.sleep(_BETWEEN_TRIES_S)
            await self.darkness.over(_ATTENUATION_PATIENCE_S)
        finally:
            await self.darkness.cancel()

    def _become_dark(self, why: str, ended: "asyncio.Task[Exception | None] | None", *, again: bool = False) -> None:
        if self.darkness.under_way:
            return
        self.turn += 1
        self.light = Light.UNKNOWN
        self.darkness.begin(why, ended, again=again)

    def _end_operation(self) -> "asyncio.Task[Exception | None] | None":
        """Take the leave of the operation that is under way, and tell it to end."""
        self._writer.withdraw()
        if self._task is None or self._task.done():
            return None
        self._task.cancel()
        return self._task

    def _proven(self, failure: UnsafeError | None) -> None:
        self.light = Light.DARK if failure is None else Light.FAULT

    async def _guarded(self, work: Work, writer: Writer) -> Exception | None:
        try:
            async with writer.holding(self._roles.watched()):
                await work(writer)
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            if not writer.withdrawn:
                self._on_end(error)
                if self.light is not Light.DARK:
                    self._become_dark(str(error) or repr(error), None)
            return error
        if not writer.withdrawn:
            self._on_end(None)
        return None
