"""How much key the counts of a block prove."""

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.world.counts import SiftedCounts, Table
from qkdctl.physics.decoy import Observed, SinglePhotonBounds, rate_decoy, vacuum_weak_bounds

Z, X = 0, 1
SIGNAL, DECOY, VACUUM = 0, 1, 2


def provable_key_bits(
    counts: SiftedCounts,
    mean_photon_number: ArrayLike,
    decoy_ratio: ArrayLike,
    *,
    correction: ArrayLike,
    least_clicks: ArrayLike,
) -> Table:
    """Secret bits in the Z signal pulses of a block, asymptotic, from vacuum and weak decoy; 0 when there are none.

    The yield of single photons comes from basis Z, their phase error from the bit errors of basis X, and the
    background from the vacuum pulses of both, since a pulse without light has no basis. The mean photon numbers are
    what the sender claims. Everything broadcasts over links, which are the last axis of the counts.

    Args:
        counts: of the whole block, intensities in the order signal, decoy, vacuum.
        mean_photon_number: claimed for a signal pulse, 0 when nothing is claimed.
        decoy_ratio: intensity of the decoy over that of the signal.
        correction: inefficiency of error correction.
        least_clicks: clicks needed from Z signals and from X decoys before anything is concluded.
    """
    claimed = np.asarray(mean_photon_number, dtype=np.float64)
    vacuum_sent = counts.sent[:, VACUUM].sum(axis=0)
    enough = np.minimum(counts.detected[Z, SIGNAL], counts.detected[X, DECOY]) >= least_clicks
    usable = (claimed > 0) & (vacuum_sent > 0) & enough
    mean = np.where(claimed > 0, claimed, 1.0)
    gains = counts.detected / np.maximum(counts.sent, 1)
    errors = counts.errors / np.maximum(counts.detected, 1)
    background = counts.detected[:, VACUUM].sum(axis=0) / np.maximum(vacuum_sent, 1)

    def seen(basis: int, intensity: int, ratio: ArrayLike) -> Observed:
        return Observed(mean * ratio, gains[basis, intensity], errors[basis, intensity])

    signal = seen(Z, SIGNAL, 1.0)
    in_z = vacuum_weak_bounds(signal, seen(Z, DECOY, decoy_ratio), background)
    in_x = vacuum_weak_bounds(seen(X, SIGNAL, 1.0), seen(X, DECOY, decoy_ratio), background)
    bounds = SinglePhotonBounds(in_z.background, in_z.yield_1, in_x.error_1)
    rate = rate_decoy(signal, bounds, correction=correction, sift=1.0)
    bits = np.floor(np.where(usable, rate, 0.0) * counts.sent[Z, SIGNAL])
    return np.asarray(np.maximum(bits, 0).astype(np.int64))
