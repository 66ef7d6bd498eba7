"""Virtual time: what is due first happens first, and what is due at once happens in the order it was asked for."""

import heapq
from collections.abc import Callable


class Scheduler:
    """Runs callbacks in virtual time.

    Attributes:
        now: seconds since the beginning.
        done: callbacks that have run.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.done = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._asked = 0

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run a callback in so many seconds; at once when that is not positive."""
        self._asked += 1
        heapq.heappush(self._queue, (self.now + max(0.0, delay_s), self._asked, action))

    def run_next(self) -> bool:
        """Run what is due first; False when nothing is."""
        if not self._queue:
            return False
        self.now, _, action = heapq.heappop(self._queue)
        self.done += 1
        action()
        return True
