"""Random processes on a fixed grid of time, the same whoever looks and however often."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from hil_sim.world.streams import random_stream

CHUNK_STEPS = 1024


class GridProcess(ABC):
    """A Markov process in fixed steps, generated lazily in chunks and readable at any time since the start.

    A chunk depends on the seed, its index and the state that the chunk before it ended with. Start states are kept,
    so any time in the past can be read again, bit for bit.
    """

    def __init__(self, seed: int, labels: tuple[str, ...], step_s: float, start: NDArray[np.float64]) -> None:
        self._seed = seed
        self._labels = labels
        self._step_s = step_s
        self._starts = [start]
        self._loaded = -1
        self._states = start[np.newaxis]

    def at(self, elapsed_s: float) -> NDArray[np.float64]:
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
        self._states = self._walk(rng, self._starts[chunk])
        self._loaded = chunk

    @abstractmethod
    def _walk(self, rng: np.random.Generator, start: NDArray[np.float64]) -> NDArray[np.float64]:
        """States at the `CHUNK_STEPS` + 1 grid points of one chunk, the first being `start`."""
