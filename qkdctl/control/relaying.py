"""The key router of a node: serves the routes that were decided, and says what became of keys."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from qkdctl.agreement.state import AgreedState
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms
from qkdctl.control.key_counter import KeyCounter
from qkdctl.control.key_opener import KeyOpener
from qkdctl.control.route_keeper import RouteKeeper
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.path_tally import PathTally
from qkdctl.records.relay import RelayView
from qkdctl.records.route import RouteTable
from qkdctl.routing.agreed import route_table

log = structlog.get_logger(__name__)
_BETWEEN_TRIES_S = 1.0
_LAST_WORD_S = 2.0


@dataclass(frozen=True, slots=True)
class RelayReport:
    """What a node has to say of relayed keys.

    Attributes:
        views: keys that the last decision asked of, sorted.
        tallies: paths that end at the node and lose keys, sorted.
    """

    views: tuple[RelayView, ...] = ()
    tallies: tuple[PathTally, ...] = ()


class Relaying:
    """Connects a key router to the epochs. Nothing here waits for the router but `run`, `report` and `stop`.

    Args:
        me: the node.
        router: its key router.
        alarms, clock: of the node.
        interval_ms: length of an epoch, and of the interval in which a route makes its keys.
        patience_s: how long the router has to deliver its records for a report.
        may_write: False only compares.

    Attributes:
        router: its key router.
        keeper: of the table of routes.
    """

    def __init__(
        self,
        me: str,
        router: Supervisor,
        alarms: Alarms,
        clock: Clock,
        *,
        interval_ms: int,
        patience_s: float,
        may_write: bool,
    ) -> None:
        self.keeper = RouteKeeper(router, alarms, may_write=may_write)
        self._me = me
        self.router = router
        self._clock = clock
        self._interval_ms = interval_ms
        self._patience_s = patience_s
        self._counter = KeyCounter(me, router)
        self._opener = KeyOpener(me, router, alarms)
        self._changed = asyncio.Event()

    def apply(self, agreed: AgreedState) -> None:
        """Serve the routes of a decision, and open the keys it asks of."""
        self.keeper.wanted = route_table(self._me, agreed.network.epoch, agreed.routes, self._interval_ms)
        self._opener.ask(agreed.audits.cases)
        self._changed.set()

    def suspend(self) -> None:
        """Serve nothing: what the others decide is not known any more."""
        before = self.keeper.wanted
        if before is not None and before.routes:
            self.keeper.wanted = RouteTable(epoch=before.epoch, routes=())
            self._changed.set()

    def react(self) -> None:
        """Look again, after something about the router has changed."""
        if self.router.usable and (self.keeper.trouble or self.keeper.is_suspect()):
            self._changed.set()

    async def report(self) -> RelayReport:
        """What to say in the next report; a router that is slow or away delays nothing."""
        table = self.keeper.in_force
        tallies: tuple[PathTally, ...] = ()
        if self.router.usable and table is not None:
            try:
                async with asyncio.timeout(self._patience_s):
                    tallies = await self._counter.collect(table.routes)
            except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
                log.warning("relay records not read", router=self.router.device.name, error=repr(error))
        return RelayReport(self._opener.views(), tallies)

    async def run(self) -> None:
        """Bring the router to what was decided, again and again, until cancelled."""
        while True:
            await self._pause(forever=await self.attend())

    async def attend(self) -> bool:
        """Bring the router to what was decided; False when something is left to be tried again."""
        self._changed.clear()
        served = await self.keeper.serve()
        opened = await self._opener.open()
        return served and opened

    async def stop(self) -> None:
        """Leave the router without routes: nobody would watch what it does."""
        self.suspend()
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self.keeper.serve()
        except TimeoutError:
            log.warning("router not freed of its routes", router=self.router.device.name)

    async def _pause(self, *, forever: bool) -> None:
        """Wait for news, or until it is time to try again."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._changed.wait())]
        if not forever:
            waits.append(asyncio.create_task(self._clock.sleep(min(_BETWEEN_TRIES_S, self._interval_ms / 5000))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
