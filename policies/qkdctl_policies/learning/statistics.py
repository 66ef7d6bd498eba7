"""Few runs told honestly (Agarwal et al., NeurIPS 2021): inter-quartile mean, bootstrap over the seeds."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

DRAWS: Final = 2_000
_NOTHING: Final = 1e-14
"""What rounding leaves of sums of shares; variances of error rates are some 1e-10."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the bootstrap interval that holds 95 % of the means of redrawn seeds."""

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
    means = inter_quartile_mean(_redrawn(values, _places(values, seed)).reshape(DRAWS, -1))
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(inter_quartile_mean(values.reshape(-1))), float(low), float(high))


def ratio(above: Floats, below: Floats, seed: int = 0) -> Interval:
    """Mean of one table over the mean of another, 0 where that is nothing; the same seeds are redrawn from both.

    Args:
        above: shape (scenarios, seeds).
        below: likewise.
        seed: of the redrawing.
    """
    places = _places(above, seed)
    ratios = _safe_ratio(*(_redrawn(values, places).mean(axis=(1, 2)) for values in (above, below)))
    low, high = np.quantile(ratios, (0.025, 0.975))
    return Interval(float(_safe_ratio(above.mean(), below.mean())), float(low), float(high))


def _places(values: Floats, seed: int) -> NDArray[np.int64]:
    scenarios, seeds = values.shape
    return np.random.default_rng(seed).integers(seeds, size=(DRAWS, scenarios, seeds))


def _redrawn(values: Floats, places: NDArray[np.int64]) -> Floats:
    return np.take_along_axis(np.broadcast_to(values, places.shape), places, axis=2)


def _safe_ratio(above: ArrayLike, below: ArrayLike) -> Floats:
    whole = np.asarray(below, dtype=np.float64)
    return np.asarray(np.where(np.abs(whole) > _NOTHING, above, 0.0) / np.where(np.abs(whole) > _NOTHING, whole, 1.0))
