"""What two decoy intensities prove about single photons, from observed gains and error rates.

Source: Ma, Qi, Zhao, Lo, Phys. Rev. A 72, 012326 (2005), section III, called MQZL below. Arguments may be
arrays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.bb84 import BACKGROUND_ERROR, key_rate, single_photon_gain


@dataclass(frozen=True, slots=True)
class Observed:
    """One intensity as the receiver saw it.

    Attributes:
        mean_photon_number: intensity the sender claims.
        gain: clicks per pulse sent.
        error_rate: wrong clicks per click.
    """

    mean_photon_number: ArrayLike
    gain: ArrayLike
    error_rate: ArrayLike


@dataclass(frozen=True, slots=True)
class SinglePhotonBounds:
    """What is certain about the pulses that held no photon or one.

    Attributes:
        background: lower bound on Y0.
        yield_1: lower bound on Y1, in [0, 1].
        error_1: upper bound on e1, in [0, 1/2].
    """

    background: Floats
    yield_1: Floats
    error_1: Floats


def two_decoy_bounds(signal: Observed, decoy: Observed, weaker: Observed) -> SinglePhotonBounds:
    """Bounds from a signal mu and two decoys nu1 > nu2 >= 0 (MQZL eqs. 18, 21 and 25).

    Bounds that would give pulses of no photon and of one more clicks than the signal had in all contradict themselves
    (noise, or intensities that are not what they claim) and are void: yield 0, error 1/2.

    Raises:
        ValueError: unless nu1 > nu2 >= 0 and nu1 + nu2 < mu. With both broken the denominator would be positive again
            and the result look sound, so each is checked by itself.
    """
    mu, nu1, nu2 = (floats(o.mean_photon_number) for o in (signal, decoy, weaker))
    _check_intensities(mu, nu1, nu2)
    q_mu, q_nu1, q_nu2 = (floats(o.gain) * np.exp(i) for o, i in ((signal, mu), (decoy, nu1), (weaker, nu2)))
    background = np.maximum((nu1 * q_nu2 - nu2 * q_nu1) / (nu1 - nu2), 0.0)
    multi = (nu1**2 - nu2**2) / mu**2 * (q_mu - background)
    yield_1 = np.clip(mu / ((nu1 - nu2) * (mu - nu1 - nu2)) * (q_nu1 - q_nu2 - multi), 0.0, 1.0)
    few_photons = np.exp(-mu) * background + single_photon_gain(mu, yield_1)
    sound = (yield_1 > 0) & (few_photons <= floats(signal.gain))
    wrong = floats(decoy.error_rate) * q_nu1 - floats(weaker.error_rate) * q_nu2
    error_1 = wrong / np.where(sound, (nu1 - nu2) * yield_1, 1.0)
    return SinglePhotonBounds(
        background=np.asarray(background),
        yield_1=np.asarray(np.where(sound, yield_1, 0.0)),
        error_1=np.asarray(np.where(sound, np.clip(error_1, 0.0, 0.5), 0.5)),
    )


def vacuum_weak_bounds(signal: Observed, decoy: Observed, background: ArrayLike) -> SinglePhotonBounds:
    """Bounds from a weak decoy and the yield Y0 seen with pulses without light (MQZL, vacuum + weak decoy).

    Raises:
        ValueError: unless 0 < nu < mu.
    """
    vacuum = Observed(mean_photon_number=0.0, gain=background, error_rate=BACKGROUND_ERROR)
    return two_decoy_bounds(signal, decoy, vacuum)


def rate_decoy(signal: Observed, bounds: SinglePhotonBounds, *, correction: ArrayLike, sift: ArrayLike = 0.5) -> Floats:
    """Secret bits per pulse that these bounds prove (MQZL eq. 1); negative where there is no key."""
    single = single_photon_gain(signal.mean_photon_number, bounds.yield_1), bounds.error_1
    return key_rate((signal.gain, signal.error_rate), single, correction, sift)


def _check_intensities(mu: Floats, nu1: Floats, nu2: Floats) -> None:
    if not np.all((nu1 > nu2) & (nu2 >= 0)):
        raise ValueError(f"decoys must satisfy nu1 > nu2 >= 0, got nu1 {nu1!r} and nu2 {nu2!r}")
    if not np.all(nu1 + nu2 < mu):
        raise ValueError(f"decoys must satisfy nu1 + nu2 < mu, got nu1 {nu1!r}, nu2 {nu2!r} and mu {mu!r}")
