"""What three intensities on either side prove about pairs of single photons in MDI-QKD, from observed cells.

A cell is one choice of intensity by each sender. Arrays of cells end in two axes of length 3: the first sender's
choice, then the second's, each in the order signal mu, decoy nu, weaker decoy w. All axes before them count links.

Source: Xu, Curty, Qi, Lo, New J. Phys. 15, 113007 (2013), called XCQL below, the analytical method with two decoys. The
bounds hold for any relay and any two arms; both senders use the same three intensities.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient, widened
from qkdctl.physics.bb84 import BACKGROUND_ERROR
from qkdctl.physics.entropy import h2
from qkdctl.physics.mdi import MdiChannel, error_x, error_z, gain_x, gain_z

SIGNAL, DECOY, WEAKER = range(3)


@dataclass(frozen=True, slots=True)
class Intensities:
    """Mean photon numbers mu > nu > w >= 0, the same on both sides.

    Raises:
        ValueError: unless they are so ordered.
    """

    signal: ArrayLike
    decoy: ArrayLike
    weaker: ArrayLike

    def __post_init__(self) -> None:
        mu, nu, w = floats(self.signal), floats(self.decoy), floats(self.weaker)
        if not np.all((mu > nu) & (nu > w) & (w >= 0)):
            raise ValueError(f"intensities must satisfy mu > nu > w >= 0, got mu {mu!r}, nu {nu!r} and w {w!r}")


@dataclass(frozen=True, slots=True)
class Cells:
    """One basis as the relay announced it and the senders compared it.

    Attributes:
        gain: announced coincidences per pair of pulses, [..., 3, 3]; NaN where no pair was sent.
        error_gain: wrong ones per pair of pulses, [..., 3, 3].
    """

    gain: ArrayLike
    error_gain: ArrayLike

    @classmethod
    def of_counts(cls, pairs: ArrayLike, coincidences: ArrayLike, errors: ArrayLike) -> Self:
        """Cells from counts, each [..., 3, 3]: pairs of pulses sent, coincidences announced, errors among these."""
        return cls(gain=quotient(coincidences, pairs, np.nan), error_gain=quotient(errors, pairs, np.nan))


@dataclass(frozen=True, slots=True)
class SinglePairBounds:
    """What is certain about pairs of pulses that held one photon each.

    Attributes:
        yield_z: lower bound on Y11 in the Z basis, in [0, 1].
        yield_x: the same in the X basis.
        error_x: upper bound on their error rate e11 in the X basis, in [0, 1/2].
    """

    yield_z: Floats
    yield_x: Floats
    error_x: Floats


def single_pair_bounds(intensities: Intensities, z: Cells, x: Cells) -> SinglePairBounds:
    """Bounds on Y11 and e11 (XCQL): cells combined so that vacuum cancels, and pairs of one and two photons too.

    A yield that is not positive, or would give single pairs more coincidences than the signals had in all, contradicts
    itself (noise, intensities that are not what they claim, a relay that lies) and is void: yield 0, error 1/2. Cells
    nobody sent make everything void that needs them.
    """
    yield_z, yield_x = _yield_bound(intensities, z), _yield_bound(intensities, x)
    nu, w = floats(intensities.decoy), floats(intensities.weaker)
    wrong = _mixed_difference(intensities, x.error_gain, DECOY)
    known = (yield_x > 0) & ~np.isnan(wrong)
    error = np.where(known, wrong, 0.0) / np.where(known, (nu - w) ** 2 * yield_x, 1.0)
    return SinglePairBounds(yield_z, yield_x, np.asarray(np.where(known, np.clip(error, 0.0, 0.5), 0.5)))


def rate_decoy(
    intensities: Intensities, z: Cells, bounds: SinglePairBounds, *, correction: ArrayLike, sift: ArrayLike = 1.0
) -> Floats:
    """Secret bits per pair of signals that these bounds prove (Ma, Razavi, Phys. Rev. A 86, 062319 (2012), eq. B27).

    R = q { mu^2 exp(-2 mu) Y11 [1 - h2(e11)] - Q_Z f h2(E_Z) }, negative where there is no key.
    """
    gain = np.nan_to_num(floats(z.gain)[..., SIGNAL, SIGNAL])
    wrong = np.nan_to_num(floats(z.error_gain)[..., SIGNAL, SIGNAL])
    error = quotient(wrong, gain, BACKGROUND_ERROR)
    secret = _single_pair_probability(intensities) * bounds.yield_z * (1 - h2(bounds.error_x))
    return np.asarray(floats(sift) * (secret - gain * floats(correction) * h2(error)))


def expected_cells(channel: MdiChannel, intensities: Intensities) -> tuple[Cells, Cells]:
    """Cells of the Z and of the X basis that an honest relay announces on average."""
    settings = np.stack(np.broadcast_arrays(intensities.signal, intensities.decoy, intensities.weaker), axis=-1)
    mu_a, mu_b = floats(settings)[..., :, np.newaxis], floats(settings)[..., np.newaxis, :]
    arms = widened(channel, axes=2)
    q_z, q_x = gain_z(arms, mu_a, mu_b), gain_x(arms, mu_a, mu_b)
    return Cells(q_z, q_z * error_z(arms, mu_a, mu_b)), Cells(q_x, q_x * error_x(arms, mu_a, mu_b))


def _yield_bound(intensities: Intensities, cells: Cells) -> Floats:
    mu, nu, w = floats(intensities.signal), floats(intensities.decoy), floats(intensities.weaker)
    weak = (mu**2 - w**2) * (mu - w) * _mixed_difference(intensities, cells.gain, DECOY)
    strong = (nu**2 - w**2) * (nu - w) * _mixed_difference(intensities, cells.gain, SIGNAL)
    bound = (weak - strong) / ((mu - w) ** 2 * (nu - w) ** 2 * (mu - nu))
    ceiling = floats(cells.gain)[..., SIGNAL, SIGNAL] / _single_pair_probability(intensities)
    return np.asarray(np.where((bound > 0) & (bound <= np.minimum(ceiling, 1.0)), bound, 0.0))


def _mixed_difference(intensities: Intensities, gains: ArrayLike, strong: int) -> Floats:
    """Sum over n, m >= 1 of (k^n - w^n)(k^m - w^m) Y_nm / (n! m!), with k the stronger intensity and w the weaker."""
    k = floats((intensities.signal, intensities.decoy)[strong])
    w, q = floats(intensities.weaker), floats(gains)
    equal = q[..., strong, strong] * np.exp(2 * k) + q[..., WEAKER, WEAKER] * np.exp(2 * w)
    return np.asarray(equal - (q[..., strong, WEAKER] + q[..., WEAKER, strong]) * np.exp(k + w))


def _single_pair_probability(intensities: Intensities) -> Floats:
    mu = floats(intensities.signal)
    return np.asarray(mu**2 * np.exp(-2 * mu))
