"""Random processes on a fixed grid of time, the same whoever looks and however often."""

import numpy as np

from hil_sim.channels.process import Process
from hil_sim.world.streams import random_stream
from qkdctl.physics.arrays import Floats

CHUNK_STEPS = 1024


class GridProcess:
    """A process of one link in fixed steps, generated lazily in chunks and readable at any time since the start.

    A chunk depends on the seed, its index and the state that the chunk before it ended with. Start states are kept,
    so any time in the past can be read again, bit for bit.
    """

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, process: Process, start: Floats) -> None:
        self._seed = seed
        self._labels = labels
        self._step_s = step_s
        self._process = process
        self._starts = [start]
        self._loaded = -1
        self._states = start[np.newaxis]

    def at(self, elapsed_s: float) -> Floats:
        """State at the last grid point not after this time.

        Raises:
            ValueError: for a time before the start.
        """
        if elapsed_s < 0:
            raise ValueError(f"drift asked for {-elapsed_s:g} s before the link existed; clocks must not go back")
        chunk, step = divmod(int(elapsed_s / self._step_s + 1e-6), CHUNK_STEPS)
        while chunk >= len(self._starts):
            self._load(len(self._starts) - 1)
            self._starts.append(self._states[-1].copy())
        if chunk != self._loaded:
            self._load(chunk)
        return np.asarray(self._states[step])

    def _load(self, chunk: int) -> None:
        rng = random_stream(self._seed, *self._labels, chunk)
        start = self._starts[chunk]
        path = self._process.walk(start, CHUNK_STEPS, self._step_s, rng)
        self._states = np.concatenate([start[np.newaxis], path])
        self._loaded = chunk
