"""Key buffers between the ends of each link, with the states by which operators and routing know them.

The states and their thresholds follow the buffers of QKDNetSim (Mehic et al., Quantum Inf. Process. 16, 206 (2017)).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hil_sim.world.parameters import Parameters

Counts = NDArray[np.int64]
Bits = Annotated[int, Field(ge=0, le=2**53)]


class BufferState(IntEnum):
    """How full a buffer is, and whether it comes from being empty."""

    EMPTY = 0
    CHARGING = 1
    WARNING = 2
    READY = 3


class BufferLimits(Parameters):
    """Sizes of a key buffer in bits.

    Attributes:
        least_bits: reserve that only the link's own authentication may use; at or below it the buffer is EMPTY.
        ready_bits: from here on the buffer is READY.
        start_bits: in store at the start.
        most_bits: what comes beyond is discarded.
    """

    least_bits: Bits = 1_000_000
    ready_bits: Bits = 2_000_000
    start_bits: Bits = 5_000_000
    most_bits: Bits = 1_000_000_000

    @model_validator(mode="after")
    def _rise(self) -> Self:
        if not self.least_bits < self.ready_bits <= self.most_bits:
            raise ValueError("buffer limits must satisfy least_bits < ready_bits <= most_bits")
        if self.start_bits > self.most_bits:
            raise ValueError("start_bits must not exceed most_bits")
        return self


@dataclass(frozen=True, slots=True)
class LimitArrays:
    """`BufferLimits` of many links, each of shape (links,)."""

    least: Counts
    ready: Counts
    start: Counts
    most: Counts


class KeyBuffers:
    """Stored key of all links.

    Key is used oldest first in truth; which bits an eavesdropper knows is told apart only in the mean, so a use takes
    its share of the known ones.

    Attributes:
        bits: in store, shape (links,).
        known_bits: those of them that an eavesdropper knows.
        state: `BufferState` of each.
        discarded_bits: what found the buffer full, so far.
    """

    def __init__(self, limits: LimitArrays) -> None:
        self.limits = limits
        self.bits = limits.start.copy()
        self.known_bits = np.zeros_like(self.bits)
        self.discarded_bits = np.zeros_like(self.bits)
        self.state = self._levels().astype(np.int8)

    def reset(self, links: slice) -> None:
        """Put some links back to the start."""
        self.bits[links] = self.limits.start[links]
        self.known_bits[links] = self.discarded_bits[links] = 0
        self.state[links] = self._levels()[links]

    def available(self) -> Counts:
        """Bits above the reserve, shape (links,)."""
        return np.asarray(np.maximum(self.bits - self.limits.least, 0))

    def known_share(self) -> NDArray[np.float64]:
        """Share of the stored bits that an eavesdropper knows, shape (links,)."""
        return np.asarray(self.known_bits / np.maximum(self.bits, 1))

    def store(self, bits: Counts, known: Counts) -> None:
        """Add fresh key and what of it is known, each of shape (links,)."""
        room = self.limits.most - self.bits
        kept = np.minimum(bits, room)
        self.bits += kept
        self.discarded_bits += bits - kept
        share = kept / np.maximum(bits, 1)
        self.known_bits += np.minimum(np.ceil(known * share).astype(np.int64), np.minimum(known, kept))

    def use(self, bits: Counts) -> Counts:
        """Take bits out; return how many of them are known.

        Raises:
            ValueError: when a link has fewer; nothing is taken then.
        """
        if np.any(bits > self.bits):
            link = int(np.argmax(bits - self.bits))
            raise ValueError(f"link {link} has {self.bits[link]} bits of key, asked for {bits[link]}")
        share = bits / np.maximum(self.bits, 1)
        known = np.minimum(np.ceil(self.known_bits * share).astype(np.int64), np.minimum(self.known_bits, bits))
        known = np.maximum(known, self.known_bits - (self.bits - bits))
        self.bits -= bits
        self.known_bits -= known
        return np.asarray(known)

    def settle(self) -> None:
        """Move the states on: between the thresholds, a buffer that was EMPTY is CHARGING until it is READY."""
        rising = (self.state == BufferState.EMPTY) | (self.state == BufferState.CHARGING)
        level = self._levels()
        between = level == BufferState.WARNING
        self.state = np.where(between & rising, BufferState.CHARGING, level).astype(np.int8)

    def _levels(self) -> NDArray[np.int64]:
        ready = np.where(self.bits >= self.limits.ready, int(BufferState.READY), int(BufferState.WARNING))
        return np.where(self.bits <= self.limits.least, int(BufferState.EMPTY), ready)
