"""From settings to counts: the light of every link in an epoch, and what its receivers see of it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.conduct import Conduct
from hil_sim.adversary.state_attacks import corrupted_errors
from hil_sim.channels.quaternions import basis_errors, multiply
from hil_sim.network.counting import binomial
from hil_sim.network.detection import CELLS, CLICKS, Optics
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.misconduct import under_attack
from hil_sim.network.network import Stack
from hil_sim.network.streams import ChannelStep
from hil_sim.world.receiver import Receiver
from hil_sim.world.streams import random_stream
from qkdctl.physics.photons import transmittance

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = slice | NDArray[np.int64]

_E6 = 1e-6
_TF = PROTOCOLS.index("tf")


@dataclass(frozen=True, slots=True)
class Light:
    """The truth about the light of every link in an epoch; nobody in the network knows it.

    Attributes:
        mean_photon_number: of a signal pulse, shape (links,).
        loss_db: from source to receiver, shape (links,).
        errors: error probability of a photon in Z and in X, shape (2, links).
    """

    mean_photon_number: Floats
    loss_db: Floats
    errors: Floats


@dataclass(frozen=True, slots=True)
class Counted:
    """What the engines counted in an epoch.

    Attributes:
        pulses: emitted, shape (links,).
        sent, detected, errors: after sifting, shape (2 bases, cells, links); cells that a protocol lacks are 0.
    """

    pulses: Counts
    sent: Counts
    detected: Counts
    errors: Counts


class Settings(Protocol):
    """What the links are set to, see `Operation`."""

    @property
    def mean_photon_number_e6(self) -> Counts:
        """Commanded, shape (links,)."""

    @property
    def controller(self) -> Floats:
        """Rotation by the polarisation controllers, shape (links, 4)."""


class QuantumLayer:
    """Sources, fibres and receivers of all links of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._calibration = np.ones(stack.links.count)

    def reset(self, number: int, seed: int) -> None:
        """Calibrate the sources of one network anew."""
        links = self._stack.links_of[number]
        # what a calibration promises is three standard deviations, and it is never worse
        off = random_stream(seed, "network", "calibration").standard_normal(links.stop - links.start)
        self._calibration[links] = 1 + np.clip(off / 3, -1, 1) * self._stack.links.calibration_uncertainty[links]

    def light(self, operation: Settings, channel: ChannelStep, conduct: Conduct) -> Light:
        """The light of an epoch, attacks on its states included."""
        links = self._stack.links
        mean = operation.mean_photon_number_e6 * _E6 * self._calibration * channel.source_factor
        polarization = np.stack(basis_errors(multiply(operation.controller, channel.rotation)))
        errors = links.intrinsic_error + (1 - 2 * links.intrinsic_error) * polarization
        errors += (1 - 2 * errors) * channel.extra_error
        loss_db = np.maximum(links.nominal_loss_db + channel.excess_loss_db, 0.0)
        return Light(mean, loss_db, corrupted_errors(errors, conduct.states))

    def count(
        self,
        protocol: NDArray[np.int8],
        channel: ChannelStep,
        light: Light,
        live_s: Floats,
        noise: Floats,
        conduct: Conduct,
    ) -> tuple[Counted, tuple[Floats, Floats] | None]:
        """Counts, and the click probabilities without attacks on clicks where a forger asks for them."""
        links = self._stack.links
        share = links.duty * np.where(protocol == _TF, 1 - links.reference_share, 1.0)
        pulses = np.rint(live_s * links.pulse_rate_hz * share)
        shape = (2, self._stack.cells, links.count)
        tables = [np.zeros(shape, dtype=np.int64) for _ in range(3)]
        expected = (np.zeros(shape), np.zeros(shape)) if conduct.reports.hide_decoys.any() else None
        for number, name in enumerate(PROTOCOLS):
            where = _places(protocol == number)
            if where is None:
                continue
            cells = CELLS[name]
            optics = self._optics(channel, light, where)
            clicks = CLICKS[name](optics)
            if expected is not None:
                expected[0][:, :cells, where], expected[1][:, :cells, where] = clicks.right, clicks.wrong
            clicks = under_attack(name, clicks, optics, conduct, where)
            drawn = noise[: 6 * cells, where].reshape(3, 2, cells, -1)
            either = clicks.right + clicks.wrong
            sent = binomial(pulses[where], clicks.sent, drawn[0])
            detected = binomial(sent, either, drawn[1])
            errors = binomial(detected, clicks.wrong / np.where(either > 0, either, 1.0), drawn[2])
            for table, counts in zip(tables, (sent, detected, errors), strict=True):
                table[:, :cells, where] = counts
        return Counted(pulses.astype(np.int64), *tables), expected

    def _optics(self, channel: ChannelStep, light: Light, where: Places) -> Optics:
        links = self._stack.links
        efficiency = links.efficiency[where] * channel.efficiency_factor[where]
        gate_s = links.gate_s[where]
        # noise light is shared by both detectors, and comes at any time within the gate
        through = transmittance(links.receiver_loss_db[where])
        noise_hz = channel.background_photons[where] * through * efficiency / (2 * gate_s)
        receiver = Receiver(
            efficiency=efficiency[np.newaxis],
            dark_rate_hz=(links.dark_rate_hz[where] * channel.dark_factor[where] + noise_hz)[np.newaxis],
            dead_time_s=links.dead_time_s[where][np.newaxis],
            afterpulse_probability=links.afterpulse_probability[where][np.newaxis],
            gated=links.gated[where][np.newaxis],
            gate_s=gate_s,
            pulse_rate_hz=links.pulse_rate_hz[where],
        )
        return Optics(
            mean_photon_number=light.mean_photon_number[where],
            loss_db=light.loss_db[where],
            receiver_loss_db=links.receiver_loss_db[where],
            basis_errors=light.errors[:, where],
            phase_error=channel.phase_error[where],
            receiver=receiver,
            ratios=links.ratios[:, where],
            shares=links.shares[:, where],
            bases=links.bases[:, where],
            sending=links.sending[where],
            slice_share=links.slice_share[where],
        )


def _places(mask: NDArray[np.bool_]) -> Places | None:
    """Where a mask holds: everything as a slice, which copies nothing; None for nowhere."""
    if mask.all():
        return slice(None)
    return np.flatnonzero(mask) if mask.any() else None
