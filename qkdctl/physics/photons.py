"""Optical power, photons and decibels."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats

PLANCK_J_S = 6.62607015e-34
"""Planck constant, exact in the SI since 2019."""

LIGHT_SPEED_M_S = 299_792_458.0
"""Speed of light in vacuum, exact."""


def photon_energy_j(wavelength_nm: ArrayLike) -> Floats:
    """Energy of one photon, h c / lambda, for the vacuum wavelength in nm (> 0)."""
    return np.asarray(PLANCK_J_S * LIGHT_SPEED_M_S / (floats(wavelength_nm) * 1e-9))


def mean_photon_number(power_w: ArrayLike, wavelength_nm: ArrayLike, pulse_rate_hz: ArrayLike) -> Floats:
    """Photons per pulse of a pulse train with this average power."""
    return np.asarray(floats(power_w) / (photon_energy_j(wavelength_nm) * floats(pulse_rate_hz)))


def transmittance(loss_db: ArrayLike) -> Floats:
    """Power transmittance 10^(-loss/10); infinite loss gives zero."""
    return np.asarray(np.power(10.0, -floats(loss_db) / 10))
