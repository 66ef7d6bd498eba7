"""How much key the counts of a block prove."""

import math

import numpy as np

from hil_sim.world.counts import PulseCounts
from qkdctl.physics.decoy import Observed, SinglePhotonBounds, rate_decoy, vacuum_weak_bounds

Z, X = 0, 1
SIGNAL, DECOY, VACUUM = 0, 1, 2


def provable_key_bits(
    counts: PulseCounts, mean_photon_number: float, decoy_ratio: float, *, correction: float, least_clicks: int
) -> int:
    """Secret bits in the Z signal pulses of a block, asymptotic, from vacuum and weak decoy; 0 when there are none.

    The yield of single photons comes from basis Z, their phase error from the bit errors of basis X, and the
    background from the vacuum pulses of both, since a pulse without light has no basis. The mean photon numbers are
    what the sender claims.

    Args:
        counts: of the whole block, intensities in the order signal, decoy, vacuum.
        mean_photon_number: claimed for a signal pulse, 0 when nothing is claimed.
        decoy_ratio: intensity of the decoy over that of the signal.
        correction: inefficiency of error correction.
        least_clicks: clicks needed from Z signals and from X decoys before anything is concluded.
    """
    if mean_photon_number <= 0 or counts.sent[:, VACUUM].sum() == 0:
        return 0
    if min(counts.detected[Z, SIGNAL], counts.detected[X, DECOY]) < least_clicks:
        return 0
    gains = counts.detected / np.maximum(counts.sent, 1)
    errors = counts.errors / np.maximum(counts.detected, 1)
    background = counts.detected[:, VACUUM].sum() / counts.sent[:, VACUUM].sum()

    def seen(basis: int, intensity: int, ratio: float) -> Observed:
        return Observed(mean_photon_number * ratio, gains[basis, intensity], errors[basis, intensity])

    signal = seen(Z, SIGNAL, 1.0)
    in_z = vacuum_weak_bounds(signal, seen(Z, DECOY, decoy_ratio), background)
    in_x = vacuum_weak_bounds(seen(X, SIGNAL, 1.0), seen(X, DECOY, decoy_ratio), background)
    bounds = SinglePhotonBounds(in_z.background, in_z.yield_1, in_x.error_1)
    rate = float(rate_decoy(signal, bounds, correction=correction, sift=1.0))
    return max(math.floor(rate * int(counts.sent[Z, SIGNAL])), 0)
