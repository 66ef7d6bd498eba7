"""What the receivers of many links see in one step, protocol by protocol: probabilities of right and wrong bits.

A cell is a choice of intensities that both ends compare: signal, decoy and vacuum for decoy BB84; all pairs of them for
MDI-QKD; the signal window and three intensities of the decoy windows for twin-field QKD (sending or not sending); a
single one for entangled pairs. Tables have the shape (2 bases, cells, links), the key basis Z first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.world.receiver import Receiver, outcome_probabilities
from qkdctl.physics import bbm92, mdi, sns
from qkdctl.physics.photons import transmittance

Floats = NDArray[np.float64]

CELLS = {"bb84": 3, "mdi": 9, "tf": 3, "bbm92": 1}
"""Cells of each protocol."""


@dataclass(frozen=True, slots=True)
class Optics:
    """The light of some links in one step; arrays of shape (links,) unless said otherwise.

    Attributes:
        mean_photon_number: true one of a signal pulse.
        loss_db: from the source to the receiver's fibre end, of the whole span between the two ends.
        receiver_loss_db: behind it.
        basis_errors: error probability of a photon in Z and in X, shape (2, links).
        phase_error: error probability from phases that differ, for twin-field QKD.
        receiver: detectors of all these links, one entry for all of a link, with what the channel adds to their dark
            counts.
        ratios, shares: intensities relative to the signal and how often each is sent, shape (3, links).
        bases: how often an end chooses Z and X, shape (2, links).
        sending: probability of sending in a signal window, for twin-field QKD.
        slice_share: share of decoy windows whose phases are compared, for twin-field QKD.
    """

    mean_photon_number: Floats
    loss_db: Floats
    receiver_loss_db: Floats
    basis_errors: Floats
    phase_error: Floats
    receiver: Receiver
    ratios: Floats
    shares: Floats
    bases: Floats
    sending: Floats
    slice_share: Floats

    def arm_transmittance(self) -> Floats:
        """From either source to a click midway, detectors included."""
        return np.asarray(transmittance(self.loss_db / 2 + self.receiver_loss_db) * self.receiver.efficiency[0])

    def mean_intensity(self) -> Floats:
        """Mean photon number over the intensities as they are chosen."""
        return np.asarray(self.mean_photon_number * (self.shares * self.ratios).sum(axis=0))

    def background(self, photons: Floats) -> tuple[Floats, Floats]:
        """Of one detector that absorbs so many photons per gate on average.

        Returns:
            Probability of a dark count or afterpulse in a gate, and the share of the time in which it is not dead.
        """
        lit = -np.expm1(-photons)[np.newaxis]
        rate_hz = self.receiver.rate_without_dead_time_hz(lit)
        live = 1 / (1 + rate_hz * self.receiver.dead_time_s)
        return np.asarray(self.receiver.background(lit)[0]), np.asarray(live[0])


@dataclass(frozen=True, slots=True)
class Clicks:
    """Tables of shape (2 bases, cells, links).

    Attributes:
        sent: share of all pulses that fall into a cell after sifting.
        right, wrong: probability of a right and of a wrong bit for each of them.
    """

    sent: Floats
    right: Floats
    wrong: Floats


def bb84_clicks(optics: Optics) -> Clicks:
    """Decoy BB84 with the receiver of the instrument-level world."""
    lost_db = optics.loss_db + optics.receiver_loss_db
    arriving = optics.mean_photon_number * transmittance(lost_db) * optics.ratios
    right, wrong = outcome_probabilities(
        optics.receiver,
        arriving=arriving,
        intensity_probabilities=optics.shares,
        basis_errors=optics.basis_errors,
        basis_probabilities=optics.bases,
    )
    return Clicks(_sifted(optics) * optics.shares, right, wrong)


def mdi_clicks(optics: Optics) -> Clicks:
    """MDI-QKD with a relay midway; cell 3 a + b holds intensity a of the first end and b of the second.

    The light of both ends is shared by four detectors, and two of them have to click.
    """
    arm = optics.arm_transmittance()
    dark, live = optics.background(arm * optics.mean_intensity() / 2)
    intensities = optics.mean_photon_number * optics.ratios
    first, second = np.repeat(intensities, 3, axis=0), np.tile(intensities, (3, 1))
    in_z, in_x = (mdi.MdiChannel(arm, arm, dark, error) for error in optics.basis_errors)
    gains = np.stack([mdi.gain_z(in_z, first, second), mdi.gain_x(in_x, first, second)])
    errors = np.stack([mdi.error_z(in_z, first, second), mdi.error_x(in_x, first, second)])
    shares = np.repeat(optics.shares, 3, axis=0) * np.tile(optics.shares, (3, 1))
    return _announced(_sifted(optics) * shares, live**2 * gains, errors)


def tf_clicks(optics: Optics) -> Clicks:
    """Sending-or-not-sending twin-field QKD with a relay midway, at which one of two detectors has to click.

    In Z there is one cell, the signal windows. In X there are the decoy windows in which both ends send the signal
    intensity, the weak decoy, or nothing.
    """
    arm, mu = optics.arm_transmittance(), optics.mean_photon_number
    of_an_end = optics.bases[0] * optics.sending * mu + optics.bases[1] * optics.mean_intensity()
    dark, live = optics.background(arm * of_an_end)
    # a slot in which both detectors click is discarded
    channel = sns.SnsChannel(arm, dark * (1 - dark), _phase_misalignment(optics))
    gain_z, error_z = sns.signal_windows(channel, mu, optics.sending)
    gain_x, error_x = sns.decoy_windows(channel, mu * optics.ratios)
    gains, errors, shares = (np.zeros((2, 3, mu.size)) for _ in range(3))
    gains[0, 0], errors[0, 0], shares[0, 0] = gain_z, error_z, 1.0
    gains[1], errors[1], shares[1] = gain_x, error_x, optics.shares**2
    shares[1, :2] *= optics.slice_share
    return _announced(_sifted(optics) * shares, live * gains, errors)


def bbm92_clicks(optics: Optics) -> Clicks:
    """Entangled pairs from a source midway; the mean photon number is that of the pairs, and so of either end.

    Either end has two detectors, and one at both has to click.
    """
    arm = optics.arm_transmittance()
    dark, live = optics.background(arm * optics.mean_photon_number / 2)
    background = dark * (2 - dark)
    # the half of the mean number of pairs that the formulas are written in
    lam = optics.mean_photon_number / 2
    channels = [bbm92.Bbm92Channel(arm, arm, background, background, error) for error in optics.basis_errors]
    gains = np.stack([bbm92.gain(channel, lam) for channel in channels])[:, np.newaxis]
    errors = np.stack([bbm92.error_rate(channel, lam) for channel in channels])[:, np.newaxis]
    return _announced(_sifted(optics), live**2 * gains, errors)


CLICKS = {"bb84": bb84_clicks, "mdi": mdi_clicks, "tf": tf_clicks, "bbm92": bbm92_clicks}
"""The model of each protocol."""


def _sifted(optics: Optics) -> Floats:
    """Share of the pulses for which both ends choose the basis, shape (2, 1, links)."""
    return np.asarray((optics.bases**2)[:, np.newaxis])


def _phase_misalignment(optics: Optics) -> Floats:
    """Errors of polarisation and of phase together: a bit that both flip is right again."""
    polarization = optics.basis_errors.mean(axis=0)
    return np.asarray(polarization + optics.phase_error - 2 * polarization * optics.phase_error)


def _announced(sent: Floats, gains: Floats, errors: Floats) -> Clicks:
    """Clicks by how many there are and which share of them is wrong."""
    return Clicks(sent, gains * (1 - errors), gains * errors)
