"""The randomness of each network in a stack, from streams of its own."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.link_channel import ChannelState
from hil_sim.network.network import Stack
from hil_sim.world.streams import quick_stream, random_stream

Floats = NDArray[np.float64]

SHORTEST_CHUNK: Final = 32
LONGEST_CHUNK: Final = 256
_CHUNK_SIZE: Final = 16_384
COUNTING_CHUNK: Final = 16
"""Steps of counting noise drawn at once."""

ALIGNMENT_DRAWS: Final = 3


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard normal deviates of one step.

    Attributes:
        counting: for binomial counts, shape (draws, links); a network without protocols of many cells leaves the last
            rows alone.
        alignment: shape (3, links).
        demands: shape (demands,).
    """

    counting: Floats
    alignment: Floats
    demands: Floats


def chunk_steps(links: int) -> int:
    """Steps of the channels that a network of so many links draws at once.

    Few links draw far ahead, because every draw has a price; many do not, for the sake of memory. It depends on the
    network alone, or a trace would depend on how it is read.
    """
    return min(max(_CHUNK_SIZE // links, SHORTEST_CHUNK), LONGEST_CHUNK)


class CountingStreams:
    """Counting noise: one stream per network, so that nothing in one network shifts another.

    Every step takes the same number of deviates from the stream, whatever the links do, so steps can be drawn ahead.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        networks = len(stack.networks)
        self._rngs: list[np.random.Generator] = [np.random.default_rng(0)] * networks
        self._draws = [6 * network.cells() for network in stack.networks]
        self._counting = np.zeros((COUNTING_CHUNK, 6 * stack.cells, stack.links.count))
        self._alignment = np.zeros((COUNTING_CHUNK, ALIGNMENT_DRAWS, stack.links.count))
        self._demands = np.zeros((COUNTING_CHUNK, stack.demands.rate_bps.size))
        self._cursor = 0
        self._not_drawn = set(range(networks))

    def reset(self, number: int, seed: int) -> None:
        """Begin the stream of one network anew."""
        self._rngs[number] = quick_stream(seed, "network", "counting")
        self._not_drawn.add(number)

    def step(self) -> Noise:
        """The noise of the next step; the arrays are overwritten by later ones."""
        if self._cursor == COUNTING_CHUNK:
            self._cursor = 0
            self._not_drawn.update(range(len(self._rngs)))
        for number in self._not_drawn:
            self._draw(number)
        self._not_drawn.clear()
        now = self._cursor
        self._cursor += 1
        return Noise(self._counting[now], self._alignment[now], self._demands[now])

    def _draw(self, number: int) -> None:
        """All steps of a network that are left of the chunk, with the deviates that one step after the other takes."""
        left, links, demands = slice(self._cursor, None), self._stack.links_of[number], self._stack.demands_of[number]
        count, draws = links.stop - links.start, self._draws[number]
        of_links = (draws + ALIGNMENT_DRAWS) * count
        drawn = self._rngs[number].standard_normal(
            (COUNTING_CHUNK - self._cursor, of_links + demands.stop - demands.start)
        )
        rows = drawn[:, :of_links].reshape(-1, draws + ALIGNMENT_DRAWS, count)
        self._counting[left, :draws, links] = rows[:, :draws]
        self._alignment[left, :, links] = rows[:, draws:]
        self._demands[left, demands] = drawn[:, of_links:]


@dataclass(frozen=True, slots=True)
class ChannelStep:
    """What the channels are at the end of a step; fields as in `ChannelTrace`, without its axis of steps."""

    excess_loss_db: Floats
    rotation: Floats
    background_photons: Floats
    extra_error: Floats
    source_factor: Floats
    phase_error: Floats
    efficiency_factor: Floats
    dark_factor: Floats


class ChannelStreams:
    """The channels of all networks, each drawn ahead in chunks from streams of its own."""

    def __init__(self, stack: Stack, step_s: float) -> None:
        self._stack = stack
        self._step_s = step_s
        count = stack.links.count
        shapes = {name: (4,) if name == "rotation" else () for name in ChannelStep.__slots__}
        self._chunk = np.array([chunk_steps(network.links.count) for network in stack.networks])
        steps = int(self._chunk.max())
        # the axis of components first in memory: rows of one component are then contiguous
        self._rows = {
            name: np.moveaxis(np.zeros((*shape, steps, count)), 0, -1) if shape else np.zeros((steps, count))
            for name, shape in shapes.items()
        }
        networks = len(stack.networks)
        self._rngs: list[np.random.Generator] = [np.random.default_rng(0)] * networks
        self._ends: list[ChannelState | None] = [None] * networks
        self._drawn = np.zeros(networks, dtype=np.int64)
        self._cursor = np.zeros(networks, dtype=np.int64)

    def reset(self, number: int, seed: int) -> None:
        """Begin the channels of one network anew."""
        self._rngs[number] = rng = random_stream(seed, "network", "channels")
        self._ends[number] = self._stack.networks[number].channel.start(rng)
        self._drawn[number] = 0
        self._cursor[number] = self._chunk[number]

    def step(self) -> ChannelStep:
        """The next step of all networks."""
        for number in np.flatnonzero(self._cursor == self._chunk):
            self._draw(int(number))
        first = self._cursor[0]
        if (self._cursor == first).all():
            rows = {name: table[first] for name, table in self._rows.items()}
        else:
            step = self._cursor[self._stack.network_of_link]
            columns = np.arange(step.size)
            rows = {name: table[step, columns] for name, table in self._rows.items()}
        self._cursor += 1
        return ChannelStep(**rows)

    def _draw(self, number: int) -> None:
        state = self._ends[number]
        assert state is not None, "a network is reset before it is stepped"
        elapsed_s = float(self._drawn[number]) * self._step_s
        channel, links = self._stack.networks[number].channel, self._stack.links_of[number]
        steps = int(self._chunk[number])
        trace = channel.trace(state, steps, self._step_s, elapsed_s, self._rngs[number])
        for name, table in self._rows.items():
            table[:steps, links] = getattr(trace, name)
        self._ends[number] = trace.end
        self._drawn[number] += steps
        self._cursor[number] = 0
