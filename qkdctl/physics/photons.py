"""Optical power, photons and decibels."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

PLANCK_J_S = 6.62607015e-34
"""Planck constant, exact in the SI since 2019."""

LIGHT_SPEED_M_S = 299_792_458.0
"""Speed of light in vacuum, exact."""

Floats = NDArray[np.float64]


def photon_energy_j(wavelength_nm: ArrayLike) -> Floats:
    """Energy of one photon, h c / lambda, for the vacuum wavelength in nm (> 0)."""
    return np.asarray(PLANCK_J_S * LIGHT_SPEED_M_S / (np.asarray(wavelength_nm, dtype=float) * 1e-9))


def mean_photon_number(power_w: ArrayLike, wavelength_nm: ArrayLike, pulse_rate_hz: ArrayLike) -> Floats:
    """Photons per pulse of a pulse train with this average power."""
    return np.asarray(np.asarray(power_w, dtype=float) / (photon_energy_j(wavelength_nm) * np.asarray(pulse_rate_hz)))


def transmittance(loss_db: ArrayLike) -> Floats:
    """Power transmittance 10^(-loss/10); infinite loss gives zero."""
    return np.asarray(np.power(10.0, -np.asarray(loss_db, dtype=float) / 10))
