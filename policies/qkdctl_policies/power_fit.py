"""What the physics of decoy BB84 says about power and misalignment, boiled down to a few integers and two ratios."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.decoy import Observed, SinglePhotonBounds, rate_decoy, vacuum_weak_bounds
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6

DECOY_RATIO: Final = 0.2
CORRECTION: Final = 1.16
BACKGROUND: Final = 2e-7
REFERENCE_LOSS_DB: Final = 16.0
"""Source to click. From 12 dB on the optimum no longer depends on the loss."""
SHORT_LOSS_DB: Final = 4.0
QBER_KNOTS_PPM: Final = tuple(range(0, 90_000, 10_000))


@dataclass(frozen=True)
class PowerFit:
    """Where the most key is.

    Attributes:
        best_steps: best table step at each QBER of `QBER_KNOTS_PPM`, both bases alike, at the reference loss.
        short_link_steps: by how much the best step is higher at the short loss, at 2 %.
        harm_z, harm_x: share of the key rate lost per unit of error in one basis, around 1 %.
    """

    best_steps: tuple[int, ...]
    short_link_steps: int
    harm_z: float
    harm_x: float


def fit_power() -> PowerFit:
    """Evaluate the rate over the whole table of mean photon numbers, with vacuum and one weak decoy."""
    best = tuple(_best_step(ppm / 1e6, REFERENCE_LOSS_DB) for ppm in QBER_KNOTS_PPM)
    at = best[1]
    rate, change = _rates(0.01, 0.01, REFERENCE_LOSS_DB)[at], 1e-3
    return PowerFit(
        best_steps=best,
        short_link_steps=_best_step(0.02, SHORT_LOSS_DB) - best[2],
        harm_z=float((1 - _rates(0.01 + change, 0.01, REFERENCE_LOSS_DB)[at] / rate) / change),
        harm_x=float((1 - _rates(0.01, 0.01 + change, REFERENCE_LOSS_DB)[at] / rate) / change),
    )


def _best_step(error: float, loss_db: float) -> int:
    return int(np.argmax(_rates(error, error, loss_db)))


def _rates(error_z: float, error_x: float, loss_db: float) -> np.ndarray:
    """Secret bits per key-basis pulse at every table value, phase errors bounded from the other basis."""
    mu = np.array(MEAN_PHOTON_NUMBERS_E6) / 1e6
    transmittance = 10 ** (-loss_db / 10)
    signal, bounds_z = _seen(Channel(transmittance, BACKGROUND, error_z), mu)
    _, bounds_x = _seen(Channel(transmittance, BACKGROUND, error_x), mu)
    proven = SinglePhotonBounds(bounds_z.background, bounds_z.yield_1, bounds_x.error_1)
    return rate_decoy(signal, proven, correction=CORRECTION, sift=1.0)


def _seen(channel: Channel, mu: np.ndarray) -> tuple[Observed, SinglePhotonBounds]:
    signal, decoy = (Observed(m, gain(channel, m), error_rate(channel, m)) for m in (mu, DECOY_RATIO * mu))
    return signal, vacuum_weak_bounds(signal, decoy, BACKGROUND)
