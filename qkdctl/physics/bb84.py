"""BB84 with phase-randomised weak pulses over a lossy channel: gains, errors, key rate with infinitely many decoys.

Source: Ma, Qi, Zhao, Lo, Phys. Rev. A 72, 012326 (2005), called MQZL below. Their yields leave out that a pulse may
click by background and by signal at once; here the cross term Y0 * eta_n is kept everywhere, so that no bound can
pass its ceiling. Every argument may be an array; they broadcast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.entropy import h2
from qkdctl.physics.ranges import ERROR_PROBABILITY, PROBABILITY, require

BACKGROUND_ERROR = 0.5
"""Error rate of clicks that know nothing of the pulse."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What lies between the source and the clicks.

    Attributes:
        transmittance: power transmittance from the source to a click, in [0, 1], detectors included.
        background: Y0, probability of a click without light, all detectors together.
        misalignment: e_d, error probability of a photon that arrives, in [0, 1/2].

    Raises:
        ValueError: for a number outside its range.
    """

    transmittance: ArrayLike
    background: ArrayLike
    misalignment: ArrayLike

    def __post_init__(self) -> None:
        require(self, _RANGES)


_RANGES = {"transmittance": PROBABILITY, "background": PROBABILITY, "misalignment": ERROR_PROBABILITY}


def n_photon_yield(channel: Channel, photons: ArrayLike) -> Floats:
    """Click probability Y_n of a pulse of n photons, Y0 + (1-Y0)(1-(1-eta)^n) (MQZL eq. 7 with the cross term)."""
    eta, y0 = floats(channel.transmittance), floats(channel.background)
    lossless = eta == 1
    arrive = -np.expm1(floats(photons) * np.log1p(-np.where(lossless, 0.0, eta)))
    arrive = np.where(lossless, floats(photons) > 0, arrive)
    return np.asarray(y0 + (1 - y0) * arrive)


def single_photon_error(channel: Channel) -> Floats:
    """Error rate e_1 of single photons, (Y0/2 + e_d eta) / Y1 (MQZL eq. 9)."""
    return _error_share(channel, floats(channel.transmittance), n_photon_yield(channel, 1))


def gain(channel: Channel, mean_photon_number: ArrayLike) -> Floats:
    """Click probability Q of a pulse with this mean photon number (MQZL eq. 10 with the cross term)."""
    hit = _hit(channel, mean_photon_number)
    y0 = floats(channel.background)
    return np.asarray(y0 + hit - y0 * hit)


def error_rate(channel: Channel, mean_photon_number: ArrayLike) -> Floats:
    """Error rate E of the clicks of such pulses, (Y0/2 + e_d hit) / Q (MQZL eq. 11); 1/2 when nothing ever clicks."""
    return _error_share(channel, _hit(channel, mean_photon_number), gain(channel, mean_photon_number))


def single_photon_gain(mean_photon_number: ArrayLike, yield_1: ArrayLike) -> Floats:
    """Probability Q1 that a pulse holds one photon and clicks, mu exp(-mu) Y1 (MQZL eq. 8)."""
    mu = floats(mean_photon_number)
    return np.asarray(mu * np.exp(-mu) * floats(yield_1))


def key_rate(
    observed: tuple[ArrayLike, ArrayLike],
    single: tuple[ArrayLike, ArrayLike],
    correction: ArrayLike,
    sift: ArrayLike,
) -> Floats:
    """Secret bits per pulse from what was seen and what is known of single photons (GLLP; MQZL eq. 1).

    R = q { -Q f h2(E) + Q1 [1 - h2(e1)] }. Negative where there is no key, so that optimisers see the way; clip only
    when key is credited.

    Args:
        observed: gain Q and error rate E of the signal pulses.
        single: gain Q1 and error rate e1 of single photons among them.
        correction: inefficiency f >= 1 of error correction.
        sift: share q of pulses that survive sifting.
    """
    (q_mu, e_mu), (q_1, e_1) = observed, single
    cost = floats(q_mu) * floats(correction) * h2(e_mu)
    return np.asarray(floats(sift) * (floats(q_1) * (1 - h2(e_1)) - cost))


def rate_infinite_decoy(
    channel: Channel, mean_photon_number: ArrayLike, *, correction: ArrayLike, sift: ArrayLike = 0.5
) -> Floats:
    """Secret bits per pulse when decoys reveal Y1 and e1 exactly (MQZL eq. 1 with eqs. 8 to 11)."""
    mu = mean_photon_number
    single = single_photon_gain(mu, n_photon_yield(channel, 1)), single_photon_error(channel)
    return key_rate((gain(channel, mu), error_rate(channel, mu)), single, correction, sift)


def _hit(channel: Channel, mean_photon_number: ArrayLike) -> Floats:
    """Probability that a photon of the pulse makes a click, exact for tiny arguments."""
    return np.asarray(-np.expm1(-floats(channel.transmittance) * floats(mean_photon_number)))


def _error_share(channel: Channel, hit: Floats, clicks: Floats) -> Floats:
    wrong = BACKGROUND_ERROR * floats(channel.background) + floats(channel.misalignment) * hit
    # a click by background and signal together counts once in the clicks and twice here, which matters only near 1/2
    return np.asarray(np.minimum(quotient(wrong, clicks, BACKGROUND_ERROR), 0.5))
