"""From counts to key: blocks that fill, close, are analysed and wait for post-processing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.detection import CELLS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.key_credit import BITS, Block, Claims
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.post_processing import PostProcessing
from hil_sim.world.key_analysis import SIGNAL, Z

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_E6 = 1e-6


@dataclass(frozen=True, slots=True)
class KeyMade:
    """Key of one epoch; arrays of shape (links,).

    Attributes:
        proven_bits: credited by the analysis of blocks.
        stored_bits: out of post-processing.
        known_bits: those of them that an eavesdropper knows.
        wasted_bits: sifted bits of blocks that were cut short.
        closed: blocks that were full.
    """

    proven_bits: Counts
    stored_bits: Counts
    known_bits: Counts
    wasted_bits: Counts
    closed: Flags


class KeyMaking:
    """The present block of every link, and the queue behind it.

    Attributes:
        sent, detected, errors: counts of the block, shape (2 bases, cells, links).
        age_s: time since it began, shape (links,).
        queue: post-processing.
    """

    def __init__(self, links: LinkArrays, cells: int, epoch_s: float) -> None:
        self._links = links
        self._epoch_s = epoch_s
        shape = (2, cells, links.count)
        self.sent, self.detected, self.errors = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        self.age_s = np.zeros(links.count)
        self.queue = PostProcessing(links.count)
        self._credited = np.zeros(links.count, dtype=np.int64)
        self._known = np.zeros(links.count)
        self._known_credited = np.zeros(links.count, dtype=np.int64)

    def reset(self, links: slice) -> None:
        """Begin anew on some links."""
        self._begin(links)
        self.queue.reset(links)

    def cut(self, links: Flags) -> Counts:
        """End the blocks of some links before they are full; return the sifted bits lost, shape (links,).

        A link whose key is credited as the block grows has lost none of it.
        """
        lost = np.where(links & ~self._links.running_credit, self.detected[Z, SIGNAL], 0)
        self._begin(links)
        return lost

    def add(self, sent: Counts, detected: Counts, errors: Counts, known_share: Floats) -> None:
        """Count one epoch into the blocks; `known_share` of the sifted bits are known to an eavesdropper."""
        self.sent += sent
        self.detected += detected
        self.errors += errors
        self._known += known_share * detected[Z, SIGNAL]
        self.age_s += self._epoch_s

    def harvest(self, protocol: NDArray[np.int8], commanded_e6: Counts, wasted_bits: Counts) -> KeyMade:
        """Analyse the blocks that are due and work off the queue for one epoch."""
        links = self._links
        full = (self.detected[Z, SIGNAL] >= links.block_bits) | (self.age_s >= links.block_longest_s)
        due = np.flatnonzero(full | links.running_credit)
        proven, at_once, known_at_once = (np.zeros(links.count, dtype=np.int64) for _ in range(3))
        if due.size:
            fresh = np.maximum(self._analyse(due, protocol[due], commanded_e6[due]) - self._credited[due], 0)
            proven[due] = fresh
            self._credited[due] += fresh
            sifted = self.detected[Z, SIGNAL, due]
            share = np.minimum(self._known[due] / np.maximum(sifted, 1), 1)
            known_in_all = np.ceil(self._credited[due] * share).astype(np.int64)
            known = np.clip(known_in_all - self._known_credited[due], 0, fresh)
            self._known_credited[due] += known
            runs = links.running_credit[due]
            at_once[due[runs]], known_at_once[due[runs]] = fresh[runs], known[runs]
            whole = ~runs
            if whole.any():
                self.queue.put(due[whole], sifted[whole], fresh[whole], known[whole])
            self._begin(full)
        stored, known_bits = self.queue.run(links.post_processing_bps * self._epoch_s)
        return KeyMade(proven, stored + at_once, known_bits + known_at_once, wasted_bits, full)

    def _analyse(self, due: Counts, protocol: NDArray[np.int8], commanded_e6: Counts) -> Counts:
        bits = np.zeros(due.size, dtype=np.int64)
        for number, name in enumerate(PROTOCOLS):
            here = np.flatnonzero(protocol == number)
            if here.size:
                which = due[here]
                cells = slice(CELLS[name])
                block = Block(self.sent[:, cells, which], self.detected[:, cells, which], self.errors[:, cells, which])
                bits[here] = BITS[name](block, claims_of(self._links, which, commanded_e6[here]))
        return bits

    def _begin(self, links: slice | Flags) -> None:
        for table in (self.sent, self.detected, self.errors):
            table[..., links] = 0
        self.age_s[links] = self._known[links] = 0.0
        self._credited[links] = self._known_credited[links] = 0


def claims_of(links: LinkArrays, which: Counts, commanded_e6: Counts) -> Claims:
    """What some of the links assume about themselves at these mean photon numbers, 1e-6 photons per signal pulse."""
    return Claims(
        mean_photon_number=np.asarray(commanded_e6 * _E6, dtype=np.float64),
        ratios=links.ratios[:, which],
        shares=links.shares[:, which],
        sending=links.sending[which],
        correction=links.correction[which],
        least_clicks=links.least_clicks[which],
        finite=links.finite[which],
        secrecy=links.secrecy[which],
        correctness=links.correctness[which],
    )
