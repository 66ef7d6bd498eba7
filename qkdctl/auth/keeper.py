"""Keeps every channel in keys, so that sealing never waits for a key server."""

import asyncio
from collections.abc import Callable

import structlog

from qkdctl.auth.authenticator import Authenticator
from qkdctl.clock import Clock
from qkdctl.keys.base import KeySourceError

_log = structlog.get_logger(__name__)
LEAST_S = 0.05
MOST_S = 10.0


class Keeper:
    """One task per peer that gets keys when its channel wants some.

    Args:
        authenticator: whose `on_want` this sets.
        clock: for waiting between attempts.
        hand_back: takes packets that can be opened now, with their peer.
        filled: called with a peer after each attempt: `seal({})` may have an answer for it now.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        clock: Clock,
        hand_back: Callable[[str, bytes], None],
        filled: Callable[[str], None],
    ) -> None:
        self._authenticator = authenticator
        self._clock = clock
        self._hand_back = hand_back
        self._filled = filled
        self._wanting = {peer: asyncio.Event() for peer in authenticator.peers}
        authenticator.on_want = lambda peer: self._wanting[peer].set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for peer in self._wanting:
                tasks.create_task(self._keep(peer))

    async def _keep(self, peer: str) -> None:
        wait_s, failing = LEAST_S, False
        while True:
            self._wanting[peer].clear()
            try:
                for sealed in await self._authenticator.refill(peer):
                    self._hand_back(peer, sealed)
            except KeySourceError as error:
                if not failing:
                    _log.warning("no key for a peer", peer=peer, error=str(error))
                failing = True
            else:
                if failing:
                    _log.info("key for a peer again", peer=peer)
                failing = False
            self._filled(peer)
            # Never twice at once: whoever floods the node with made-up packets must not flood the key server with it.
            await self._clock.sleep(LEAST_S)
            if not self._authenticator.wants(peer):
                wait_s = LEAST_S
                await self._wanting[peer].wait()
            else:
                wait_s = min(2 * wait_s, MOST_S)
                await self._pause(peer, wait_s if failing else min(wait_s, 1.0))

    async def _pause(self, peer: str, seconds: float) -> None:
        """Wait, but not longer than until the channel wants something else."""
        waits = [asyncio.create_task(self._clock.sleep(seconds)), asyncio.create_task(self._wanting[peer].wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
