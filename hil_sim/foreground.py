"""Running in the foreground until somebody has had enough."""

import asyncio
import signal
from contextlib import suppress


def stop_signals() -> asyncio.Event:
    """Set by SIGINT, SIGTERM or SIGHUP (the terminal was closed) from now on; call it within a running event loop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def until_stopped(stopped: asyncio.Event, duration_s: float | None) -> None:
    """Wait for a signal, or for the end of the duration if there is one."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), duration_s)
