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
    """Present settings of the detectors, plus the gating they share.

    Arrays of shape (detectors, *links), the first entry belonging to bit 0 and the second to bit 1. Where both are
    alike on all links one entry stands for both. Gating has the shape of the links alone.
    """

    efficiency: Floats
    dark_rate_hz: Floats
    dead_time_s: Floats
    afterpulse_probability: Floats
    gated: NDArray[np.bool_]
    gate_s: float | Floats
    pulse_rate_hz: float | Floats

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

    def count_rate_hz(self, arriving: float | Floats) -> Floats:
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
    matched: bool = False,
) -> tuple[Floats, Floats]:
    """Probabilities of a right and of a wrong bit for a pulse whose bases agree.

    `links` are the trailing axes that the receiver has behind its detectors; none for a single link.

    Args:
        receiver: the detectors.
        arriving: mean photon number at the receiver, shape (intensities, *links).
        intensity_probabilities: how often each intensity is sent, shape (intensities, *links).
        basis_errors: probability that a photon reaches the wrong detector, shape (2 bases, *links).
        basis_probabilities: how often an end chooses Z and X, shape (2 bases, *links).
        matched: whether both ends follow one list of bases (alignment) instead of choosing independently.

    Returns:
        Two tables of shape (2 bases, intensities, *links).
    """
    light = arriving * receiver.efficiency[:, np.newaxis]
    errors = basis_errors[:, np.newaxis, np.newaxis]
    # axes: basis, detector, intensity, links; a bit sent for a detector lights it in full and the other by mistake
    lit_right = -np.expm1(-light * (1 - errors))
    lit_wrong = -np.expm1(-light * errors)
    agree = basis_probabilities if matched else basis_probabilities**2
    lit = _mean_over_choices(lit_right + lit_wrong, agree, intensity_probabilities) / 2
    if not matched:
        in_differing = (intensity_probabilities * -np.expm1(-light / 2)).sum(axis=1)
        lit = lit + (1 - agree.sum(axis=0)) * in_differing
    background = receiver.background(lit)
    live = 1 / (1 + receiver.rate_without_dead_time_hz(lit) * receiver.dead_time_s)
    base, slope = (live * background)[:, np.newaxis], (live * (1 - background))[:, np.newaxis]
    right = base + slope * lit_right
    # the wrong detector of a bit is the other one; of a single entry for both it is that entry
    wrong = (base + slope * lit_wrong)[:, ::-1]
    both = right * wrong / 2
    return (right - both).mean(axis=1), (wrong - both).mean(axis=1)


def _mean_over_choices(table: Floats, of_bases: Floats, of_intensities: Floats) -> Floats:
    """Mean of a table (basis, detector, intensity, *links) over bases and intensities, weighted by their shares."""
    return np.asarray((of_bases[:, np.newaxis] * (table * of_intensities).sum(axis=2)).sum(axis=0))
