"""Bursts of errors: long quiet times, short disturbed ones, both with heavy tails.

The numbers are fitted to the anomalies labelled in one long QBER series of a decoy-BB84 link (31 bursts in 163 000
points): length of a burst mean 95, median 20, p90 242 points; gap mean 5315, median 2080, p90 16 399 points; deviation
of the QBER in a burst median .0045, p90 .024, p99 .25, maximum .595. Weibull laws give 94, 20, 244 and 5920, 2070,
15 830; the truncated Pareto law gives .0045, .026, .21, .595. A series with 31 bursts fixes none of them better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hil_sim.channels.heavy_tails import TruncatedPareto, Weibull
from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import POSITIVE, PROBABILITY, Range

BURST_POINTS = Weibull(scale=40.6, shape=0.466, least=1.0)
GAP_POINTS = Weibull(scale=3850.0, shape=0.59)
DEVIATION = TruncatedPareto(least=0.0021, most=0.595, exponent=0.9)
HOLD_POINTS = 10.0
"""Mean time that a deviation is held before it jumps to another one, within a burst; an assumption."""

_REST, _ERROR = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Bursts(PerLink):
    """Alternating quiet times and bursts; the state holds the time in s to the next change, and the error added now.

    Within a burst the error jumps at random times. Changes happen at their own times, whatever the step.

    Attributes:
        strength: factor on the deviations, at most 1; 0 for a link without bursts.
        point_s: time that one point of the series stands for.
    """

    strength: ArrayLike = 0.0
    point_s: ArrayLike = 1.0

    RANGES: ClassVar[Mapping[str, Range]] = {"strength": PROBABILITY, "point_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Whether no link has bursts."""
        return not np.any(self.strength)

    def start(self, rng: np.random.Generator) -> Floats:
        """A look at a random time: in a burst with its share of the time, the rest of the phase as it then is."""
        links = floats(self.strength).size
        in_burst = rng.random(links) < BURST_POINTS.mean / (BURST_POINTS.mean + GAP_POINTS.mean)
        bursting = int(in_burst.sum())
        rest, error = np.empty(links), np.zeros(links)
        rest[in_burst] = BURST_POINTS.draw_rest(bursting, rng)
        rest[~in_burst] = GAP_POINTS.draw_rest(links - bursting, rng)
        error[in_burst] = DEVIATION.draw(bursting, rng)
        rest *= floats(self.point_s).ravel()
        return np.stack([rest, error], axis=-1).reshape(*self.shape, 2)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        require_steps(steps, step_s)
        point_s = floats(self.point_s).ravel()
        rest, error = (state[..., n].ravel() for n in (_REST, _ERROR))
        path = np.zeros((steps, len(point_s), 2))
        path[:, :, _REST] = rest - step_s * np.arange(1, steps + 1)[:, np.newaxis]
        busy = np.flatnonzero((error > 0) | (rest <= steps * step_s))
        if len(busy):
            path[:, busy] = _walk_of_busy(rest[busy], error[busy], point_s[busy], steps, step_s, rng)
        return path.reshape(steps, *self.shape, 2)

    def added_error(self, state: Floats) -> Floats:
        """Error probability on top of the link's own, in [0, .595]."""
        return np.asarray(floats(self.strength) * state[..., _ERROR])


def _walk_of_busy(
    rest: Floats, error: Floats, point_s: Floats, steps: int, step_s: float, rng: np.random.Generator
) -> Floats:
    """Paths of links that are in a burst, or will be within these steps."""
    jumps = rng.random((steps, len(rest))) < -np.expm1(-step_s / (HOLD_POINTS * point_s))
    path = np.empty((steps, len(rest), 2))
    step = 0
    while step < steps:
        calm = _calm_steps(rest, jumps[step:], error, step_s)
        if calm:
            # one subtraction after the other, so that it does not matter how many steps are taken at once
            falling = np.concatenate([rest[np.newaxis], np.full((calm, len(rest)), step_s)])
            path[step : step + calm, :, _REST] = np.subtract.accumulate(falling)[1:]
            path[step : step + calm, :, _ERROR] = error
            rest = path[step + calm - 1, :, _REST].copy()
            step += calm
        else:
            rest -= step_s
            while len(due := np.flatnonzero(rest <= 0)):
                _change(due, rest, error, point_s, rng)
            if len(jumping := np.flatnonzero(jumps[step] & (error > 0))):
                error[jumping] = DEVIATION.draw(len(jumping), rng)
            path[step, :, _REST], path[step, :, _ERROR] = rest, error
            step += 1
    return path


def _calm_steps(rest: Floats, jumps: NDArray[np.bool_], error: Floats, step_s: float) -> int:
    """Steps of these to come in which surely nothing happens to any link but that time goes by."""
    until_change = max(int(rest.min() / step_s) - 1, 0)
    bursting = error > 0
    jumping = jumps[:until_change, bursting].any(axis=1) if bursting.any() else np.zeros(0, dtype=np.bool_)
    return int(jumping.argmax()) if jumping.any() else min(until_change, len(jumps))


def _change(due: NDArray[np.intp], rest: Floats, error: Floats, point_s: Floats, rng: np.random.Generator) -> None:
    """End the phase of these links and begin the next one, from when the last one ended."""
    quiet = error[due] == 0
    begin, end = due[quiet], due[~quiet]
    rest[begin] += point_s[begin] * BURST_POINTS.draw(len(begin), rng)
    error[begin] = DEVIATION.draw(len(begin), rng)
    rest[end] += point_s[end] * GAP_POINTS.draw(len(end), rng)
    error[end] = 0.0
