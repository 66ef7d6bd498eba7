"""From photons at the receiver to click probabilities: two detectors, one per bit value, and an active choice of basis.

Each detector clicks by signal, dark count or afterpulse, and only while it is not dead. When both click, the bit is
drawn at random, as security proofs require (Luetkenhaus, Phys. Rev. A 59, 3301 (1999)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.world.detector import DetectorChannel
from qkdctl.physics.detectors import dark_probability_per_gate, nonparalyzable_rate_hz

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Present settings of both detectors as arrays of two, plus the gating they share."""

    efficiency: Floats
    dark_rate_hz: Floats
    dead_time_s: Floats
    afterpulse_probability: Floats
    gated: NDArray[np.bool_]
    gate_s: float
    pulse_rate_hz: float

    @classmethod
    def of(cls, channels: Sequence[DetectorChannel], gate_s: float, pulse_rate_hz: float) -> Self:
        """The receiver that these detectors make up."""
        return cls(
            efficiency=np.array([c.efficiency() for c in channels]),
            dark_rate_hz=np.array([c.dark_rate_hz() for c in channels]),
            dead_time_s=np.array([c.parameters.dead_time_s for c in channels]),
            afterpulse_probability=np.array([c.parameters.afterpulse_probability for c in channels]),
            gated=np.array([c.parameters.gated for c in channels]),
            gate_s=gate_s,
            pulse_rate_hz=pulse_rate_hz,
        )

    def dark_probability(self) -> Floats:
        """Dark-count probability in one gate, per detector."""
        return dark_probability_per_gate(self.dark_rate_hz, self.gate_s)

    def background(self, lit: Floats) -> Floats:
        """Probability of a dark count or afterpulse in one gate, `lit` being the mean probability of a signal click.

        Afterpulses of a gated detector all fall into gates; those of a free-running one fall anywhere.
        """
        dark = self.dark_probability()
        clicks_gated = dark + lit * (1 - dark)
        clicks_free = lit + self.dark_rate_hz / self.pulse_rate_hz
        inside = self.gate_s * self.pulse_rate_hz
        afterpulse = self.afterpulse_probability * np.where(self.gated, clicks_gated, clicks_free * inside)
        return np.asarray(dark + afterpulse - dark * afterpulse)

    def rate_without_dead_time_hz(self, lit: Floats) -> Floats:
        """Clicks per second of detectors that were never dead, `lit` as above."""
        background = self.background(lit)
        gated = self.pulse_rate_hz * (background + lit * (1 - background))
        free = (self.pulse_rate_hz * lit + self.dark_rate_hz) * (1 + self.afterpulse_probability)
        return np.asarray(np.where(self.gated, gated, free))

    def count_rate_hz(self, arriving: float) -> Floats:
        """What each detector counts when each pulse brings this mean photon number, half of it to either detector."""
        lit = -np.expm1(-arriving * self.efficiency / 2)
        return nonparalyzable_rate_hz(self.rate_without_dead_time_hz(lit), self.dead_time_s)


def outcome_probabilities(
    receiver: Receiver,
    *,
    arriving: Floats,
    intensity_probabilities: Floats,
    basis_errors: Floats,
    basis_probabilities: Floats,
    matched: bool,
) -> tuple[Floats, Floats]:
    """Probabilities of a right and of a wrong bit for a pulse whose bases agree.

    Args:
        receiver: the detectors.
        arriving: mean photon number at the receiver per intensity.
        intensity_probabilities: how often each intensity is sent.
        basis_errors: probability that a photon reaches the wrong detector, per basis.
        basis_probabilities: how often an end chooses Z and X.
        matched: whether both ends follow one list of bases (alignment) instead of choosing independently.

    Returns:
        Two tables of shape (2 bases, intensities).
    """
    # axes: basis, bit sent, intensity, detector
    share = np.empty((2, 2, 1, 2))
    for bit in (0, 1):
        share[:, bit, 0, bit] = 1 - basis_errors
        share[:, bit, 0, 1 - bit] = basis_errors
    light = arriving[:, np.newaxis] * receiver.efficiency
    lit = -np.expm1(-light * share)
    agree = basis_probabilities if matched else basis_probabilities**2
    lit_agreeing = np.einsum("b,k,bzkd->d", agree, intensity_probabilities, lit) / 2
    lit_differing = (1 - agree.sum()) * (intensity_probabilities @ -np.expm1(-light / 2))
    mean_lit = lit_agreeing + lit_differing
    background = receiver.background(mean_lit)
    live = 1 / (1 + receiver.rate_without_dead_time_hz(mean_lit) * receiver.dead_time_s)
    click = live * (background + lit * (1 - background))
    right = np.stack([click[:, 0, :, 0], click[:, 1, :, 1]])
    wrong = np.stack([click[:, 0, :, 1], click[:, 1, :, 0]])
    both = right * wrong / 2
    return (right - both).mean(axis=0), (wrong - both).mean(axis=0)
