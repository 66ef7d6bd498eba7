"""Demands for key between pairs of nodes, and the requests that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.counting import poisson

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_EPOCHS: Final = 10_000
"""Longest patience, in epochs: what arrived in each of them is remembered."""
MOST_REQUESTS: Final = 1e9
"""Most requests of a demand per epoch, on average."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Users of two nodes who want key.

    Attributes:
        source, target: numbers of the nodes.
        rate_bps: mean rate, bits per second.
        request_bits: key comes in requests of this size, at random moments.
        patience_s: a request that waits longer is given up.
    """

    source: int
    target: int
    rate_bps: float
    request_bits: int = 4096
    patience_s: float = 60.0


@dataclass(frozen=True, slots=True)
class DemandArrays:
    """Many demands, each field of shape (demands,), ends of shape (2, demands)."""

    ends: Counts
    rate_bps: Floats
    request_bits: Counts
    patience_s: Floats

    @classmethod
    def of(cls, demands: Sequence[Demand]) -> Self:
        """From single ones."""
        return cls(
            ends=np.array([(d.source, d.target) for d in demands], dtype=np.int64).reshape(-1, 2).T,
            rate_bps=np.array([d.rate_bps for d in demands], dtype=np.float64),
            request_bits=np.array([d.request_bits for d in demands], dtype=np.int64),
            patience_s=np.array([d.patience_s for d in demands], dtype=np.float64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self], nodes: Sequence[int]) -> Self:
        """Those of several networks, whose nodes count from these numbers."""
        return cls(
            np.concatenate([part.ends + first for part, first in zip(parts, nodes, strict=True)], axis=1),
            np.concatenate([part.rate_bps for part in parts]),
            np.concatenate([part.request_bits for part in parts]),
            np.concatenate([part.patience_s for part in parts]),
        )

    def check(self, epoch_s: float) -> None:
        """Refuse what cannot be simulated in epochs of this length.

        Raises:
            ValueError: naming the demand.
        """
        requests = self.rate_bps * epoch_s / np.maximum(self.request_bits, 1)
        for wrong, text in (
            (~((self.rate_bps >= 0) & (requests <= MOST_REQUESTS)), f"0 to {MOST_REQUESTS:g} requests per epoch"),
            (self.request_bits < 1, "requests of 1 bit or more"),
            (
                ~((self.patience_s > 0) & (self.patience_s <= MOST_EPOCHS * epoch_s)),
                f"a patience above 0 s, and of at most {MOST_EPOCHS} epochs, here {MOST_EPOCHS * epoch_s:g} s",
            ),
        ):
            if wrong.any():
                d = int(np.argmax(wrong))
                got = f"{self.rate_bps[d]:g} bit/s by {self.request_bits[d]} bits, patience {self.patience_s[d]:g} s"
                raise ValueError(f"demand {d} ({got}): expected {text}")


class Queues:
    """Requests that wait, in bits.

    The oldest are served first, also in part. What waits longer than the patience, rounded up to whole epochs, is given
    up: all that is in the queue beyond the arrivals of that time.

    Attributes:
        waiting_bits: shape (demands,).

    Raises:
        ValueError: see `DemandArrays.check`.
    """

    def __init__(self, demands: DemandArrays, epoch_s: float) -> None:
        demands.check(epoch_s)
        self.demands = demands
        self.waiting_bits = np.zeros(demands.rate_bps.size, dtype=np.int64)
        self._epoch_s = epoch_s
        epochs = np.maximum(np.ceil(demands.patience_s / epoch_s), 1).astype(np.int64)
        self._depth = int(epochs.max(initial=1))
        self._epochs = epochs
        self._arrived = np.zeros((self._depth, demands.rate_bps.size), dtype=np.int64)
        self._recent = np.zeros(demands.rate_bps.size, dtype=np.int64)
        self._epoch = 0

    def reset(self, demands: slice) -> None:
        """Forget what waits for some of them."""
        self.waiting_bits[demands] = self._recent[demands] = 0
        self._arrived[:, demands] = 0

    def arrive(self, noise: Floats) -> tuple[Counts, Counts]:
        """New requests of one epoch by standard normal noise, and bits given up before; each of shape (demands,)."""
        mean = self.demands.rate_bps * self._epoch_s / self.demands.request_bits
        fresh = poisson(mean, noise) * self.demands.request_bits
        columns = np.arange(fresh.size)
        now = self._epoch % self._depth
        forgotten = self._arrived[(self._epoch - self._epochs) % self._depth, columns]
        self._recent += fresh - forgotten
        self._arrived[now] = fresh
        self._epoch += 1
        waiting = self.waiting_bits + fresh
        given_up = np.maximum(waiting - self._recent, 0)
        self.waiting_bits = waiting - given_up
        return fresh, given_up

    def serve(self, bits: Counts) -> None:
        """Take served bits off the queues."""
        self.waiting_bits -= bits
