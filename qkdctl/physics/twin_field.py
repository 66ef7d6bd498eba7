"""Twin-field QKD in the form of Curty, Azuma, Lo: a key rate that falls with the square root of the transmittance.

Source: npj Quantum Inf. 5, 64 (2019), called CAL below, protocol 3, with the equation numbers of arXiv:1807.07667v2.
Key bits are the signs of coherent states of amplitude alpha that interfere at a relay with two threshold detectors; the
phase error is bounded by the yields of photon-number states, here those that perfect decoys would find. The arms are
equal. Arguments may be arrays; they broadcast.
"""

from dataclasses import dataclass
from itertools import accumulate
from math import comb, factorial

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import BACKGROUND_ERROR
from qkdctl.physics.entropy import h2
from qkdctl.physics.optimize import maximise
from qkdctl.physics.ranges import FINITE, PROBABILITY, require

_KNOWN_PHOTONS = 8
"""Yields of more photons in both pulses together count as 1, as if nobody had measured them."""

_MOST_PHOTONS = 40
"""Where the sums over photons end: for amplitudes up to 1 the rest is below 1e-24 of the first term."""


@dataclass(frozen=True, slots=True)
class TwinFieldChannel:
    """What lies between the two sources and the clicks of the relay.

    Attributes:
        transmittance: power transmittance of both arms multiplied, in [0, 1], the relay's detectors included in both.
        dark_probability: p_d, probability of a dark count of one detector in one slot.
        polarization_angle_rad: angle theta between the polarisations of the two arriving pulses.
        phase_mismatch_rad: phi, phase between the two arriving pulses that nobody corrects.

    Raises:
        ValueError: for a number outside its range.
    """

    transmittance: ArrayLike
    dark_probability: ArrayLike
    polarization_angle_rad: ArrayLike = 0.0
    phase_mismatch_rad: ArrayLike = 0.0

    def __post_init__(self) -> None:
        require(self, _RANGES)


_RANGES = {
    "transmittance": PROBABILITY,
    "dark_probability": PROBABILITY,
    "polarization_angle_rad": FINITE,
    "phase_mismatch_rad": FINITE,
}


def polarization_angle_rad(misalignment: ArrayLike) -> Floats:
    """Angle between two pulses when each side turns its own by this error probability, 2 asin(sqrt(e))."""
    return np.asarray(2 * np.arcsin(np.sqrt(floats(misalignment))))


def gain(channel: TwinFieldChannel, amplitude: ArrayLike) -> Floats:
    """Slots of the key basis in which exactly one detector clicks, 2 p_XX (CAL eqs. 27 to 33)."""
    _, clicks = _one_detector(channel, amplitude)
    return np.asarray(2 * clicks)


def bit_error(channel: TwinFieldChannel, amplitude: ArrayLike) -> Floats:
    """Error rate e_X of the key bits (CAL eqs. 27 to 33); 1/2 when nothing ever clicks."""
    wrong, clicks = _one_detector(channel, amplitude)
    return quotient(wrong, clicks, BACKGROUND_ERROR)


def phase_error_bound(channel: TwinFieldChannel, amplitude: ArrayLike) -> Floats:
    """Upper bound on the phase error rate e_Z, at most 1/2 (CAL eqs. 20 to 22).

    (1/p_XX) sum over j = 0, 1 of [sum over n, m = j mod 2 of c_n c_m sqrt(p_nm)]^2, with c_n the amplitudes of a
    coherent state in photon numbers and p_nm the yields. The phase mismatch does not enter the yields.
    """
    alpha = floats(amplitude)
    c = [np.exp(-(alpha**2) / 2) * alpha**n / np.sqrt(float(factorial(n))) for n in range(_MOST_PHOTONS)]
    bounds = sum(_parity_amplitude(channel, c, parity) ** 2 for parity in (0, 1))
    _, clicks = _one_detector(channel, alpha)
    return np.asarray(np.minimum(quotient(bounds, clicks, 0.5), 0.5))


