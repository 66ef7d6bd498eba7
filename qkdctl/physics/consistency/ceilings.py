"""Claims that no honest device can make: more key than the channel carries, more clicks than photons."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import BACKGROUND_ERROR, Channel, rate_infinite_decoy
from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.consistency.binomial import Estimate, chernoff_interval
from qkdctl.physics.consistency.finding import Check, make_check
from qkdctl.physics.consistency.tally import Tally, nested
from qkdctl.physics.mdi import MdiChannel, single_pair_yield
from qkdctl.physics.photons import transmittance

REPEATERLESS = "rate-above-repeaterless-bound"
OBSERVED_RATE = "rate-above-observed-ceiling"
PAIR_YIELD = "mdi-pair-yield-above-ceiling"

_BACKGROUND_STEPS = 33
_TAILS = 4
"""Ends of intervals that the ceiling rests on: of the gain, of the errors, and both of the background."""


def check_repeaterless(
    rate: ArrayLike, loss_db: ArrayLike, *, stations: ArrayLike = 0, loss_tolerance_db: ArrayLike = 0.0
) -> Check:
    """Whether a claimed key rate keeps below the bound of Pirandola et al. for the measured loss (`plob_bound`).

    Args:
        rate: secret bits per pulse, or per pair of pulses with a station midway.
        loss_db: measured end-to-end loss of the channel, detectors included.
        stations: measuring stations at equal distances: 0, or 1 for twin-field. A relay for MDI, which needs a photon
            from each side, gains nothing from its place: 0.
        loss_tolerance_db: by how much the loss may be overrated.
    """
    eta = transmittance(np.maximum(floats(loss_db) - floats(loss_tolerance_db), 0.0))
    ceiling = plob_bound(eta ** (1 / (1 + floats(stations))))
    impossible = floats(rate) > ceiling
    reason = "{statistic:.4g} secret bits per pulse pass the {bound:.4g} that a channel of the measured loss can carry"
    return make_check(REPEATERLESS, rate, ceiling, np.where(impossible, 0.0, 1.0), impossible, reason)


def implied_channel(
    gain: ArrayLike, error_rate: ArrayLike, mean_photon_number: ArrayLike, background: ArrayLike
) -> Channel:
    """The channel that shows this gain and error rate (inverse of `bb84.gain` and `bb84.error_rate`).

    No light arrives if the background alone makes the gain, nothing is misaligned if it alone makes the errors, and all
    light arrives if the gain needs more than that.

    Raises:
        ValueError: unless 0 <= gain < 1, 0 <= background < 1 and the intensity is positive.
    """
    q, y0, mu = floats(gain), floats(background), floats(mean_photon_number)
    if not np.all((q >= 0) & (q < 1) & (y0 >= 0) & (y0 < 1) & (mu > 0)):
        raise ValueError(f"expected gain and background in [0, 1) and light, got {q!r}, {y0!r} and {mu!r}")
    hit = np.maximum(q - y0, 0.0) / (1 - y0)
    wrong = np.maximum(floats(error_rate) * q - BACKGROUND_ERROR * y0, 0.0)
    misalignment = np.minimum(quotient(wrong, hit, 0.0), BACKGROUND_ERROR)
    return Channel(np.minimum(-np.log1p(-hit) / mu, 1.0), y0, misalignment)


def observed_rate_ceiling(
    gain: Estimate, error_gain: Estimate, background: Estimate, mean_photon_number: ArrayLike, *, sift: ArrayLike
) -> Floats:
    """Most secret bits per pulse with ideal error correction and decoys over any channel that explains the estimates.

    The brightest, least erroneous channel wins; the background that suits best is searched, since it takes light from
    the signal but excuses errors.
    """
    share = np.linspace(0.0, 1.0, _BACKGROUND_STEPS).reshape(-1, *np.ones(gain.high.ndim, dtype=int))
    y0 = np.minimum(background.low + share * (background.high - background.low), gain.high)
    error = np.minimum(quotient(error_gain.low, gain.high, 0.0), BACKGROUND_ERROR)
    channel = implied_channel(gain.high, error, mean_photon_number, y0)
    rates = rate_infinite_decoy(channel, mean_photon_number, correction=1.0, sift=sift)
    return np.asarray(np.maximum(rates.max(axis=0), 0.0))


def check_observed_rate(
    rate: ArrayLike,
    mean_photon_number: ArrayLike,
    signal: Tally,
    vacuum: Tally,
    *,
    significance: float,
    sift: ArrayLike = 1.0,
) -> Check:
    """Whether decoy BB84 can have made the claimed key from the gain and error rate of its signal pulses.

    Args:
        rate: claimed secret bits per pulse.
        mean_photon_number: intensity of the signal.
        signal: counts of the signal pulses in the key basis, shape (...).
        vacuum: counts of pulses without light, same shape; none sent leave the background open.
        significance: probability of accusing the honest.
        sift: share of pulses that are signals in the key basis at both ends.
    """
    sent, detected, errors = nested(signal)
    dark_sent, dark, _ = nested(vacuum)
    level = significance / _TAILS
    gain, error_gain = chernoff_interval(detected, sent, level), chernoff_interval(errors, sent, level)
    background = chernoff_interval(dark, dark_sent, level)
    ceiling = observed_rate_ceiling(gain, error_gain, background, mean_photon_number, sift=sift)
    impossible = floats(rate) > ceiling
    reason = (
        "{statistic:.4g} secret bits per pulse pass the {bound:.4g} that the observed gain and errors leave room for"
    )
    return make_check(OBSERVED_RATE, rate, ceiling, np.where(impossible, significance, 1.0), impossible, reason)


def check_pair_yield(yield_low: ArrayLike, channel: MdiChannel, *, significance: float) -> Check:
    """Whether pairs of single photons were announced no more often than two photons and dark counts can.

    Args:
        yield_low: lowest Y11 that explains the announcements, from `single_photons.single_photons`.
        channel: highest transmittance of the arms and dark counts of the relay that are possible.
        significance: the one with which `yield_low` was found.
    """
    ceiling = single_pair_yield(channel)
    impossible = floats(yield_low) > ceiling
    reason = "single photons were announced with probability {statistic:.4g} at least, beyond the {bound:.4g} possible"
    return make_check(PAIR_YIELD, yield_low, ceiling, np.where(impossible, significance, 1.0), impossible, reason)
