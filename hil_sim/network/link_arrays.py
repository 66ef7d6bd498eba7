"""The hardware of many links as arrays, the links on the last axis."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS, LinkHardware
from hil_sim.world.detector import DetectorChannel

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

_E6 = 1_000_000


@dataclass(frozen=True, slots=True)
class LinkArrays:
    """One column per link; see `LinkHardware` for what is not said here.

    Attributes:
        nominal_loss_db: of the span between the two ends.
        efficiency, dark_rate_hz: of a detector at its operating point.
        ratios, shares: intensities relative to the signal, how often each is sent, shape (3, links).
        bases: how often an end chooses Z and X, shape (2, links).
        start_e6: mean photon number at the start, 1e-6 photons per pulse.
        cap_e6, highest_e6: see `LinkHardware`, shape (protocols, links).
        supported: which protocols the link can run, shape (protocols, links); first_protocol: number of its first one.
    """

    nominal_loss_db: Floats
    pulse_rate_hz: Floats
    gate_s: Floats
    efficiency: Floats
    dark_rate_hz: Floats
    dead_time_s: Floats
    afterpulse_probability: Floats
    gated: Flags
    receiver_loss_db: Floats
    intrinsic_error: Floats
    ratios: Floats
    shares: Floats
    bases: Floats
    correction: Floats
    start_e6: Counts
    cap_e6: Counts
    highest_e6: Counts
    qber_limit_ppm: Counts
    calibration_uncertainty: Floats
    attenuator_step_db: Floats
    supported: Flags
    first_protocol: NDArray[np.int8]
    can_realign: Flags
    realign_s: Floats
    realign_residual_rad: Floats
    switch_s: Floats
    dwell_s: Floats
    duty: Floats
    reference_share: Floats
    sending: Floats
    slice_share: Floats
    running_credit: Flags
    finite: Flags
    block_bits: Counts
    block_longest_s: Floats
    least_clicks: Counts
    secrecy: Floats
    correctness: Floats
    post_processing_bps: Floats

    @classmethod
    def of(cls, hardware: Sequence[LinkHardware], loss_db: Sequence[float]) -> Self:
        """From the hardware and the nominal loss of each link."""
        columns = [_column(parts, loss) for parts, loss in zip(hardware, loss_db, strict=True)]
        return cls(**{name: np.stack([column[name] for column in columns], axis=-1) for name in columns[0]})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The links of several networks behind each other."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names})

    @property
    def count(self) -> int:
        """Number of links."""
        return self.nominal_loss_db.size


def _column(parts: LinkHardware, loss_db: float) -> dict[str, NDArray[np.generic]]:
    detector = DetectorChannel(parts.detector)
    blocks = parts.blocks
    column: dict[str, float | Sequence[float]] = {
        "nominal_loss_db": loss_db,
        "efficiency": detector.efficiency(),
        "dark_rate_hz": detector.dark_rate_hz(),
        "dead_time_s": parts.detector.dead_time_s,
        "afterpulse_probability": parts.detector.afterpulse_probability,
        "ratios": parts.intensity_ratios,
        "shares": parts.intensity_probabilities,
        "bases": parts.basis_probabilities,
        "sending": parts.sending_probability,
        "slice_share": parts.phase_slice,
        "block_longest_s": blocks.longest_s,
        "secrecy": blocks.secrecy,
        "correctness": blocks.correctness,
    }
    same = (
        "pulse_rate_hz gate_s receiver_loss_db intrinsic_error correction calibration_uncertainty "
        "attenuator_step_db realign_s "
        "realign_residual_rad switch_s dwell_s duty reference_share post_processing_bps"
    )
    column |= {name: getattr(parts, name) for name in same.split()}
    whole = {
        "start_e6": parts.start_e6(),
        "cap_e6": [parts.cap_e6(name) for name in PROTOCOLS],
        "highest_e6": [parts.highest_e6(name) for name in PROTOCOLS],
        "qber_limit_ppm": round(parts.qber_limit * _E6),
        "block_bits": blocks.sifted_bits,
        "least_clicks": blocks.least_clicks,
    }
    flags = {
        "gated": parts.detector.gated,
        "can_realign": parts.can_realign,
        "running_credit": blocks.credit == "running",
        "finite": blocks.security == "finite",
        "supported": [name in parts.protocols for name in PROTOCOLS],
    }
    return {
        **{name: np.asarray(value, dtype=np.float64) for name, value in column.items()},
        **{name: np.asarray(number, dtype=np.int64) for name, number in whole.items()},
        **{name: np.asarray(flag, dtype=np.bool_) for name, flag in flags.items()},
        "first_protocol": np.asarray(PROTOCOLS.index(parts.protocols[0]), dtype=np.int8),
    }
