"""Clicks and errors of a block by basis and intensity, and what the source said it sent.

The last axis of every table is the intensity, strongest first; all axes before it broadcast, so that one call serves
thousands of links.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient


@dataclass(frozen=True, slots=True)
class IntensitySettings:
    """The intensities that a source chooses from for every pulse.

    Attributes:
        mean_photon_numbers: shape [..., intensities], strictly falling, the weakest >= 0.
        probabilities: how often each is chosen, same last axis, each in (0, 1], their sum 1.

    Raises:
        ValueError: if the last axes differ, the intensities do not fall, or the probabilities do not add up.
    """

    mean_photon_numbers: ArrayLike
    probabilities: ArrayLike

    def __post_init__(self) -> None:
        mu, p = floats(self.mean_photon_numbers), floats(self.probabilities)
        if not (mu.ndim and p.ndim and mu.shape[-1] == p.shape[-1]):
            raise ValueError(f"expected one probability per intensity, got shapes {mu.shape} and {p.shape}")
        if not (np.all(np.diff(mu) < 0) and np.all(mu >= 0)):
            raise ValueError(f"mean photon numbers must fall strictly and stay >= 0, got {mu!r}")
        if not (np.all((p > 0) & (p <= 1)) and np.allclose(p.sum(axis=-1), 1, rtol=0, atol=1e-9)):
            raise ValueError(f"probabilities must lie in (0, 1] and add up to 1, got {p!r}")

    def check_number(self, expected: int) -> None:
        """Insist on this many intensities.

        Raises:
            ValueError: if there are more or fewer.
        """
        got = floats(self.mean_photon_numbers).shape[-1]
        if got != expected:
            raise ValueError(f"expected {expected} intensities, got {got}")

    def split(self) -> tuple[Floats, ...]:
        """Mean photon numbers, one array per intensity, strongest first."""
        return tuple(np.moveaxis(floats(self.mean_photon_numbers), -1, 0))

    def photon_number_probability(self, photons: int) -> Floats:
        """Probability tau_n that a pulse of unknown intensity holds 0 or 1 photons, the sum of p_k exp(-k) k^n.

        Raises:
            ValueError: for any other number of photons.
        """
        if photons not in (0, 1):
            raise ValueError(f"photons must be 0 or 1, got {photons}")
        mu = floats(self.mean_photon_numbers)
        return np.asarray((floats(self.probabilities) * np.exp(-mu) * mu**photons).sum(axis=-1))


@dataclass(frozen=True, slots=True)
class BasisCounts:
    """What both ends saw of the pulses for which they chose the same basis.

    Attributes:
        clicks: pulses that were detected, shape [..., intensities]; counts, or their expectations.
        errors: those of them read as the wrong bit, same shape.

    Raises:
        ValueError: unless 0 <= errors <= clicks.
    """

    clicks: ArrayLike
    errors: ArrayLike

    def __post_init__(self) -> None:
        clicks, errors = floats(self.clicks), floats(self.errors)
        if not np.all((errors >= 0) & (errors <= clicks)):
            raise ValueError(f"counts must satisfy 0 <= errors <= clicks, got clicks {clicks!r} and errors {errors!r}")

    def total_clicks(self) -> Floats:
        """Clicks of all intensities together, shape [...]."""
        return np.asarray(floats(self.clicks).sum(axis=-1))

    def total_errors(self) -> Floats:
        """Errors of all intensities together, shape [...]."""
        return np.asarray(floats(self.errors).sum(axis=-1))

    def error_rate(self) -> Floats:
        """Wrong clicks per click, all intensities pooled, the vacuum-like one too; 1/2 when nothing clicked."""
        return quotient(self.total_errors(), self.total_clicks(), 0.5)


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """One block, from which one key is made.

    Attributes:
        key: counts of the basis that the key comes from.
        test: counts of the other basis, all disclosed, which bound the phase errors of the key.
    """

    key: BasisCounts
    test: BasisCounts
