"""Decoy BB84: a channel that merely loses photons, found quickly, as a witness that some yields explain the counts.

`decoy_yields` searches all yields by a linear program. An honest link seldom needs it: background Y0, transmittance eta
and the share a <= 1-Y0 of time in which the receiver is live give the yields Y_n = Y0 + a (1-(1-eta)^n) and the error
products B_n = c + d (1-(1-eta)^n), with 0 <= c <= Y0 and 0 <= d <= a. For intensities within the tolerance they give
gains and error gains in closed form. If all of these lie within the estimates, the yields satisfy every row of the
program: B_n <= Y_n <= 1; Y_n rises with n, and less and less; and probabilities of Poissonian pulses within the
tolerance lie between the least and the most that the rows know. So it does not matter how the channel was found.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.consistency.binomial import relative_entropy
from qkdctl.physics.consistency.tally import Tally, nested
from qkdctl.physics.consistency.yield_check import side_share

_WITHIN = 0.999
"""Share of the way to the ends of the estimates that is used, so that no rounding of either test parts the two."""

_LIVE = 0.8 ** np.arange(14.0).reshape(-1, 1, 1)
"""Shares of live time to try, down to where dead times leave little to count."""

_ROUNDS = 2
_SPREAD = 3.0
"""Standard deviations that counts may lie beside the channel when its intensities are centred in their tolerance."""


def mere_loss_explains(
    mean_photon_numbers: ArrayLike, tally: Tally, *, significance: float, tolerance: ArrayLike = 0.0
) -> NDArray[np.bool_]:
    """Where a channel that merely loses photons was found that explains the counts, for any number of links at once.

    Wherever it was, `check_yields` and `check_passive` find nothing with the same arguments; elsewhere they may or may
    not. It takes about a millisecond for twenty links of three intensities.

    Args:
        mean_photon_numbers: intensities as the senders claim them, shape (..., intensities).
        tally: counts, shape (..., bases, intensities).
        significance: probability, all estimates of a link together, that any of them misses the truth.
        tolerance: share by which true intensities may differ from the claimed ones, shape (...).

    Raises:
        ValueError: for counts that are not nested.
    """
    sent, detected, errors = (part[..., np.newaxis, :, :] for part in nested(tally))
    mu = floats(mean_photon_numbers)[..., np.newaxis, np.newaxis, :]
    off = floats(tolerance)[..., np.newaxis, np.newaxis, np.newaxis]
    trials = np.maximum(sent, 1.0)
    clicks, wrong = detected / trials, errors / trials
    # what photons and background would do to a receiver that is always live is linear in the intensity
    missed = np.maximum(1 - clicks / _LIVE, 0.5 / trials)
    dark, eta = _line(mu, -np.log(missed), sent, lambda mean: np.expm1(mean) / _LIVE, off, (np.inf, 1.0))
    background = -_LIVE * np.expm1(-dark)
    live = _LIVE - background
    hit, dimmest, brightest = (-np.expm1(-eta * mu * (1 + side * off)) for side in (0, -1, 1))
    from_dark, from_light = _line(hit, wrong, sent, lambda mean: mean, off, (background, live))
    lows, highs = (np.stack([background + live * end, from_dark + from_light * end]) for end in (dimmest, brightest))
    seen = np.broadcast_to(np.stack([clicks, wrong]), lows.shape)
    budget = -_WITHIN * np.log(side_share(significance, sent.shape[-1] * sent.shape[-2]))
    inside = sent * relative_entropy(seen, np.clip(seen, lows, highs)) <= budget
    return np.asarray(inside.all(axis=(0, -2, -1)).any(axis=-1))


def _line(
    light: Floats,
    seen: Floats,
    sent: Floats,
    variance: Callable[[Floats], Floats],
    tolerance: Floats,
    tops: tuple[ArrayLike, ArrayLike],
) -> tuple[Floats, Floats]:
    """Intercept and slope, from 0 to their tops, of a line through what was seen of settings with that much light.

    Weighted least squares with the variance per pulse that the line itself gives; then the slope is moved to the middle
    of those for which no setting needs more light, or less, than the tolerance allows.
    """
    intercept_top, slope_top = tops
    single = 1 / np.maximum(sent, 1.0)
    # even where none was seen, something must be possible
    least = np.minimum(1 / np.maximum(_sum(sent), 1.0), intercept_top)
    mean = seen + single
    slope = np.clip(quotient(_most(seen), _most(light), 0.0), 0.0, slope_top)
    for _ in range(_ROUNDS):
        weights = sent / (variance(mean) + sent * (tolerance * slope * light) ** 2 / 3)
        n, x, y, xx, xy = (_sum(weights * part) for part in (1.0, light, seen, light * light, light * seen))
        intercept = np.clip(quotient(y * xx - xy * x, n * xx - x * x, 0.0), least, intercept_top)
        slope = np.clip(quotient(xy - intercept * x, xx, 0.0), 0.0, slope_top)
        intercept = np.clip(quotient(y - slope * x, n, 0.0), least, intercept_top)
        mean = np.maximum(intercept + slope * light, single)
    spread = _SPREAD * np.sqrt(variance(mean) * single)
    lowest = _most(quotient(seen - spread - intercept, light * (1 + tolerance), 0.0))
    highest = -_most(-quotient(seen + spread - intercept, light * (1 - tolerance), slope_top))
    return intercept, np.clip((np.maximum(lowest, 0.0) + np.minimum(highest, slope_top)) / 2, 0.0, slope_top)


def _sum(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=-1, keepdims=True))


def _most(values: Floats) -> Floats:
    return np.asarray(values.max(axis=-1, keepdims=True))
