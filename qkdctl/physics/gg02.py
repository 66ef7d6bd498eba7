"""Continuous-variable QKD with Gaussian-modulated coherent states, homodyne detection and reverse reconciliation.

The receiver's losses and electronic noise are trusted: they cost signal, but no eavesdropper profits from them.
Variances are in shot-noise units. Source: Lodewyck et al., Phys. Rev. A 76, 042305 (2007), called LBGD below, for
collective attacks and many symbols; the protocol is that of Grosshans et al., Nature 421, 238 (2003). Arguments may be
arrays; they broadcast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.optimize import maximise
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE_PROBABILITY, require


@dataclass(frozen=True, slots=True)
class CvChannel:
    """What lies between the modulator and the homodyne detector.

    Attributes:
        transmittance: T, power transmittance of the channel, in (0, 1], without the receiver.
        excess_noise: xi, referred to the input of the channel, >= 0.
        efficiency: eta of the homodyne receiver, in (0, 1].
        electronic_noise: v_el of the receiver, >= 0.

    Raises:
        ValueError: for a number outside its range.
    """

    transmittance: ArrayLike
    excess_noise: ArrayLike
    efficiency: ArrayLike
    electronic_noise: ArrayLike

    def __post_init__(self) -> None:
        require(self, _RANGES)


_RANGES = {
    "transmittance": POSITIVE_PROBABILITY,
    "excess_noise": NON_NEGATIVE,
    "efficiency": POSITIVE_PROBABILITY,
    "electronic_noise": NON_NEGATIVE,
}


def mutual_information(channel: CvChannel, modulation_variance: ArrayLike) -> Floats:
    """Bits per symbol that both ends share, I = 1/2 log2[(V + chi_tot) / (1 + chi_tot)] (LBGD)."""
    _, _, total = _noises(channel)
    return np.asarray(np.log1p(floats(modulation_variance) / (1 + total)) / (2 * np.log(2.0)))


def holevo_information(channel: CvChannel, modulation_variance: ArrayLike) -> Floats:
    """Most bits per symbol that an eavesdropper can hold on the receiver's data, chi_BE (LBGD).

    G(l1) + G(l2) - G(l3) - G(l4) over the symplectic eigenvalues of the state before and after the measurement.
    """
    shared, left = _before_measurement(channel, modulation_variance), _after_measurement(channel, modulation_variance)
    return np.asarray(sum(_entropy(value) for value in shared) - sum(_entropy(value) for value in left))


def key_rate(channel: CvChannel, modulation_variance: ArrayLike, *, reconciliation: ArrayLike) -> Floats:
    """Secret bits per symbol, K = beta I - chi_BE (LBGD); negative where there is no key.

    Args:
        channel: the line and the receiver.
        modulation_variance: V_A of each quadrature, > 0.
        reconciliation: efficiency beta in [0, 1].
    """
    shared = floats(reconciliation) * mutual_information(channel, modulation_variance)
    return np.asarray(shared - holevo_information(channel, modulation_variance))


def optimal_modulation_variance(
    channel: CvChannel, *, reconciliation: ArrayLike, lowest: float = 1e-2, highest: float = 100.0
) -> Floats:
    """Modulation variance V_A in [lowest, highest] that maximises the rate."""
    ends = float(np.log(lowest)), float(np.log(highest))
    (best,) = maximise(lambda log_v: key_rate(channel, np.exp(log_v), reconciliation=reconciliation), ends)
    return np.asarray(np.exp(best))


def _noises(channel: CvChannel) -> tuple[Floats, Floats, Floats]:
    """Noise added by the line, by the receiver, and by both together, referred to their inputs."""
    t, eta = floats(channel.transmittance), floats(channel.efficiency)
    line = 1 / t - 1 + floats(channel.excess_noise)
    homodyne = (1 + floats(channel.electronic_noise)) / eta - 1
    return np.asarray(line), np.asarray(homodyne), np.asarray(line + homodyne / t)


def _before_measurement(channel: CvChannel, modulation_variance: ArrayLike) -> tuple[Floats, Floats]:
    """l1, l2: their product is sqrt(B) of LBGD, their difference (1-T) V_A - T xi, whose square is A - 2 sqrt(B)."""
    t, v_a, noise = _line(channel, modulation_variance)
    return _pair(((1 - t) * v_a - noise) ** 2, _root_b(t, v_a, noise))


def _after_measurement(channel: CvChannel, modulation_variance: ArrayLike) -> tuple[Floats, Floats]:
    """l3, l4: their product is sqrt(D) of LBGD, the square of their difference C - 2 sqrt(D).

    With P = sqrt(B) (V + sqrt(B) chi_hom) and Q = T (V + chi_line) + chi_hom, D is P/Q, and (C - 2 sqrt(D)) Q is
    (sqrt(P) - sqrt(Q))^2 less chi_hom [(sqrt(B)-1)^2 - (l1-l2)^2]. Here the differences are worked out by hand: they
    vanish without loss and noise, where subtracting finished numbers would leave only rounding.
    """
    t, v_a, noise = _line(channel, modulation_variance)
    _, homodyne, _ = _noises(channel)
    v, root_b, squeezing = v_a + 1, _root_b(t, v_a, noise), v_a * (v_a + 2)
    p, q = root_b * (v + root_b * homodyne), t * v + (1 - t) + noise + homodyne
    p_less_q = squeezing * (1 - t + noise) + homodyne * (root_b - 1) * (root_b + 1)
    apart = (p_less_q / (np.sqrt(p) + np.sqrt(q))) ** 2 - homodyne * noise * squeezing * (2 * (1 - t) + noise)
    return _pair(apart / q, np.sqrt(p / q))


def _line(channel: CvChannel, modulation_variance: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """T, V_A and the excess noise at the line's output, T xi."""
    t = floats(channel.transmittance)
    return t, floats(modulation_variance), np.asarray(t * floats(channel.excess_noise))


def _root_b(t: Floats, v_a: Floats, noise: Floats) -> Floats:
    """sqrt(B) = T (V chi_line + 1) of LBGD."""
    return np.asarray(1 + v_a * (1 - t) + (v_a + 1) * noise)


def _pair(difference_squared: Floats, product: Floats) -> tuple[Floats, Floats]:
    """Two symplectic eigenvalues >= 1 from their product and the square of their difference."""
    apart = np.maximum(difference_squared, 0.0)
    larger = (np.sqrt(apart + 4 * product) + np.sqrt(apart)) / 2
    return np.maximum(larger, 1.0), np.maximum(product / larger, 1.0)


def _entropy(symplectic: Floats) -> Floats:
    """Von Neumann entropy in bits of a thermal mode with this symplectic eigenvalue >= 1."""
    photons = (symplectic - 1) / 2
    some = photons > 0
    n = np.where(some, photons, 1.0)
    return np.asarray(np.where(some, (n + 1) * np.log1p(n) - n * np.log(n), 0.0) / np.log(2.0))
