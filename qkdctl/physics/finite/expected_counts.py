"""Counts to expect from a channel, before any scatter."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import floats, widened
from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.detectors import error_rate_with_afterpulses, gain_with_afterpulses
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings


def expected_block(
    channel: Channel,
    settings: IntensitySettings,
    *,
    pulses: ArrayLike,
    key_basis_probability: ArrayLike,
    afterpulse_probability: ArrayLike = 0.0,
) -> BlockCounts:
    """Mean counts of a block when both ends choose the key basis with the same probability.

    Source: Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014), section IV: clicks
    R_k = [1 - (1-2 p_dc) exp(-eta k)] (1 + p_ap), errors p_dc + e_mis [1 - exp(-eta k)] + p_ap D_k / 2. Their eta is
    the whole system's, receiver included, also in the errors; their channel is one with background 2 p_dc. A real run
    scatters around these counts, and a length computed from them is reached by about every second run only.

    Args:
        channel: shape [...]; the same for both bases.
        settings: shape [..., intensities].
        pulses: N, all pulses that the source sent, also those lost in sifting; shape [...].
        key_basis_probability: q in (0, 1), for each end; shape [...].
        afterpulse_probability: p_ap, afterpulses per click; shape [...].

    Raises:
        ValueError: for a negative number of pulses or a probability outside (0, 1).
    """
    sent, q = floats(pulses), floats(key_basis_probability)
    if not np.all(sent >= 0):
        raise ValueError(f"pulses must be >= 0, got {sent!r}")
    if not np.all((q > 0) & (q < 1)):
        raise ValueError(f"key basis probability must lie in (0, 1), got {q!r}")
    bases = np.stack(np.broadcast_arrays(sent * q**2, sent * (1 - q) ** 2))[..., np.newaxis]
    each = widened(channel)
    p_ap = floats(afterpulse_probability)[..., np.newaxis]
    mu, chosen = settings.mean_photon_numbers, floats(settings.probabilities)
    clicks = chosen * gain_with_afterpulses(gain(each, mu), p_ap)
    errors = clicks * error_rate_with_afterpulses(error_rate(each, mu), p_ap)
    key, test = (BasisCounts(pulses_in_basis * clicks, pulses_in_basis * errors) for pulses_in_basis in bases)
    return BlockCounts(key=key, test=test)
