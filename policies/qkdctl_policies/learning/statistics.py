"""Few runs told honestly (Agarwal et al., NeurIPS 2021): inter-quartile mean, bootstrap over the seeds."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An inter-quartile mean and the bootstrap interval that holds 95 % of the means of redrawn seeds."""

    mean: float
    low: float
    high: float


def inter_quartile_mean(values: Floats) -> Floats:
    """Mean of the middle half of the last axis; values at its edges count in part."""
    ordered = np.sort(values, axis=-1)
    count = ordered.shape[-1]
    edges = np.clip(np.arange(count + 1), count / 4, 3 * count / 4)
    weights = np.diff(edges)
    return np.asarray((ordered * weights).sum(axis=-1) / weights.sum())


def interval(values: Floats, seed: int = 0) -> Interval:
    """Inter-quartile mean over all values, redrawing seeds within each scenario.

    Args:
        values: shape (scenarios, seeds).
        seed: of the redrawing.
    """
    rng = np.random.default_rng(seed)
    scenarios, seeds = values.shape
    places = rng.integers(seeds, size=(DRAWS, scenarios, seeds))
    drawn = np.take_along_axis(np.broadcast_to(values, places.shape), places, axis=2)
    means = inter_quartile_mean(drawn.reshape(DRAWS, -1))
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(inter_quartile_mean(values.reshape(-1))), float(low), float(high))
