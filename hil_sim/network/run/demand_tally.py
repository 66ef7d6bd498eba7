"""What every demand asked for and got, and when its service was out."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.key_service import Served

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

OUTAGE_LOSS: Final = 0.2
"""Out of service is a demand in an epoch in which more than this share of what leaves its queue is given up."""


class DemandTally:
    """Sums over the epochs of a run; arrays of shape (demands,).

    Attributes:
        epochs: how many were counted.
        asked, delivered, given_up, spoilt, leaked: bits, see `Served`.
        waiting: bits in the queue now.
        waiting_sum: bits in the queue, summed over the epochs.
        out: epochs out of service.
        outages, restored: how often service went out, and how often it came back.
        restored_out: epochs of the outages that have ended.
        longest_out: epochs of the longest outage.
    """

    def __init__(self, demands: int) -> None:
        """Begin at zero, with everything in service."""
        self.epochs = 0
        self.asked, self.delivered, self.given_up, self.spoilt, self.waiting = _zeros(demands, 5)
        self.leaked, self.waiting_sum = np.zeros(demands), np.zeros(demands)
        self.out, self.outages, self.restored, self.restored_out, self.longest_out, self._out_now = _zeros(demands, 6)

    def add(self, served: Served) -> None:
        """Count one epoch."""
        self.epochs += 1
        self.asked += served.asked
        self.delivered += served.delivered
        self.given_up += served.given_up
        self.spoilt += served.spoilt
        self.leaked += served.leaked
        self.waiting = served.waiting
        self.waiting_sum += served.waiting
        self._follow_outages(served)

    def waits_epochs(self) -> Floats:
        """Mean time of a bit in the queue by Little's law, in epochs; NaN for demands that asked for nothing."""
        some = self.asked > 0
        return np.where(some, self.waiting_sum / np.where(some, self.asked, 1), np.nan)

    def _follow_outages(self, served: Served) -> None:
        left = served.delivered + served.given_up
        out = served.given_up > OUTAGE_LOSS * left
        # an epoch in which nothing leaves the queue says nothing new
        out = np.where(left > 0, out, self._out_now > 0)
        back = ~out & (self._out_now > 0)
        self.out += out
        self.outages += out & (self._out_now == 0)
        self.restored += back
        self.restored_out += np.where(back, self._out_now, 0)
        self._out_now = np.where(out, self._out_now + 1, 0)
        self.longest_out = np.maximum(self.longest_out, self._out_now)


def _zeros(demands: int, count: int) -> list[Counts]:
    return [np.zeros(demands, dtype=np.int64) for _ in range(count)]
