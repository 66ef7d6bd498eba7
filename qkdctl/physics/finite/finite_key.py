"""Length of the key that a finite block gives, from bounds on its empty and single-photon pulses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.entropy import h2
from qkdctl.physics.finite.decoy_counts import BasisCounts
from qkdctl.physics.finite.fluctuations import sampling_deviation
from qkdctl.physics.finite.security import Security


@dataclass(frozen=True, slots=True)
class PhotonBounds:
    """Least numbers of clicks of one basis that came from pulses of no and of one photon.

    Attributes:
        vacuum: s0.
        single: s1.
    """

    vacuum: Floats
    single: Floats


@dataclass(frozen=True, slots=True)
class FiniteKey:
    """What a block proves; every array has the shape of the links.

    Attributes:
        vacuum: s0, least clicks of empty pulses in the key basis.
        single: s1, least clicks of single photons in the key basis.
        test_single: the same in the test basis.
        test_single_errors: v1, most errors among the clicks of single photons in the test basis.
        phase_error: most phase errors per single photon of the key, in [0, 1/2].
        length: bits of secret key before rounding; negative where the block gives none, so that optimisers see the way.
    """

    vacuum: Floats
    single: Floats
    test_single: Floats
    test_single_errors: Floats
    phase_error: Floats
    length: Floats

    def bits(self) -> NDArray[np.int64]:
        """Whole bits of key to be credited, 0 where there is none."""
        return np.floor(np.maximum(self.length, 0.0)).astype(np.int64)


def sound_bounds(vacuum: Floats, single: Floats, basis: BasisCounts) -> PhotonBounds:
    """Bounds floored at 0, void (0) where they would ask for more clicks than the basis had.

    Such bounds contradict themselves: scatter beyond the security parameter, or intensities that are not what the
    source claims.
    """
    s0, s1 = np.maximum(vacuum, 0.0), np.maximum(single, 0.0)
    sound = s0 + s1 <= basis.total_clicks()
    return PhotonBounds(vacuum=np.asarray(np.where(sound, s0, 0.0)), single=np.asarray(np.where(sound, s1, 0.0)))


def finite_key(
    key: tuple[BasisCounts, PhotonBounds],
    test: tuple[PhotonBounds, Floats],
    *,
    correction: ArrayLike,
    security: Security,
    terms: int,
) -> FiniteKey:
    """Key length s0 + s1 [1 - h2(phi)] - f n h2(E) - 6 log2(terms/eps_sec) - log2(2/eps_cor).

    Source: Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014), eqs. 1 and 5. A phase error of 1/2 where
    either basis has no certain single photon.

    Args:
        key: counts of the key basis, all intensities pooled, and their bounds.
        test: bounds of the test basis and the most errors v1 among its single photons.
        correction: inefficiency f >= 1 of error correction.
        security: failure probabilities granted.
        terms: shares that eps_sec is cut into.
    """
    (counts, bounds), (sample, wrong) = key, test
    known = (bounds.single > 0) & (sample.single > 0)
    ratio = np.minimum(wrong / np.where(known, sample.single, 1.0), 0.5)
    excess = sampling_deviation(ratio, sample.single, bounds.single, security.secrecy, terms=terms)
    phase_error = np.where(known, np.minimum(ratio + excess, 0.5), 0.5)
    disclosed = floats(correction) * counts.total_clicks() * h2(counts.error_rate())
    hashing = 6 * np.log2(terms / floats(security.secrecy)) + np.log2(2 / floats(security.correctness))
    return FiniteKey(
        vacuum=bounds.vacuum,
        single=bounds.single,
        test_single=sample.single,
        test_single_errors=wrong,
        phase_error=np.asarray(phase_error),
        length=np.asarray(bounds.vacuum + bounds.single * (1 - h2(phase_error)) - disclosed - hashing),
    )
