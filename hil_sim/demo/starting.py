"""From daemons that have just been started to a network whose every link makes key."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from hil_sim.demo.daemons import Daemons
from hil_sim.demo.errors import DemoError
from hil_sim.node_tables import Ends
from qkdctl.client import ClientError, UnreachableError

Json = dict[str, Any]
Say = Callable[[str], None]
_PATIENCE_S = 120.0
_STEP_S = 0.7
_BETWEEN_TRIES_S = 1.0


class Start:
    """Waits for daemons, calibrates all links at once, and waits for light.

    Args:
        daemons: just started.
        ends: nodes at the ends of each link.
        say: told how far it is.
    """

    def __init__(self, daemons: Daemons, ends: Ends, say: Say) -> None:
        self._daemons = daemons
        self._ends = {link: pair for link, pair in ends.items() if not daemons.apart.intersection(pair)}
        self._say = say
        self._calibrated = 0
        self._deadline = daemons.clock.monotonic() + _PATIENCE_S

    async def bring_up(self) -> int:
        """Bring all links up between nodes that hear each other.

        Returns:
            The first epoch in which all of them run.

        Raises:
            DemoError: they did not come up.
        """
        await self._until(_instruments)
        await self._until(_first_decision)
        await asyncio.gather(*map(self._calibrate, self._ends))
        statuses = await self._until(self._links)
        return max(int(status["epoch"]) for status in statuses) + 1

    async def _until(self, left: Callable[[list[Json]], str]) -> list[Json]:
        """Ask all nodes until nothing is left to wait for; says what is."""
        while True:
            self._daemons.check_alive()
            why = "waiting for the daemons"
            try:
                calls = [asyncio.to_thread(self._daemons.clients[node].status) for node in self._daemons.together]
                statuses = list(await asyncio.gather(*calls))
                why = left(statuses)
                if not why:
                    return statuses
            except UnreachableError:
                pass
            self._say(why)
            await self._patience(why)

    async def _calibrate(self, link: str) -> None:
        """Calibrate one link; while agreement is only beginning the daemon may refuse."""
        client = self._daemons.clients[self._ends[link][0]]
        while True:
            try:
                await asyncio.to_thread(client.link_action, link, "calibrate")
            except ClientError as error:
                self._daemons.check_alive()
                await self._patience(f"calibrating {link}: {error}", _BETWEEN_TRIES_S)
            else:
                self._calibrated += 1
                self._say(f"calibrating: {self._calibrated} of {len(self._ends)} links")
                return

    def _links(self, statuses: list[Json]) -> str:
        modes = {
            link["name"]: link["mode"]
            for status in statuses
            for link in status["links"]
            if "alice" in link["ends"] and link["name"] in self._ends
        }
        up = sum(mode == "running" for mode in modes.values())
        return "" if up == len(modes) else f"light: {up} of {len(modes)} links run"

    async def _patience(self, why: str, seconds: float = _STEP_S) -> None:
        if self._daemons.clock.monotonic() > self._deadline:
            raise DemoError(f"the network did not come up in {_PATIENCE_S:g} s: {why}\n{self._daemons.last_words()}")
        await self._daemons.clock.sleep(seconds)


def _instruments(statuses: list[Json]) -> str:
    devices = [device for status in statuses for device in status["devices"]]
    online = sum(device["state"] == "online" for device in devices)
    running = sum(status["state"] == "running" for status in statuses)
    if (online, running) == (len(devices), len(statuses)):
        return ""
    return f"instruments: {online} of {len(devices)} answer; daemons: {running} of {len(statuses)} run"


def _first_decision(statuses: Iterable[Json]) -> str:
    decided = [status["epoch"] >= 1 for status in statuses]
    return "" if all(decided) else f"agreement: {sum(decided)} of {len(decided)} nodes have decided the first epoch"
