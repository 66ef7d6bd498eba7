"""All policies in shadow, each asked in every epoch beside the event loop."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from qkdctl.clock import Clock
from qkdctl.library.shadow import FAILURES_IN_A_ROW, Scene, ShadowFigures, seen
from qkdctl.policy.proposal import Policy

log = structlog.get_logger(__name__)
MOST: Final = 4
"""Policies in shadow at the same time, so that they never take more than a part of an epoch."""
NOTED_EPOCHS: Final = 60
"""Epochs between entries of the ledger."""


class Shadows:
    """Runs them one after the other in a thread; an epoch that comes while one runs is left out.

    Args:
        clock: of the node.
        note: told of the figures of a policy now and then, and as long as it fails too often.

    Attributes:
        figures: by SHA-256, of those that are watched now.
    """

    def __init__(self, clock: Clock, note: Callable[[str, ShadowFigures], None]) -> None:
        self.figures: dict[str, ShadowFigures] = {}
        self._clock = clock
        self._note = note
        self._running: asyncio.Task[None] | None = None

    def watch(self, policies: Mapping[str, Policy], scene: Scene) -> None:
        """Have them look at an epoch; returns at once."""
        self.figures = {sha256: self.figures.get(sha256, ShadowFigures()) for sha256 in policies}
        if not policies:
            return
        if self._running is not None and not self._running.done():
            return
        self._running = asyncio.create_task(self._watch(dict(policies), scene), name="policies in shadow")

    async def stop(self) -> None:
        """Let the epoch under way come to its end."""
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def _watch(self, policies: Mapping[str, Policy], scene: Scene) -> None:
        for sha256, policy in policies.items():
            began = self._clock.monotonic()
            found = await asyncio.to_thread(seen, policy, scene)
            took = self._clock.monotonic() - began
            if sha256 not in self.figures:
                continue  # its time in shadow has ended meanwhile
            figures = self.figures[sha256] = self.figures[sha256].after(found.taking(took))
            if figures.epochs % NOTED_EPOCHS == 0 or figures.in_a_row >= FAILURES_IN_A_ROW:
                self._note(sha256, figures)
