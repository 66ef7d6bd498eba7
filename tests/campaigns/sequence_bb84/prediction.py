"""What the receiver model and the closed formulas expect at a point."""

import math
from dataclasses import dataclass

import numpy as np

from hil_sim.world.receiver import Receiver, outcome_probabilities
from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.detectors import background_yield, dark_probability_per_gate
from qkdctl.physics.photons import transmittance
from tests.campaigns.sequence_bb84.points import LOSS_DB_PER_KM, Point

_SIFT = 0.5


@dataclass(frozen=True, slots=True)
class Expected:
    """Of one pulse, bases unknown.

    Attributes:
        sifted_per_pulse: probability that it gives a sifted bit.
        qber: share of wrong ones among the sifted bits.
    """

    sifted_per_pulse: float
    qber: float


def expected(point: Point) -> Expected:
    """By the receiver model, less the double clicks, which SeQUeNCe discards and the model reads as random bits.

    SeQUeNCe attributes a click to the nearest pulse, so the gate is the whole period, and its detectors are free
    running. A photon whose polarisation became random goes to either detector alike: half the infidelity is error.
    """
    receiver = Receiver(
        efficiency=np.full(2, point.efficiency),
        dark_rate_hz=np.full(2, point.dark_rate_hz),
        dead_time_s=np.full(2, point.dead_gates / point.pulse_rate_hz),
        afterpulse_probability=np.zeros(2),
        gated=np.zeros(2, dtype=np.bool_),
        gate_s=1 / point.pulse_rate_hz,
        pulse_rate_hz=point.pulse_rate_hz,
    )
    right, wrong = outcome_probabilities(
        receiver,
        arriving=np.array([point.mean_photon_number * _fibre(point)]),
        intensity_probabilities=np.ones(1),
        basis_errors=np.full(2, _misalignment(point)),
        basis_probabilities=np.full(2, 0.5),
        matched=False,
    )
    right_alone, wrong_alone = without_double_clicks(float(right.mean()), float(wrong.mean()))
    clicks = right_alone + wrong_alone
    return Expected(_SIFT * clicks, wrong_alone / clicks)


def closed_form(point: Point) -> Expected:
    """By gain and error rate of weak pulses (Ma, Qi, Zhao, Lo 2005), which know neither dead time nor double clicks."""
    dark = dark_probability_per_gate(point.dark_rate_hz, 1 / point.pulse_rate_hz)
    channel = Channel(_fibre(point) * point.efficiency, background_yield(dark), _misalignment(point))
    mean = point.mean_photon_number
    return Expected(_SIFT * float(gain(channel, mean)), float(error_rate(channel, mean)))


def without_double_clicks(right: float, wrong: float) -> tuple[float, float]:
    """Probabilities that only the right, and only the wrong detector clicks.

    The detectors click independently, with probabilities r and w. Reading a double click as a random bit gives
    `right` = r - r w / 2 and `wrong` = w - r w / 2. Their difference r - w and their sum r + w - r w determine w by
    a quadratic equation, whose smaller root is a probability.
    """
    difference, either = right - wrong, right + wrong
    half = 1 - difference / 2
    w = (either - difference) / (half + math.sqrt(half**2 - (either - difference)))
    r = w + difference
    return r * (1 - w), w * (1 - r)


def _fibre(point: Point) -> float:
    return float(transmittance(point.length_km * LOSS_DB_PER_KM))


def _misalignment(point: Point) -> float:
    return (1 - point.polarization_fidelity) / 2
