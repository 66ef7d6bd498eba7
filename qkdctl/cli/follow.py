"""The status of a daemon, kept up to date over breaks and restarts."""

import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qkdctl.client import Client, UnreachableError, apply_changes

RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """What is known now.

    Attributes:
        status: the last status; old when not connected.
        connected: False once the stream broke, until it is back.
        silent_s: how long it has been broken, in seconds; 0 when connected.
    """

    status: dict[str, Any]
    connected: bool = True
    silent_s: float = 0.0


def follow(client: Client, pause: Callable[[float], object] | None = None) -> Iterator[View]:
    """Views for ever: one per snapshot, update, beat and failed attempt to reconnect.

    Args:
        client: of the daemon.
        pause: waits between attempts; takes seconds.

    Raises:
        UnreachableError: no daemon answers at the beginning. Later on a view without connection says so.
        RefusedError: the daemon does not let us.
    """
    wait = pause if pause is not None else _sleep
    status: dict[str, Any] | None = None
    last_id: str | None = None
    silent_s = 0.0
    while True:
        try:
            for event in client.events(last_id):
                last_id, silent_s = event.id or last_id, 0.0
                if event.kind == "snapshot":
                    status = event.data
                elif event.kind == "update" and status is not None:
                    status = apply_changes(status, event.data["changes"])
                if status is not None:
                    yield View(status)
        except UnreachableError:
            if status is None:
                raise
        if status is not None:
            yield View(status, connected=False, silent_s=silent_s)
        wait(RETRY_S)
        silent_s += RETRY_S


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)
