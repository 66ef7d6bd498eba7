"""MDI-QKD with phase-randomised weak pulses: what a Bell measurement midway announces, and the key it is worth.

The protocol is that of Lo, Curty, Qi, Phys. Rev. Lett. 108, 130503 (2012): an untrusted relay with four threshold
detectors announces which coincidences count as a Bell state; key comes from the Z basis. The model of its relay is that
of Ma and Razavi, Phys. Rev. A 86, 062319 (2012), called MR below.

MR's X-basis gain is a difference of almost equal terms: at arms of 1e-5 a direct evaluation keeps four digits. Here
every sum is regrouped so that nothing of size cancels. Arguments may be arrays; they broadcast. At most 100 photons
arrive per pulse.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import BACKGROUND_ERROR
from qkdctl.physics.bessel import i0_beyond_parabola, i0m1
from qkdctl.physics.detectors import click_probability
from qkdctl.physics.entropy import h2
from qkdctl.physics.optimize import maximise
from qkdctl.physics.ranges import PROBABILITY, require


@dataclass(frozen=True, slots=True)
class MdiChannel:
    """What lies between the two sources and the clicks of the relay.

    Attributes:
        transmittance_a: power transmittance of the first arm, in [0, 1], the relay's detectors included.
        transmittance_b: the same of the second arm.
        dark_probability: p_d, probability of a dark count of one detector in one gate.
        misalignment: e_d, probability that a coincidence of two good photons counts as the wrong one, in [0, 1].

    Raises:
        ValueError: for a number outside [0, 1].
    """

    transmittance_a: ArrayLike
    transmittance_b: ArrayLike
    dark_probability: ArrayLike
    misalignment: ArrayLike

    def __post_init__(self) -> None:
        require(self, dict.fromkeys(self.__slots__, PROBABILITY))


def gain_z(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> Floats:
    """Announced coincidences per pair of pulses sent in the Z basis, Q_C + Q_E (MR eqs. B28 to B30)."""
    correct, erroneous = _coincidences_z(channel, mu_a, mu_b)
    return np.asarray(correct + erroneous)


def error_z(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> Floats:
    """Error rate of these, [e_d Q_C + (1-e_d) Q_E] / Q (MR eq. B31); 1/2 when nothing is ever announced."""
    correct, erroneous = _coincidences_z(channel, mu_a, mu_b)
    e_d = floats(channel.misalignment)
    return quotient(e_d * correct + (1 - e_d) * erroneous, correct + erroneous, BACKGROUND_ERROR)


def gain_x(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> Floats:
    """Announced coincidences per pair of pulses sent in the X basis (MR appendix B, section 4).

    MR's 2 y^2 [1 + 2 y^2 - 4 y I0(x) + I0(2x)] is, with d = 1 - y and J = I0 - 1, twice y^2 times
    2 d^2 + 4 d J(x) + [J(2x) - 4 J(x)], a sum of positive terms.
    """
    silent, missing, x = _interference(channel, mu_a, mu_b)
    return np.asarray(2 * silent**2 * _bracket_x(missing, x))


def error_x(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> Floats:
    """Error rate of these (MR ibid.); near 1/4 by construction, since two photons of one pulse carry no phase."""
    silent, missing, x = _interference(channel, mu_a, mu_b)
    interfering = 2 * (0.5 - floats(channel.misalignment)) * i0m1(2 * x)
    bracket = _bracket_x(missing, x)
    return quotient(silent**2 * (bracket - interfering), 2 * silent**2 * bracket, BACKGROUND_ERROR)


def single_pair_yield(channel: MdiChannel) -> Floats:
    """Probability Y11 that one photon from each side makes an announced coincidence, in either basis (MR eq. A9)."""
    clean, by_chance = _single_pairs(channel)
    return np.asarray(clean + by_chance)


def single_pair_error(channel: MdiChannel) -> Floats:
    """Error rate e11 of these, [Y11/2 - (1/2-e_d)(1-p_d)^2 eta_a eta_b/2] / Y11 (MR eq. A11); 1/2 without any."""
    clean, by_chance = _single_pairs(channel)
    wrong = floats(channel.misalignment) * clean + BACKGROUND_ERROR * by_chance
    return quotient(wrong, clean + by_chance, BACKGROUND_ERROR)


def rate_infinite_decoy(
    channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike, *, correction: ArrayLike, sift: ArrayLike = 1.0
) -> Floats:
    """Secret bits per pair of pulses when decoys reveal Y11 and e11 exactly (MR eq. B27); negative without key.

    R = q { mu_a mu_b exp(-mu_a - mu_b) Y11 [1 - h2(e11)] - Q_Z f h2(E_Z) }

    Args:
        channel: the two arms and the relay.
        mu_a: mean photon number of the first sender's signal pulses.
        mu_b: the same of the second.
        correction: inefficiency f >= 1 of error correction.
        sift: share q of pulse pairs that are both signals in the Z basis.
    """
    a, b = floats(mu_a), floats(mu_b)
    single = a * b * np.exp(-a - b) * single_pair_yield(channel)
    cost = gain_z(channel, a, b) * floats(correction) * h2(error_z(channel, a, b))
    return np.asarray(floats(sift) * (single * (1 - h2(single_pair_error(channel))) - cost))


def optimal_mean_photon_number(
    channel: MdiChannel, *, correction: ArrayLike, lowest: float = 1e-3, highest: float = 1.0
) -> Floats:
    """Mean photon number, the same on both sides, that maximises the rate with infinitely many decoys."""
    (mu,) = maximise(lambda mu: rate_infinite_decoy(channel, mu, mu, correction=correction), (lowest, highest))
    return mu


def _coincidences_z(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> tuple[Floats, Floats]:
    """Q_C, coincidences of which each sender lit one detector, and Q_E, where a dark count replaced one of them."""
    dark = floats(channel.dark_probability)
    a, b = _arriving(channel, mu_a, mu_b)
    quiet = 2 * (1 - dark) ** 2 * np.exp(-(a + b) / 2)
    correct = quiet * click_probability(a / 2, dark) * click_probability(b / 2, dark)
    erroneous = quiet * dark * (i0m1(np.sqrt(a * b)) + click_probability((a + b) / 2, dark))
    return np.asarray(correct), np.asarray(erroneous)


def _interference(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """MR's y (a detector stays silent), 1 - y, and x (strength of the interference) (MR eq. B7)."""
    dark = floats(channel.dark_probability)
    a, b = _arriving(channel, mu_a, mu_b)
    silent = (1 - dark) * np.exp(-(a + b) / 4)
    return np.asarray(silent), click_probability((a + b) / 4, dark), np.asarray(np.sqrt(a * b) / 2)


def _bracket_x(missing: Floats, x: Floats) -> Floats:
    return np.asarray(2 * missing**2 + 4 * missing * i0m1(x) + i0_beyond_parabola(x))


def _single_pairs(channel: MdiChannel) -> tuple[Floats, Floats]:
    """The parts of Y11 where both photons were detected as a Bell state, and where dark counts took part."""
    eta_a, eta_b, dark = (
        floats(part) for part in (channel.transmittance_a, channel.transmittance_b, channel.dark_probability)
    )
    quiet = (1 - dark) ** 2
    one_dark = (2 * eta_a * (1 - eta_b) + 2 * eta_b * (1 - eta_a) + eta_a * eta_b) * dark
    two_dark = 4 * (1 - eta_a) * (1 - eta_b) * dark**2
    return np.asarray(quiet * eta_a * eta_b / 2), np.asarray(quiet * (one_dark + two_dark))


def _arriving(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> tuple[Floats, Floats]:
    a = floats(channel.transmittance_a) * floats(mu_a)
    b = floats(channel.transmittance_b) * floats(mu_b)
    return np.asarray(a), np.asarray(b)
