"""What known attacks do to error rates and gains; every argument may be an array.

Fractions are shares of pulses attacked, error rates those of the channel without attack.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.bb84 import BACKGROUND_ERROR, Channel, gain
from qkdctl.physics.gllp import multi_photon_probability


def intercept_resend_error(error_rate: ArrayLike, fraction: ArrayLike) -> Floats:
    """Error rate when pulses are measured and sent anew, in random BB84 bases or the Breidbart basis.

    Half of the intercepted pulses are measured in the wrong basis and lose their bit: e (1 - f/2) + f/4
    (Bennett et al., J. Cryptol. 5, 3 (1992), section 4; the same mean for both choices).
    """
    f = floats(fraction)
    return np.asarray(floats(error_rate) * (1 - f / 2) + f / 4)


def intercept_resend_error_six_state(error_rate: ArrayLike, fraction: ArrayLike) -> Floats:
    """The same with three bases, of which Eve hits the right one in a third: e (1 - 2f/3) + f/3 (Bruss 1998)."""
    f = floats(fraction)
    return np.asarray(floats(error_rate) * (1 - 2 * f / 3) + f / 3)


def intercepted_fraction(observed: ArrayLike, error_rate: ArrayLike) -> Floats:
    """Fraction of pulses whose interception explains the observed error rate of BB84; the channel's below 1/2."""
    e = floats(error_rate)
    return np.asarray((floats(observed) - e) / (0.25 - e / 2))


def measured_in_z_errors(error_rate: ArrayLike, fraction: ArrayLike) -> tuple[Floats, Floats]:
    """Error rates in Z and X when pulses are measured and sent anew in the key basis Z: Z stays as it was."""
    e, f = floats(error_rate), floats(fraction)
    unchanged, _ = np.broadcast_arrays(e, f)
    return np.asarray(unchanged), random_injection_error(e, f)


def pooled_error(z_probability: ArrayLike, error_z: ArrayLike, error_x: ArrayLike) -> Floats:
    """Error rate of both bases together, when both ends choose Z with this probability.

    It hides an attack on one basis: .61 % at p_Z .9 while X is at 1/2. Never judge by it.
    """
    z = floats(z_probability) ** 2
    x = (1 - floats(z_probability)) ** 2
    return np.asarray((z * floats(error_z) + x * floats(error_x)) / (z + x))


def random_injection_error(error_rate: ArrayLike, fraction: ArrayLike) -> Floats:
    """Error rate when this share of the clicks comes from random states, e (1-p) + p/2."""
    p = floats(fraction)
    return np.asarray(floats(error_rate) * (1 - p) + p * BACKGROUND_ERROR)


def splitting_gain(channel: Channel, signal: ArrayLike, intensity: ArrayLike) -> Floats:
    """Gain of pulses of `intensity` under photon-number splitting that leaves the gain of `signal` as it was.

    Eve stops single photons, keeps one photon of each larger pulse and sends on just enough of these. Decoys, which
    hold fewer of them, lose most of their gain (Hwang, Phys. Rev. Lett. 91, 057901 (2003)). With
    Y_m = (Q_mu - Y0 exp(-mu)) / (1 - (1+mu) exp(-mu)) the gain is Y0 exp(-nu) + (1 - (1+nu) exp(-nu)) Y_m.

    Raises:
        ValueError: where the channel passes more light than pulses of several photons can make up for.
    """
    y0 = floats(channel.background)
    several_yield = (gain(channel, signal) - y0 * np.exp(-floats(signal))) / multi_photon_probability(signal)
    if np.any(several_yield > 1):
        raise ValueError(f"splitting cannot hide on a channel of so little loss: it needs a yield of {several_yield!r}")
    return np.asarray(y0 * np.exp(-floats(intensity)) + multi_photon_probability(intensity) * several_yield)


def error_rate_deviation(error_rate: ArrayLike, sample: ArrayLike) -> Floats:
    """Standard deviation sqrt(q (1-q) / n) of an error rate estimated from n bits: .1 point at 1 % and n = 1e4."""
    q = floats(error_rate)
    return np.asarray(np.sqrt(q * (1 - q) / floats(sample)))
