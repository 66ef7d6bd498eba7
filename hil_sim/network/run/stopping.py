"""Ending a run at the next epoch when somebody wants it to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Stop:
    """Whether to end, and which signal asked for it; 0 while none has."""

    def __init__(self) -> None:
        self.signal = 0


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Note the first SIGINT or SIGTERM, so that what was counted stays whole; the second does what it always does."""
    stop = Stop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}

    def note(number: int, _: FrameType | None) -> None:
        stop.signal = number
        signal.signal(number, before[number])

    for number in numbers:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, before[number])
