"""Count tables of past epochs, for those who report old ones again."""

import numpy as np

from hil_sim.adversary.strengths import Integers, Mask
from hil_sim.world.counts import SiftedCounts


class TableHistory:
    """The last `depth` tables of every link, and those that a frozen end repeats.

    Tables are stacks of sent, detected and errors, shape (3, 2 bases, intensities, places).
    """

    def __init__(self, depth: int, intensities: int, links: int) -> None:
        """Nothing has happened yet.

        Args:
            depth: epochs to look back, at least 1.
            intensities: of the tables.
            links: of the tables.

        Raises:
            ValueError: for a depth below 1.
        """
        if depth < 1:
            raise ValueError(f"a history must reach back 1 epoch or more, got {depth}")
        self.depth = depth
        self._tables = np.zeros((depth, 3, 2, intensities, links), dtype=np.int64)
        self._frozen = np.zeros((2, 3, 2, intensities, links), dtype=np.int64)
        self._is_frozen = np.zeros((2, links), dtype=bool)
        self._recorded = np.zeros(links, dtype=np.int64)
        self._next = 0

    def record(self, counts: SiftedCounts) -> None:
        """Add the tables of an epoch; the oldest make room."""
        slot = self._tables[self._next]
        slot[0], slot[1], slot[2] = counts.sent, counts.detected, counts.errors
        self._next = (self._next + 1) % self.depth
        self._recorded += 1

    def forget(self, links: Integers) -> None:
        """Drop the past of these links, as when their tables begin to mean something else."""
        self._recorded[links] = 0
        self._is_frozen[:, links] = False

    def old(self, links: Integers, delays: Integers, present: Integers) -> Integers:
        """Tables of these links from so many epochs ago, shape (3, 2, intensities, len(links)).

        Delay 0, and a delay beyond the first epoch of a link, give the present table.

        Args:
            links: whose tables.
            delays: epochs to look back, of each of them; 1 is the table recorded last.
            present: tables of these links in this epoch, not recorded yet.

        Raises:
            ValueError: for a delay beyond the depth.
        """
        if np.any(delays > self.depth):
            raise ValueError(f"the history reaches back {self.depth} epochs, got {int(delays.max())}")
        past = np.moveaxis(self._tables[(self._next - delays) % self.depth, ..., links], 0, -1)
        return np.where((delays > 0) & (delays <= self._recorded[links]), past, present)

    def frozen(self, end: int, frozen: Mask, links: Integers, present: Integers) -> Integers:
        """What one end of these links reports when its tables stand still where `frozen`; call it once per epoch.

        An end repeats the table from before it froze, or its first one if there was none before.

        Args:
            end: 0 or 1.
            frozen: of all links.
            links: whose tables are wanted, all that are frozen among them.
            present: tables of these links in this epoch, not recorded yet.
        """
        fresh = frozen & ~self._is_frozen[end]
        begins = fresh[links]
        last = self.old(links[begins], np.ones(int(begins.sum()), dtype=np.int64), present[..., begins])
        self._frozen[end][..., links[begins]] = last
        self._is_frozen[end] = frozen
        return np.where(frozen[links], self._frozen[end][..., links], present)
