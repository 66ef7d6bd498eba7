"""BB84 with finite blocks at one loss: what the best source makes of a block, by two analyses."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.bb84 import Channel, rate_infinite_decoy
from qkdctl.physics.detectors import background_yield
from qkdctl.physics.finite.block_size import BlockSize
from qkdctl.physics.finite.finite_link import FiniteLink
from qkdctl.physics.finite.finite_optimum import FiniteOptimum, optimal_one_decoy, optimal_two_decoys
from qkdctl.physics.finite.security import Security
from qkdctl.physics.hardware import Hardware
from qkdctl.physics.optimize import maximise
from qkdctl.physics.photons import transmittance

ANALYSES: Mapping[str, Callable[[FiniteLink], FiniteOptimum]] = {
    "two-decoys": optimal_two_decoys,
    "one-decoy": optimal_one_decoy,
}
"""Lim et al. 2014, three intensities, and Rusca et al. 2018, two."""


@dataclass(frozen=True, slots=True)
class FinitePoint:
    """What the best source makes of one block.

    Attributes:
        analysis: one of `ANALYSES`.
        rate_per_pulse: secret bits per pulse sent, 0 without key.
        key_rate_bps: the same per second.
        key_bits: of one block, from expected counts.
        pulses: sent until the block is full.
        duration_s: until it is full.
        key_clicks: clicks in the key basis in it.
        phase_error: most phase errors per single photon that the block proves.
        share_of_asymptotic: rate over `endless_rate`; None where that is 0.
        mean_photon_numbers: of the intensities, strongest first.
        probabilities: of the intensities.
        key_basis_probability: of either end.
    """

    analysis: str
    rate_per_pulse: float
    key_rate_bps: float
    key_bits: int
    pulses: float
    duration_s: float
    key_clicks: float
    phase_error: float
    share_of_asymptotic: float | None
    mean_photon_numbers: tuple[float, ...]
    probabilities: tuple[float, ...]
    key_basis_probability: float

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def finite_link(hardware: Hardware, loss_db: ArrayLike, block: BlockSize, security: Security) -> FiniteLink:
    """The link of this hardware over so many dB; how many pulses are lost in sifting is the source's choice."""
    return FiniteLink(finite_channel(hardware, loss_db), block, hardware.correction, security)


def finite_channel(hardware: Hardware, loss_db: ArrayLike) -> Channel:
    """Source to clicks of `bb84`."""
    eta = floats(hardware.efficiency * transmittance(loss_db))
    return Channel(eta, background_yield(hardware.dark_probability), hardware.misalignment)


def endless_rate(hardware: Hardware, loss_db: ArrayLike) -> Floats:
    """Secret bits per pulse that blocks without end tend to, 0 without key; the best mean photon number, no sifting.

    Beside single photons it counts clicks of empty pulses, of which nobody can know the bit, as both analyses do (Lo,
    Quantum Inf. Comput. 5, 413 (2005)); `bb84.rate_infinite_decoy` leaves them out, so it ends a little earlier.
    """
    channel = finite_channel(hardware, loss_db)

    def rate(light: Floats) -> Floats:
        single = rate_infinite_decoy(channel, light, correction=hardware.correction, sift=1.0)
        return np.asarray(single + np.exp(-light) * floats(channel.background))

    (best,) = maximise(rate, (1e-3, 1.0))
    return np.maximum(rate(best), 0.0)


def finite_points(
    hardware: Hardware, loss_db: float, block: BlockSize, security: Security, clock_hz: float
) -> tuple[FinitePoint, ...]:
    """One block by each analysis, every time with the best source."""
    link = finite_link(hardware, loss_db, block, security)
    endless = float(endless_rate(hardware, loss_db))
    return tuple(_point(name, optimise(link), endless, clock_hz) for name, optimise in ANALYSES.items())


def _point(analysis: str, best: FiniteOptimum, endless: float, clock_hz: float) -> FinitePoint:
    bits, pulses = int(best.block.key.bits()), float(best.block.pulses)
    rate, settings = bits / pulses, best.source.settings
    return FinitePoint(
        analysis=analysis,
        rate_per_pulse=rate,
        key_rate_bps=rate * clock_hz,
        key_bits=bits,
        pulses=pulses,
        duration_s=pulses / clock_hz,
        key_clicks=float(best.block.key_clicks),
        phase_error=float(best.block.key.phase_error),
        share_of_asymptotic=rate / endless if endless > 0 else None,
        mean_photon_numbers=tuple(floats(settings.mean_photon_numbers).tolist()),
        probabilities=tuple(floats(settings.probabilities).tolist()),
        key_basis_probability=float(floats(best.source.key_basis_probability)),
    )
