"""What a node reports about its links in an epoch: the integers of `LinkReport`, for many links at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.world.counts import SiftedCounts
from hil_sim.world.key_analysis import SIGNAL, X, Z

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

_BB84 = PROTOCOLS.index("bb84")
_MDI = PROTOCOLS.index("mdi")
_TF = PROTOCOLS.index("tf")
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class LinkRows:
    """One column per link, all of shape (links,); fields as in `LinkReport`.

    The error rate of MDI-QKD in the test basis is near 1/4 by construction, because two photons of one sender carry no
    phase; reported is the misalignment that it stands for, 2 E_X - 1/2 for weak pulses and never below 0.
    """

    protocol: NDArray[np.int8]
    mean_photon_number_e6: Counts
    measured_mean_photon_number_e6: Counts
    qber_z_ppm: Counts
    qber_x_ppm: Counts
    sifted_bits: Counts
    test_bits: Counts
    secret_key_bits: Counts
    detected: Counts
    pulses: Counts
    vacuum_sent: Counts
    vacuum_detected: Counts
    loss_mdb: Counts
    duration_ms: Counts
    dead_ms: Counts
    valid: Counts
    realigns: Counts


def link_rows(
    links: LinkArrays,
    counts: SiftedCounts,
    *,
    protocol: NDArray[np.int8],
    mean_photon_number_e6: Counts,
    measured_e6: Counts,
    pulses: Counts,
    key_bits: Counts,
    live_s: Floats,
    epoch_s: float,
    realigned: NDArray[np.bool_],
    present: NDArray[np.bool_],
) -> LinkRows:
    """Rows from the count tables that one end reports, shape (2 bases, cells, links).

    Args:
        links: hardware.
        counts: reported tables.
        protocol: number of the active protocol.
        mean_photon_number_e6: commanded.
        measured_e6: at the tap.
        pulses: emitted.
        key_bits: credited.
        live_s: time in which key was made.
        epoch_s: length of the epoch.
        realigned: whether a re-alignment ended.
        present: whether the end reported at all.
    """
    of_z, of_x = counts.detected[Z, SIGNAL], counts.detected[X, SIGNAL]
    error_x = counts.errors[X, SIGNAL] * _PPM // np.maximum(of_x, 1)
    error_x = np.where(protocol == _MDI, np.clip(2 * error_x - _PPM // 2, 0, _PPM), error_x)
    vacuum = _vacuum_cells(counts, protocol)
    duration_ms = round(1000 * epoch_s)
    # pulses of X are of another brightness for twin-field QKD, and click twice as often for MDI-QKD
    alike = (protocol != _TF) & (protocol != _MDI)
    signal_sent = counts.sent[Z, SIGNAL] + np.where(alike, counts.sent[X, SIGNAL], 0)
    signal_seen = of_z + np.where(alike, of_x, 0)
    return LinkRows(
        protocol=protocol,
        mean_photon_number_e6=mean_photon_number_e6,
        measured_mean_photon_number_e6=measured_e6,
        qber_z_ppm=np.minimum(counts.errors[Z, SIGNAL] * _PPM // np.maximum(of_z, 1), _PPM),
        qber_x_ppm=np.minimum(error_x, _PPM),
        sifted_bits=of_z,
        test_bits=of_x,
        secret_key_bits=key_bits,
        detected=counts.detected.sum(axis=(0, 1)),
        pulses=pulses,
        vacuum_sent=vacuum[0],
        vacuum_detected=vacuum[1],
        loss_mdb=channel_loss_mdb(links, protocol, signal_sent, signal_seen, mean_photon_number_e6 / 1e6),
        duration_ms=np.full(of_z.size, duration_ms),
        dead_ms=duration_ms - np.rint(1000 * live_s).astype(np.int64),
        valid=(present & (signal_seen > 0)).astype(np.int64),
        realigns=realigned.astype(np.int64),
    )


def channel_loss_mdb(
    links: LinkArrays, protocol: NDArray[np.int8], sent: Counts, detected: Counts, mean_photon_number: Floats
) -> Counts:
    """Loss of the channel in 1e-3 dB that explains the gain of the signal intensity; 0 when nothing can be said.

    Each formula of the gain is solved for the transmittance, with the promised efficiency, dark counts and receiver
    loss, and equal arms. What dead time takes counts as loss.

    - Decoy BB84: Q = Y0 + (1 - Y0) (1 - exp(-eta mu)).
    - MDI-QKD: Q_Z, to leading order in the dark counts 2 [u (1 - u)]^2 - 4 p_d^2 with u = exp(-eta_1 mu / 2 - 2 p_d).
    - Sending or not sending: S_Z = 1 - [1 - e (1 - exp(-eta_1 mu))]^2 + 2 (1 - e)^2 p_d.
    - Pairs, to leading order in eta_1: Q = eta_1^2 mu (1 + 3 mu / 2) + 2 eta_1 mu Y0 + Y0^2.
    """
    dark = -np.expm1(-links.dark_rate_hz * links.gate_s)
    known = (sent > 0) & (detected > 0) & (mean_photon_number > 0) & (links.efficiency > 0)
    gain = detected / np.maximum(sent, 1)
    mu = np.where(mean_photon_number > 0, mean_photon_number, 1.0)
    eta = np.select(
        [protocol == _BB84, protocol == _MDI, protocol == _TF],
        [_of_bb84(gain, dark) / mu, (_of_mdi(gain, dark) / mu) ** 2, (_of_tf(gain, dark, links.sending) / mu) ** 2],
        _of_pairs(gain, dark, mu) ** 2,
    )
    known &= eta > 0
    ends = np.where(protocol == _BB84, 1, 2)
    total_db = -10 * np.log10(np.where(known, eta, 1.0))
    behind_db = ends * (links.receiver_loss_db - 10 * np.log10(np.where(known, links.efficiency, 1.0)))
    return np.where(known, np.maximum(np.rint(1000 * (total_db - behind_db)), 0), 0).astype(np.int64)


def _of_bb84(gain: Floats, dark: Floats) -> Floats:
    """Photons per pulse that explain the gain; none where every pulse clicks."""
    background = dark * (2 - dark)
    lit = (gain - background) / (1 - background)
    return np.where((lit > 0) & (lit < 1), -np.log1p(-np.clip(lit, 0.0, 1 - 1e-12)), 0.0)


def _of_mdi(gain: Floats, dark: Floats) -> Floats:
    """Photons of one end that reach the relay's detectors."""
    # u (1 - u), which passes 1/4 for no light
    root = np.minimum(np.sqrt(gain / 2 + 2 * dark**2), 0.25)
    bright = -2 * np.log1p(-2 * root / (1 + np.sqrt(1 - 4 * root)))
    return np.asarray(np.maximum(bright - 4 * dark, 0.0))


