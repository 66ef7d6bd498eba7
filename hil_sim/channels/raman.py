"""Noise photons that classical light in the same fibre brings into the quantum channel.

Spontaneous Raman scattering turns launched power into light of other wavelengths all along the fibre. Sources: Eraerds,
Walenta, Legre, Gisin and Zbinden, New J. Phys. 12, 063027 (2010); Chapuran et al., New J. Phys. 11, 105001
(2009). With equal loss a at both wavelengths they give P_out L rho B forward and P_out sinh(aL)/a rho B backward; here
the two losses may differ.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.photons import LIGHT_SPEED_M_S, photon_energy_j

RAMAN_PER_KM_NM = 3e-9
"""Scattered share of the power per km of fibre and nm of bandwidth: the usual size, both channels in the C band."""

_PER_DB = np.log(10) / 10


def power_w(power_dbm: ArrayLike) -> Floats:
    """Power in watts of a level over one milliwatt; minus infinity is darkness."""
    return np.asarray(1e-3 * np.power(10.0, floats(power_dbm) / 10))


def forward_raman_w(
    launched_w: ArrayLike,
    length_km: ArrayLike,
    *,
    quantum_db_per_km: ArrayLike,
    classical_db_per_km: ArrayLike,
    bandwidth_nm: ArrayLike,
    raman_per_km_nm: ArrayLike = RAMAN_PER_KM_NM,
) -> Floats:
    """Raman power at the fibre's end within the receiver's bandwidth, of light that travels with the quantum signal.

    The integral over the place z of scattering of exp(-a_c z - a_q (L - z)).
    """
    length, quantum, classical = _losses(length_km, quantum_db_per_km, classical_db_per_km)
    reach = length * np.exp(-quantum * length) * _mean_exponential((quantum - classical) * length)
    return np.asarray(floats(launched_w) * floats(raman_per_km_nm) * floats(bandwidth_nm) * reach)


def backward_raman_w(
    launched_w: ArrayLike,
    length_km: ArrayLike,
    *,
    quantum_db_per_km: ArrayLike,
    classical_db_per_km: ArrayLike,
    bandwidth_nm: ArrayLike,
    raman_per_km_nm: ArrayLike = RAMAN_PER_KM_NM,
) -> Floats:
    """Raman power at the receiver within its bandwidth, of light launched there against the quantum signal.

    The integral over the place z of scattering of exp(-(a_c + a_q) z); it saturates in long fibres.
    """
    length, quantum, classical = _losses(length_km, quantum_db_per_km, classical_db_per_km)
    reach = length * _mean_exponential(-(quantum + classical) * length)
    return np.asarray(floats(launched_w) * floats(raman_per_km_nm) * floats(bandwidth_nm) * reach)


def amplifier_noise_w(
    gain_db: ArrayLike, noise_figure_db: ArrayLike, wavelength_nm: ArrayLike, bandwidth_nm: ArrayLike
) -> Floats:
    """Spontaneous emission of an optical amplifier within a bandwidth, both polarisations.

    F (G - 1) h nu B with the noise figure F = 2 n_sp (Desurvire, Erbium-Doped Fiber Amplifiers, 1994).
    """
    gain = np.power(10.0, floats(gain_db) / 10) - 1
    figure = np.power(10.0, floats(noise_figure_db) / 10)
    bandwidth_hz = LIGHT_SPEED_M_S * floats(bandwidth_nm) / floats(wavelength_nm) ** 2 * 1e9
    return np.asarray(figure * gain * photon_energy_j(wavelength_nm) * bandwidth_hz)


def photons_per_gate(power_w: ArrayLike, wavelength_nm: ArrayLike, gate_s: ArrayLike) -> Floats:
    """Mean photon number of steady light in a gate."""
    return np.asarray(floats(power_w) * floats(gate_s) / photon_energy_j(wavelength_nm))


def _losses(length_km: ArrayLike, quantum: ArrayLike, classical: ArrayLike) -> tuple[Floats, Floats, Floats]:
    return floats(length_km), _PER_DB * floats(quantum), _PER_DB * floats(classical)


def _mean_exponential(x: Floats) -> Floats:
    """(exp(x) - 1) / x, the mean of exp over [0, x]."""
    tiny = np.abs(x) < 1e-8
    safe = np.where(tiny, 1.0, x)
    return np.asarray(np.where(tiny, 1 + x / 2, np.expm1(safe) / safe))
