"""The parts of a node that run as tasks, from its start to its end."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)
_CANCELLATIONS = 2
_CANCELLING_S = 3.0


class Parts:
    """Runs them; one that crashes does not do so in silence.

    Args:
        on_defect: told the name of a part that has ended by a defect; must not block.
    """

    def __init__(self, on_defect: Callable[[str], None]) -> None:
        self._on_defect = on_defect
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a part from now on."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def running(self) -> set[str]:
        """Names of the parts that have not ended."""
        return {task.get_name() for task in self._tasks if not task.done()}

    def defects(self) -> list[str]:
        """Parts that have ended by a defect, each with its error."""
        return [f"{task.get_name()} has ended: {task.exception()!r}" for task in self._tasks if _has_crashed(task)]

    def cancel(self, names: Collection[str]) -> None:
        """Tell some parts to end; returns at once."""
        for task in self._tasks:
            if task.get_name() in names:
                task.cancel()

    async def end(self) -> None:
        """End everything, twice if need be: a driver may swallow a cancellation, but not hold up the end for ever."""
        left = set(self._tasks)
        for _ in range(_CANCELLATIONS):
            for task in left:
                task.cancel()
            if left:
                _, left = await asyncio.wait(left, timeout=_CANCELLING_S)
        for task in left:
            log.error("task does not end", task=task.get_name())
        self._tasks.clear()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if _has_crashed(task):
            log.critical("a part of the node has ended by a defect", part=task.get_name(), exc_info=task.exception())
            self._on_defect(task.get_name())


def _has_crashed(task: "asyncio.Task[None]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