def _of_tf(gain: Floats, dark: Floats, sending: Floats) -> Floats:
    """The same of twin-field QKD."""
    lit = np.clip(gain - 2 * dark * (1 - sending) ** 2, 0.0, 1.0)
    sent = lit / (sending * (1 + np.sqrt(1 - lit)))
    return np.asarray(-np.log1p(-np.minimum(sent, 1 - 1e-12)))


def _of_pairs(gain: Floats, dark: Floats, mu: Floats) -> Floats:
    """Transmittance of one arm."""
    background = dark * (2 - dark)
    square, linear = mu * (1 + 1.5 * mu), mu * background
    beyond = np.maximum(gain - background**2, 0.0)
    return np.asarray(beyond / (linear + np.sqrt(linear**2 + square * beyond) + (beyond == 0)))


def _vacuum_cells(counts: SiftedCounts, protocol: NDArray[np.int8]) -> tuple[Counts, Counts]:
    """Sent and detected pulses without light: the last cell of BB84, MDI-QKD and twin-field; pairs have none."""
    cells = counts.sent.shape[1]
    sent, detected = (np.zeros(protocol.size, dtype=np.int64) for _ in range(2))
    if cells >= 3:
        three = (protocol == _BB84) | (protocol == _TF)
        sent += np.where(three, counts.sent[:, 2].sum(axis=0), 0)
        detected += np.where(three, counts.detected[:, 2].sum(axis=0), 0)
    if cells == 9:
        sent += np.where(protocol == _MDI, counts.sent[:, 8].sum(axis=0), 0)
        detected += np.where(protocol == _MDI, counts.detected[:, 8].sum(axis=0), 0)
    return sent, detected
