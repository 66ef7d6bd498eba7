"""Deadlines by an injected clock, and work that is cancelled as a whole."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from qkdctl.clock import Clock

T = TypeVar("T")


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work.

    Raises:
        TimeoutError: it took longer and was cancelled.
    """
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError(f"no answer within {seconds:g} s")
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)


async def apart(work: Coroutine[Any, Any, None]) -> None:
    """Run work in a task of its own: a task group that fails while it is cancelled forgets that it was."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    await task
