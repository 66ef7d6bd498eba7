"""Waiting longer after each failure, and not at the same time as everybody else."""

import random


class Backoff:
    """Exponential back-off with jitter.

    Args:
        first_s: about the first delay.
        limit_s: no delay is longer.
        source: of the jitter; each delay is drawn between half and all of its nominal value.
    """

    def __init__(self, first_s: float, limit_s: float, source: random.Random) -> None:
        self._first_s = first_s
        self._limit_s = limit_s
        self._source = source
        self._failures = 0

    def next_delay_s(self) -> float:
        """The delay before the next try."""
        nominal = min(self._limit_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return nominal * self._source.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Start over after a success."""
        self._failures = 0
