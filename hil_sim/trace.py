"""A record of what simulated instruments really did, to prove claims such as "dark within a second"."""

import json
from pathlib import Path
from typing import Protocol, TextIO

from qkdctl.clock import Clock

TraceValue = float | int | str | bool


class Trace(Protocol):
    """Takes note of one change of an instrument; call it with the quantity's name (unit included) and new value."""

    def __call__(self, quantity: str, value: TraceValue) -> None:
        """Record that `quantity` now is `value`."""


def no_trace(quantity: str, value: TraceValue) -> None:
    """Record nothing."""


class TraceWriter:
    """Writes one JSON object per line: `monotonic_s`, `wall_ms`, `instrument`, `quantity`, `value`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open `path` for appending.

        Raises:
            OSError: when the file cannot be opened.
        """
        self._clock = clock
        self._file: TextIO = path.open("a", encoding="utf-8")

    def of(self, instrument: str) -> Trace:
        """The trace of one instrument."""

        def record(quantity: str, value: TraceValue) -> None:
            self.write(instrument, quantity, value)

        return record

    def write(self, instrument: str, quantity: str, value: TraceValue) -> None:
        """Write one line at once, so that a killed simulator leaves a complete record."""
        line = {
            "monotonic_s": round(self._clock.monotonic(), 6),
            "wall_ms": self._clock.wall_ms(),
            "instrument": instrument,
            "quantity": quantity,
            "value": value,
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