def photon_number_yield(channel: TwinFieldChannel, n: int, m: int) -> Floats:
    """Probability p_nm that one given detector alone clicks on n and m photons from the two sides (CAL eq. 35).

    (1-p_d) { sum_k C(n,k) C(m,k) (t cos(theta)/2)^2k (1-t/2)^(n+m-2k) - (1-p_d) (1-t)^(n+m) }, t the root of the
    transmittance. The difference of the two powers is summed up as t/2 times their mixed products.
    """
    t, dark = np.sqrt(floats(channel.transmittance)), floats(channel.dark_probability)
    half, none, photons = 1 - t / 2, 1 - t, n + m
    one_arrives = t / 2 * sum(half**i * none ** (photons - 1 - i) for i in range(photons))
    crossing = (t * np.cos(channel.polarization_angle_rad) / 2) ** 2
    interfering = sum(
        comb(n, k) * comb(m, k) * crossing**k * half ** (photons - 2 * k) for k in range(1, min(n, m) + 1)
    )
    return np.asarray((1 - dark) * (one_arrives + interfering + dark * none**photons))


def key_rate(
    channel: TwinFieldChannel, amplitude: ArrayLike, *, correction: ArrayLike, duty: ArrayLike = 1.0
) -> Floats:
    """Secret bits per slot, 2 p_XX [1 - f h2(e_X) - h2(e_Z)] (CAL eqs. 17 to 19); negative without key.

    Args:
        channel: the two arms and the relay.
        amplitude: alpha of the key pulses, in [0, 1]; they hold alpha^2 photons on average.
        correction: inefficiency f >= 1 of error correction.
        duty: share of slots left for key once phase references are sent.
    """
    cost = floats(correction) * h2(bit_error(channel, amplitude)) + h2(phase_error_bound(channel, amplitude))
    return np.asarray(floats(duty) * gain(channel, amplitude) * (1 - cost))


def optimal_amplitude(
    channel: TwinFieldChannel, *, correction: ArrayLike, lowest: float = 1e-3, highest: float = 1.0
) -> Floats:
    """Amplitude of the key pulses that maximises the rate."""
    (alpha,) = maximise(lambda alpha: key_rate(channel, alpha, correction=correction), (lowest, highest))
    return alpha


def _one_detector(channel: TwinFieldChannel, amplitude: ArrayLike) -> tuple[Floats, Floats]:
    """Probability that one given detector alone clicks, wrongly and in all, averaged over the bits sent."""
    light = np.sqrt(floats(channel.transmittance)) * floats(amplitude) ** 2
    dark = floats(channel.dark_probability)
    theta, phi = floats(channel.polarization_angle_rad), floats(channel.phase_mismatch_rad)
    loss_of_contrast = 2 * np.sin(theta / 2) ** 2 + 2 * np.cos(theta) * np.sin(phi / 2) ** 2
    quiet = (1 - dark) * np.exp(-light)
    dim = np.exp(-light) * (np.expm1(light * loss_of_contrast) + dark)
    clicks = 2 * np.sinh(light * (1 - loss_of_contrast) / 2) ** 2 - np.expm1(-light) + dark * np.exp(-light)
    return np.asarray(quiet * dim / 2), np.asarray(quiet * clicks)


def _parity_amplitude(channel: TwinFieldChannel, c: list[Floats], parity: int) -> Floats:
    """Sum of c_n c_m sqrt(p_nm) over n and m of one parity."""
    same = c[parity::2]
    tails = list(accumulate(reversed(same)))[::-1]
    total = np.zeros(())
    for n, c_n in zip(range(parity, _MOST_PHOTONS, 2), same, strict=True):
        known = range(parity, _KNOWN_PHOTONS - n + 1, 2)
        measured = sum((c[m] * np.sqrt(photon_number_yield(channel, n, m)) for m in known), start=np.zeros(()))
        total = total + c_n * (measured + tails[len(known)])
    return np.asarray(total)
