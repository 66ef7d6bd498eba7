"""Which adversaries are on duty in an epoch."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from hil_sim.adversary.duty import Group
from hil_sim.adversary.strengths import Floats, Integers, Mask
from hil_sim.world.streams import random_stream

CHUNK_EPOCHS = 128
ON_DUTY, REPORTING, RELAYING = 0, 1, 2
"""What an epoch draws for, apart from each other."""

_NEVER = np.iinfo(np.int64).max


class Rota:
    """Groups of one or more networks; the same whichever epochs are asked for, and in which order."""

    def __init__(self, groups: Sequence[Group], seeds: Sequence[int]) -> None:
        """All are ready.

        Args:
            groups: who acts together.
            seeds: of the network of each group.
        """
        self._groups, self._seeds = groups, seeds
        duties = [group.duty for group in groups]
        self._start = _integers([duty.start_epoch for duty in duties])
        self._end = _integers([_NEVER if duty.end_epoch is None else duty.end_epoch for duty in duties])
        self._period = _integers([duty.period for duty in duties])
        self._burst = _integers([duty.burst for duty in duties])
        self._share = np.array([duty.share for duty in duties], dtype=np.float64)
        self._wary_below = np.array([duty.wary_below for duty in duties], dtype=np.float64)
        self._members = _integers([node for group in groups for node in group.nodes])
        self._group_of_member = np.repeat(np.arange(len(groups)), _integers([len(group.nodes) for group in groups]))
        self._drawing = np.flatnonzero((self._share < 1) | np.array([group.draws for group in groups], dtype=bool))
        self._chunks = np.full(self._drawing.size, -1)
        self._uniform = np.zeros((self._drawing.size, CHUNK_EPOCHS, 3))

    def draws(self, epochs: Integers) -> Floats:
        """Numbers drawn from [0, 1), shape (3, groups); 0 for groups that need none.

        Args:
            epochs: of each group.
        """
        chunks, steps = np.divmod(epochs[self._drawing], CHUNK_EPOCHS)
        for place in np.flatnonzero(chunks != self._chunks).tolist():
            index = int(self._drawing[place])
            self._uniform[place] = _chunk(self._seeds[index], self._groups[index].label, int(chunks[place]))
        self._chunks = chunks
        drawn = np.zeros((3, len(self._groups)))
        drawn[:, self._drawing] = self._uniform[np.arange(steps.size), steps].T
        return drawn

    def on_duty(self, epochs: Integers, draws: Floats, trust: Floats | None = None) -> Mask:
        """Groups on duty, shape (groups,).

        Args:
            epochs: of each group.
            draws: of these epochs.
            trust: of each node, in [0, 1], as far as adversaries can tell; a group is as wary as its least trusted
                member. Without it nobody is wary.
        """
        since = epochs - self._start
        on = (since >= 0) & (epochs < self._end) & (since % self._period < self._burst)
        on &= draws[ON_DUTY] < self._share
        if trust is not None:
            least = np.ones(len(self._groups))
            np.minimum.at(least, self._group_of_member, trust[self._members])
            on &= least >= self._wary_below
        return on

    def acting_nodes(self, on: Mask, nodes: int) -> Mask:
        """Nodes in a group that is on duty, shape (nodes,)."""
        acting = np.zeros(nodes, dtype=bool)
        acting[self._members[on[self._group_of_member]]] = True
        acting.setflags(write=False)
        return acting


@lru_cache(maxsize=4096)
def _chunk(seed: int, label: tuple[str | int, ...], chunk: int) -> Floats:
    """Draws of consecutive epochs; kept, because whoever rejoins many networks asks for most of them again."""
    return random_stream(seed, "adversary", *label, chunk).random((CHUNK_EPOCHS, 3))


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)
