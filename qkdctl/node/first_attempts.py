"""Waiting at the start until devices have been tried once."""

import asyncio
from collections.abc import Collection

from qkdctl.devices.supervisor import StartPolicy, Supervisor

_OTHERS_START_S = 3.0


class StartError(Exception):
    """A device that must answer at start does not."""


async def await_first_attempts(supervisors: Collection[Supervisor], timeout_s: float) -> None:
    """Wait for devices the daemon cannot start without, and a moment for the others, so that links run on.

    Args:
        supervisors: of all devices, running.
        timeout_s: for those with on_start = "error".

    Raises:
        StartError: one of those did not come up in time.
    """
    required = [s for s in supervisors if s.settings.on_start is StartPolicy.ERROR]
    await _attempts(required, timeout_s)
    await _attempts(supervisors, _OTHERS_START_S)
    if missing := [s for s in required if not s.usable]:
        reasons = "; ".join(f"{s.device.name}: {s.last_error or 'no answer'}" for s in missing)
        raise StartError(f'devices with on_start = "error" did not come up: {reasons}')


async def _attempts(supervisors: Collection[Supervisor], timeout_s: float) -> None:
    """Wait until each has tried once, at most so long."""
    waits = [asyncio.create_task(supervisor.first_attempt.wait()) for supervisor in supervisors]
    if waits:
        _, late = await asyncio.wait(waits, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
