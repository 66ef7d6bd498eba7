"""Exact tails of the binomial distribution, and intervals for its probability that hold for any number of trials."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincc

from qkdctl.physics.arrays import Floats, floats

_HALVINGS = 60
_PRECISION = 1e-6
"""By how much of its distance from what was observed, or from 0 or 1, an end may lie too far out."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A probability as it was observed, and the range it lies in.

    Attributes:
        observed: successes per trial.
        low: lower end of the range.
        high: upper end.
    """

    observed: Floats
    low: Floats
    high: Floats


def exactly(probability: ArrayLike) -> Estimate:
    """The estimate from infinitely many trials."""
    return Estimate(floats(probability), floats(probability), floats(probability))


def at_least(successes: ArrayLike, trials: ArrayLike, probability: ArrayLike) -> Floats:
    """Probability of that many successes or more."""
    k, n, p = np.broadcast_arrays(floats(successes), floats(trials), floats(probability))
    some, possible = k > 0, k <= n
    tail = betainc(np.where(some, k, 1.0), np.where(possible, n - k, 0.0) + 1, p)
    return np.asarray(np.where(some, np.where(possible, tail, 0.0), 1.0))


def at_most(successes: ArrayLike, trials: ArrayLike, probability: ArrayLike) -> Floats:
    """Probability of that many successes or fewer."""
    k, n, p = np.broadcast_arrays(floats(successes), floats(trials), floats(probability))
    room = n > k
    return np.asarray(np.where(room, betaincc(k + 1, np.where(room, n - k, 1.0), p), 1.0))


def either_tail(successes: ArrayLike, trials: ArrayLike, least: ArrayLike, most: ArrayLike) -> Floats:
    """Two-sided p-value of the claim that the probability lies in [least, most]: twice the smaller exact tail."""
    smaller = np.minimum(at_least(successes, trials, most), at_most(successes, trials, least))
    return np.asarray(np.minimum(1.0, 2 * smaller))


def chernoff_interval(successes: ArrayLike, trials: ArrayLike, significance: ArrayLike) -> Estimate:
    """Where the mean probability of the trials lies, but for `significance` above the range and as much below.

    The ends solve n D(k/n || p) = ln(1/significance) with the relative entropy D (Hoeffding, J. Am. Stat. Assoc. 58,
    13 (1963), theorem 1, eq. 2.1). Unlike an exact (Clopper-Pearson) interval, a few percent narrower, this also holds
    when the probability changes from trial to trial, as with a channel that drifts, and for significances of 1e-300.
    Without trials the range is [0, 1].

    Raises:
        ValueError: unless 0 <= successes <= trials and 0 < significance <= 1.
    """
    k, n, a = np.broadcast_arrays(floats(successes), floats(trials), floats(significance))
    if np.any((k < 0) | (k > n)):
        raise ValueError(f"successes must lie in [0, trials], got {k!r} of {n!r}")
    if not np.all((a > 0) & (a <= 1)):
        raise ValueError(f"significance must lie in (0, 1], got {a!r}")
    tried = n > 0
    trials_made = np.where(tried, n, 1.0)
    x, budget = np.where(tried, k / trials_made, 0.5), -np.log(a)
    per_trial = budget / trials_made
    # D >= (p-x)^2 / (2 max(p, x)) brackets each end
    above = np.minimum(1 - x, per_trial + np.sqrt(per_trial**2 + 2 * x * per_trial))
    below = np.minimum(x, np.sqrt(2 * x * per_trial))
    high = np.nextafter(x + _farthest(x, above, per_trial, 1), np.inf)
    low = np.nextafter(x - _farthest(x, below, per_trial, -1), -np.inf)
    return Estimate(
        observed=np.asarray(x),
        low=np.asarray(np.where(tried, np.maximum(low, 0.0), 0.0)),
        high=np.asarray(np.where(tried, np.minimum(high, 1.0), 1.0)),
    )


def relative_entropy(observed: ArrayLike, probability: ArrayLike) -> Floats:
    """D(x || p) = x ln(x/p) + (1-x) ln((1-x)/(1-p)) of two-valued variables, in nats; infinite where p excludes x."""
    x, p = np.broadcast_arrays(floats(observed), floats(probability))
    excluded = ((p <= 0) & (x > 0)) | ((p >= 1) & (x < 1))
    p = np.where(excluded, x, p)
    ones, zeros = x > 0, x < 1
    with_ones = x * _log_ratio(np.where(ones, p, 1.0), np.where(ones, x, 1.0), p - x)
    with_zeros = (1 - x) * _log_ratio(np.where(zeros, 1 - p, 1.0), np.where(zeros, 1 - x, 1.0), x - p)
    return np.asarray(np.where(excluded, np.inf, -with_ones - with_zeros))


def _log_ratio(part: Floats, whole: Floats, difference: Floats) -> Floats:
    """ln(part/whole) of positive numbers; from their difference where they agree in many digits, as for many trials."""
    near = np.abs(difference) < whole / 2
    small = np.where(near, difference, 0.0) / np.where(near, whole, 1.0)
    # apart, the quotient of the two may pass what a double can hold
    return np.asarray(np.where(near, np.log1p(small), np.log(part) - np.log(whole)))


def _farthest(x: Floats, bracket: Floats, per_trial: Floats, side: int) -> Floats:
    """Largest step from x to one side whose relative entropy does not pass the budget, rounded outwards."""
    inside, outside = np.zeros_like(bracket), bracket
    room = 1 - x if side > 0 else x
    for _ in range(_HALVINGS):
        wide = outside - inside > _PRECISION * np.minimum(outside, room - outside)
        if not wide.any():
            break
        middle = (inside + outside) / 2
        within = relative_entropy(x, x + side * middle) <= per_trial
        # what is narrow stays, so that no interval depends on those asked for along with it
        inside, outside = np.where(wide & within, middle, inside), np.where(wide & ~within, middle, outside)
    return np.asarray(outside)
