"""The queue of sifted blocks in front of error correction and privacy amplification, for many links at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

DEPTH: Final = 8
"""Blocks that may wait at one link; one that finds the queue full is lost."""


class PostProcessing:
    """First in, first out, at a fixed number of sifted bits per second and link.

    Attributes:
        waiting: blocks in the queue, shape (links,).
        lost_bits: key of blocks that found the queue full, so far, shape (links,).
    """

    def __init__(self, links: int) -> None:
        self.waiting = np.zeros(links, dtype=np.int64)
        self.lost_bits = np.zeros(links, dtype=np.int64)
        self._first = np.zeros(links, dtype=np.int64)
        self._sifted = np.zeros((DEPTH, links))
        self._key = np.zeros((DEPTH, links), dtype=np.int64)
        self._known = np.zeros((DEPTH, links), dtype=np.int64)

    def reset(self, links: slice) -> None:
        """Empty the queues of some links."""
        for array in (self.waiting, self.lost_bits, self._first):
            array[links] = 0

    def key_bits(self) -> Counts:
        """Key that will come out of the blocks that wait, shape (links,)."""
        places = (np.arange(DEPTH)[:, np.newaxis] - self._first) % DEPTH
        return np.asarray(np.where(places < self.waiting, self._key, 0).sum(axis=0))

    def put(self, links: Counts, sifted_bits: Counts, key_bits: Counts, known_bits: Counts) -> None:
        """Append one block to each of these links.

        Args:
            links: their numbers, each at most once.
            sifted_bits: work that the block makes.
            key_bits: what will come out of it.
            known_bits: those of them that an eavesdropper knows.
        """
        room = self.waiting[links] < DEPTH
        self.lost_bits[links[~room]] += key_bits[~room]
        links = links[room]
        place = (self._first[links] + self.waiting[links]) % DEPTH
        self._sifted[place, links] = sifted_bits[room]
        self._key[place, links] = key_bits[room]
        self._known[place, links] = known_bits[room]
        self.waiting[links] += 1

    def run(self, capacity_bits: Floats) -> tuple[Counts, Counts]:
        """Work off so many sifted bits per link; return the key that came out and what of it is known, (links,)."""
        done_key = np.zeros(self.waiting.size, dtype=np.int64)
        done_known = np.zeros(self.waiting.size, dtype=np.int64)
        busy = np.flatnonzero(self.waiting)
        budget = capacity_bits[busy]
        while busy.size:
            first = self._first[busy]
            left = self._sifted[first, busy]
            worked = np.minimum(left, budget)
            budget = budget - worked
            self._sifted[first, busy] = left - worked
            finished = worked >= left
            ends, at = busy[finished], first[finished]
            done_key[ends] += self._key[at, ends]
            done_known[ends] += self._known[at, ends]
            self._first[ends] = (at + 1) % DEPTH
            self.waiting[ends] -= 1
            going_on = finished & (self.waiting[busy] > 0)
            busy, budget = busy[going_on], budget[going_on]
        return done_key, done_known
