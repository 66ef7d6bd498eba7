"""Impairments that an operator tells apart by QBER and key rate: noise photons raise the QBER, loss does not.

The classes are those of an operational metro link (Maragkopoulos, Mandilara, Nikas and Syvridis, Entropy 26, 922
(2024)): one or two lasers beside the quantum signal, four lasers behind an amplifier at three powers, and loss of 20,
46 or 67 % of the photons. Launch powers, fibre and filter of the noise classes are assumptions: 15 km of fibre, 0.2 nm
and gates of 1 ns, powers that keep the order of the classes; the amplifier adds little beyond its lasers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.raman import amplifier_noise_w, forward_raman_w, photons_per_gate, power_w
from qkdctl.physics.arrays import Floats
from qkdctl.physics.photons import transmittance
from qkdctl.physics.ranges import NON_NEGATIVE, Range

WAVELENGTH_NM, BANDWIDTH_NM, GATE_S = 1550.0, 0.2, 1e-9
LENGTH_KM, LOSS_DB_PER_KM = 15.0, 0.2
AMPLIFIER_ISOLATION_DB = 90.0
"""Suppression of the amplifier's emission at the quantum wavelength by the filter behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class Impairment(PerLink):
    """What is wrong with a link beyond its ordinary drift, steady while it lasts.

    Attributes:
        loss_db: loss in the fibre.
        photons_per_gate: noise photons per gate at the receiver.
    """

    loss_db: ArrayLike = 0.0
    photons_per_gate: ArrayLike = 0.0

    RANGES: ClassVar[Mapping[str, Range]] = {"loss_db": NON_NEGATIVE, "photons_per_gate": NON_NEGATIVE}


def photon_loss(share: float) -> Impairment:
    """Loss of a share of the photons, in [0, 1).

    Raises:
        ValueError: for any other share.
    """
    if not 0 <= share < 1:
        raise ValueError(f"a share of lost photons must lie in [0, 1), got {share!r}")
    return Impairment(loss_db=-10 * np.log10(1 - share))


def co_propagating_lasers(count: int, launch_dbm: float) -> Impairment:
    """Forward Raman noise of some lasers with this launch power each."""
    return Impairment(photons_per_gate=_photons(count * _raman_w(launch_dbm)))


def amplified_lasers(count: int, launch_dbm: float, gain_db: float, noise_figure_db: float = 5.0) -> Impairment:
    """Raman noise of lasers behind an amplifier, `launch_dbm` each after it, and what its filter lets through."""
    emission_w = amplifier_noise_w(gain_db, noise_figure_db, WAVELENGTH_NM, BANDWIDTH_NM)
    leak_w = emission_w * transmittance(AMPLIFIER_ISOLATION_DB + LENGTH_KM * LOSS_DB_PER_KM)
    return Impairment(photons_per_gate=_photons(count * _raman_w(launch_dbm) + leak_w))


def _raman_w(launch_dbm: float) -> Floats:
    return forward_raman_w(
        power_w(launch_dbm),
        LENGTH_KM,
        quantum_db_per_km=LOSS_DB_PER_KM,
        classical_db_per_km=LOSS_DB_PER_KM,
        bandwidth_nm=BANDWIDTH_NM,
    )


def _photons(noise_w: Floats) -> Floats:
    return photons_per_gate(noise_w, WAVELENGTH_NM, GATE_S)


IMPAIRMENTS: Final[Mapping[str, Impairment]] = {
    "normal": Impairment(),
    "laser": co_propagating_lasers(1, -12.0),
    "two-lasers": co_propagating_lasers(2, -12.0),
    "four-lasers-edfa-low": amplified_lasers(4, -11.0, gain_db=10.0),
    "four-lasers-edfa-medium": amplified_lasers(4, -9.0, gain_db=12.0),
    "four-lasers-edfa-high": amplified_lasers(4, -7.0, gain_db=14.0),
    "photon-loss-20": photon_loss(0.20),
    "photon-loss-46": photon_loss(0.46),
    "photon-loss-67": photon_loss(0.67),
}
"""The classes by name."""
