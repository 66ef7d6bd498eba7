"""BBM92 with a parametric down-conversion source between the two receivers.

Source: Ma, Fung, Lo, Phys. Rev. A 76, 012307 (2007), called MFL below. The source emits mu = 2 lambda pairs per
pulse on average, thermally distributed, lambda in each of two pairs of modes. MFL's gain is a difference of terms near
1; here it is regrouped into positive terms, so that weak arms keep their digits. Arguments may be arrays; they
broadcast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import BACKGROUND_ERROR
from qkdctl.physics.entropy import h2
from qkdctl.physics.optimize import maximise
from qkdctl.physics.ranges import PROBABILITY, require


@dataclass(frozen=True, slots=True)
class Bbm92Channel:
    """What lies between the source of pairs and the clicks of both receivers.

    Attributes:
        transmittance_a: power transmittance from the source to a click of the first receiver, in [0, 1].
        transmittance_b: the same for the second receiver.
        background_a: Y0A, probability of a click of the first receiver without light, all its detectors together.
        background_b: the same for the second receiver.
        misalignment: e_d, error probability of a pair that arrives, in [0, 1].

    Raises:
        ValueError: for a number outside [0, 1].
    """

    transmittance_a: ArrayLike
    transmittance_b: ArrayLike
    background_a: ArrayLike
    background_b: ArrayLike
    misalignment: ArrayLike

    def __post_init__(self) -> None:
        require(self, dict.fromkeys(self.__slots__, PROBABILITY))


def gain(channel: Bbm92Channel, pairs_per_mode: ArrayLike) -> Floats:
    """Coincidences per pulse, Q (MFL eq. 9), from lambda pairs in each of the two pairs of modes.

    MFL's 1 - (1-Y0A)/A^2 - (1-Y0B)/B^2 + (1-Y0A)(1-Y0B)/X^2, with A = 1 + eta_a lambda, B alike, X = A B - D and
    D = eta_a eta_b lambda (1 + lambda), is (1 - (1-Y0A)/A^2)(1 - (1-Y0B)/B^2) + (1-Y0A)(1-Y0B)(1/X^2 - 1/(A B)^2).
    """
    terms = _terms(channel, pairs_per_mode)
    return np.asarray(terms.chance + terms.excess)


def error_rate(channel: Bbm92Channel, pairs_per_mode: ArrayLike) -> Floats:
    """Error rate E of the coincidences, the same in both bases (MFL eq. 11); 1/2 when there are none.

    MFL's E Q = Q/2 - (1 - 2 e_d) D / (A B X), with what is common to both terms taken out of them.
    """
    terms = _terms(channel, pairs_per_mode)
    wrong = (terms.chance / 2 - terms.paired * terms.blur) + 2 * floats(channel.misalignment) * terms.paired
    return quotient(wrong, terms.chance + terms.excess, BACKGROUND_ERROR)


def key_rate(
    gain: ArrayLike, error_z: ArrayLike, error_x: ArrayLike, *, correction: ArrayLike, sift: ArrayLike = 0.5
) -> Floats:
    """Secret bits per pulse, q Q [1 - f h2(E_Z) - h2(E_X)], from counted or expected values; negative without key.

    Source: MFL eq. 5 (Koashi and Preskill's proof): the source is not trusted, so no decoys are needed.

    Args:
        gain: coincidences per pulse Q.
        error_z: bit error rate, of the basis that makes the key.
        error_x: phase error rate, error rate of the other basis.
        correction: inefficiency f >= 1 of error correction.
        sift: share q of coincidences that survive sifting.
    """
    return np.asarray(floats(sift) * floats(gain) * (1 - floats(correction) * h2(error_z) - h2(error_x)))


def rate_expected(
    channel: Bbm92Channel, pairs_per_mode: ArrayLike, *, correction: ArrayLike, sift: ArrayLike = 0.5
) -> Floats:
    """Secret bits per pulse over this channel with many pulses."""
    error = error_rate(channel, pairs_per_mode)
    return key_rate(gain(channel, pairs_per_mode), error, error, correction=correction, sift=sift)


def optimal_pairs_per_mode(
    channel: Bbm92Channel, *, correction: ArrayLike, lowest: float = 1e-3, highest: float = 0.5
) -> Floats:
    """The lambda that maximises the rate, half the mean number of pairs per pulse."""
    (pairs,) = maximise(lambda pairs: rate_expected(channel, pairs, correction=correction), (lowest, highest))
    return pairs


@dataclass(frozen=True, slots=True)
class _Terms:
    """What gain and error are sums of.

    Attributes:
        chance: coincidences of two receivers that would click independently.
        excess: coincidences beyond these, (1-Y0A)(1-Y0B)(1/X^2 - 1/(A B)^2).
        paired: D / (A B X), the correlated part, which misalignment turns into errors.
        blur: 1 - excess / (2 paired), tiny for few pairs and a dark receiver.
    """

    chance: Floats
    excess: Floats
    paired: Floats
    blur: Floats


def _terms(channel: Bbm92Channel, pairs_per_mode: ArrayLike) -> _Terms:
    lam, eta_a, eta_b = floats(pairs_per_mode), floats(channel.transmittance_a), floats(channel.transmittance_b)
    y_a, y_b = floats(channel.background_a), floats(channel.background_b)
    a, b = eta_a * lam, eta_b * lam
    independent, joint = (1 + a) * (1 + b), 1 + a + b - a * eta_b
    paired = a * eta_b * (1 + lam) / (independent * joint)
    any_background = y_a + y_b - y_a * y_b
    blur = (a + b + a * b + any_background) / independent + (a + b - a * eta_b + any_background) / joint
    return _Terms(
        chance=np.asarray((a * (2 + a) + y_a) * (b * (2 + b) + y_b) / independent**2),
        excess=np.asarray((1 - any_background) * paired * (independent + joint) / (independent * joint)),
        paired=np.asarray(paired),
        blur=np.asarray(blur / 2),
    )
