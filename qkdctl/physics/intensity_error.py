"""What becomes of decoy BB84 when pulses do not have the mean photon numbers that the analysis assumes.

Drift is a security fault: gains come from what was sent and bounds from what was claimed, and a rate comes out that
may exceed the true one. Fluctuation from pulse to pulse averages over the bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import Channel, error_rate, gain, key_rate, n_photon_yield, single_photon_error
from qkdctl.physics.decoy import Observed, rate_decoy, vacuum_weak_bounds
from qkdctl.physics.ranges import POSITIVE, Range, require

MOST_FLUCTUATION = 0.25
"""Beyond it a normal distribution would hold pulses of negative intensity."""


@dataclass(frozen=True, slots=True)
class IntensityError:
    """How all intensities of a source differ from those claimed.

    Attributes:
        drift: mean intensity sent over intensity claimed, > 0; 1 is none.
        fluctuation: standard deviation from pulse to pulse over the mean sent, normal, in [0, 0.25].

    Raises:
        ValueError: for a number outside its range.
    """

    drift: ArrayLike = 1.0
    fluctuation: ArrayLike = 0.0

    def __post_init__(self) -> None:
        require(self, _RANGES)

    def seen(self, channel: Channel, claimed: ArrayLike) -> Observed:
        """Gain and error rate of such pulses under the intensity claimed.

        The mean of exp(-eta k) over a normal k with mean m and deviation s is exp(-eta m + (eta s)^2/2), so the pulses
        click like steady ones with mean photon number m - eta s^2/2.
        """
        mean = floats(self.drift) * floats(claimed)
        steady = mean - floats(channel.transmittance) * (floats(self.fluctuation) * mean) ** 2 / 2
        return Observed(claimed, gain(channel, steady), error_rate(channel, steady))

    def single_photon_probability(self, claimed: ArrayLike) -> Floats:
        """Probability that such a pulse holds one photon, (m - s^2) exp(-m + s^2/2), the mean of k exp(-k)."""
        mean = floats(self.drift) * floats(claimed)
        variance = (floats(self.fluctuation) * mean) ** 2
        return np.asarray((mean - variance) * np.exp(-mean + variance / 2))


_RANGES = {"drift": POSITIVE, "fluctuation": Range(0.0, MOST_FLUCTUATION)}


@dataclass(frozen=True, slots=True)
class ClaimedRate:
    """Secret bits per pulse, negative where there is no key.

    Attributes:
        claimed: what the analysis returns.
        true: what the pulses really held, had decoys revealed everything.
    """

    claimed: Floats
    true: Floats

    def overclaim(self) -> Floats:
        """Claimed over true; above 1 key is credited that is not secret; infinite where none is.

        Decoys cost a little, so an honest source lies below 1. Zero where nothing is claimed.
        """
        credited = np.maximum(self.claimed, 0.0)
        return quotient(credited, self.true, np.where(credited > 0, np.inf, 0.0))


def rate_under_intensity_error(
    channel: Channel,
    claimed: tuple[ArrayLike, ArrayLike],
    error: IntensityError,
    *,
    correction: ArrayLike,
    sift: ArrayLike = 0.5,
) -> ClaimedRate:
    """What vacuum and weak decoy claim, and what is true (Ma, Qi, Zhao, Lo, Phys. Rev. A 72, 012326 (2005)).

    Args:
        channel: shape [...].
        claimed: mean photon numbers of signal and weak decoy that the analysis assumes.
        error: of the source.
        correction: inefficiency f >= 1 of error correction.
        sift: share q of pulses that survive sifting.
    """
    signal, decoy = (error.seen(channel, mean) for mean in claimed)
    bounds = vacuum_weak_bounds(signal, decoy, channel.background)
    single = error.single_photon_probability(claimed[0]) * n_photon_yield(channel, 1), single_photon_error(channel)
    return ClaimedRate(
        claimed=rate_decoy(signal, bounds, correction=correction, sift=sift),
        true=key_rate((signal.gain, signal.error_rate), single, correction, sift),
    )
