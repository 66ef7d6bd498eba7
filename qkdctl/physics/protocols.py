"""All protocols of photon counting on one scale: secret bits per slot over so many dB with this hardware.

Many slots and honest ends are assumed: decoys know single photons exactly, error rates are what the channel makes. The
relay of `mdi`, `tf` and `sns` and the source of `bbm92` stand midway, each arm has half the decibels. A rate per slot
says nothing of clock rates; multiply before comparing systems.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics import bb84, bbm92, intensity, mdi, sns, twin_field
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.detectors import background_yield
from qkdctl.physics.hardware import Hardware
from qkdctl.physics.photons import transmittance

_FARTHEST_DB = 400.0
_RESOLUTION_DB = 1e-3


@dataclass(frozen=True, slots=True)
class Operating:
    """A link at work.

    Attributes:
        rate: secret bits per slot; negative where there is no key.
        gain: clicks, coincidences or announcements per slot of the key basis.
        qber: error rate of the key bits; above 1/2 for `sns` where dark counts prevail, since mostly nobody sends.
        phase_error: error rate in the other basis of what carries the secret: single photons, pairs of them, photon
            number states (a bound, for `tf` and `sns`), or pairs from the source.
        mean_photon_number: of a signal pulse at each source; for `bbm92`, of the pairs.
    """

    rate: Floats
    gain: Floats
    qber: Floats
    phase_error: Floats
    mean_photon_number: Floats


def rate_at_loss(
    protocol: str, hardware: Hardware, loss_db: ArrayLike, mean_photon_number: ArrayLike | None = None
) -> Operating:
    """The link between two ends that are this many dB apart.

    Args:
        protocol: one of `PROTOCOLS`.
        hardware: at both ends and midway.
        loss_db: loss of the fibre from end to end, >= 0, hardware not included.
        mean_photon_number: > 0; without it the one that makes the most key at each loss.

    Raises:
        ValueError: for an unknown protocol, a negative loss or a mean photon number that is not positive.
    """
    if protocol not in _OPERATE:
        raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {protocol!r}")
    loss = floats(loss_db)
    if not np.all(loss >= 0):
        raise ValueError(f"loss must be at least 0 dB, got {loss!r}")
    light = None if mean_photon_number is None else floats(mean_photon_number)
    if light is not None and not np.all(light > 0):
        raise ValueError(f"mean photon number must be positive, got {light!r}")
    parts = np.broadcast_arrays(*_OPERATE[protocol](hardware, loss, light))
    return Operating(*(floats(part) for part in parts))


def reach_db(protocol: str, hardware: Hardware) -> float:
    """Highest loss at which a key remains at the best mean photon number, to a thousandth of a dB; 400 at most."""
    near, far = 0.0, _FARTHEST_DB
    if rate_at_loss(protocol, hardware, near).rate <= 0:
        return 0.0
    while far - near > _RESOLUTION_DB:
        middle = (near + far) / 2
        near, far = (middle, far) if rate_at_loss(protocol, hardware, middle).rate > 0 else (near, middle)
    return near


_Parts = tuple[Floats, Floats, Floats, Floats, Floats]
"""The attributes of `Operating` in order, not yet of one shape."""


def _bb84(hardware: Hardware, loss_db: Floats, light: Floats | None) -> _Parts:
    channel = bb84.Channel(
        transmittance=hardware.efficiency * transmittance(loss_db),
        background=background_yield(hardware.dark_probability),
        misalignment=hardware.misalignment,
    )
    mu = intensity.optimal_mean_photon_number(channel, correction=hardware.correction) if light is None else light
    rate = bb84.rate_infinite_decoy(channel, mu, correction=hardware.correction, sift=hardware.sift)
    return rate, bb84.gain(channel, mu), bb84.error_rate(channel, mu), bb84.single_photon_error(channel), mu


def _mdi(hardware: Hardware, loss_db: Floats, light: Floats | None) -> _Parts:
    arm = _arm(hardware, loss_db)
    channel = mdi.MdiChannel(arm, arm, hardware.dark_probability, hardware.misalignment)
    mu = mdi.optimal_mean_photon_number(channel, correction=hardware.correction) if light is None else light
    rate = mdi.rate_infinite_decoy(channel, mu, mu, correction=hardware.correction, sift=hardware.sift)
    return rate, mdi.gain_z(channel, mu, mu), mdi.error_z(channel, mu, mu), mdi.single_pair_error(channel), mu


def _tf(hardware: Hardware, loss_db: Floats, light: Floats | None) -> _Parts:
    channel = twin_field.TwinFieldChannel(
        transmittance=_arm(hardware, loss_db) ** 2,
        dark_probability=hardware.dark_probability,
        polarization_angle_rad=twin_field.polarization_angle_rad(hardware.interference_error),
    )
    alpha = twin_field.optimal_amplitude(channel, correction=hardware.correction) if light is None else np.sqrt(light)
    duty = hardware.sift * hardware.phase_reference_duty
    return (
        twin_field.key_rate(channel, alpha, correction=hardware.correction, duty=duty),
        twin_field.gain(channel, alpha),
        twin_field.bit_error(channel, alpha),
        twin_field.phase_error_bound(channel, alpha),
        alpha**2,
    )


def _sns(hardware: Hardware, loss_db: Floats, light: Floats | None) -> _Parts:
    channel = sns.SnsChannel(_arm(hardware, loss_db), hardware.dark_probability, hardware.interference_error)
    if light is None:
        settings = sns.optimal_settings(channel, correction=hardware.correction)
    else:
        settings = sns.proportional_settings(light, sns.optimal_sending(channel, light, correction=hardware.correction))
    seen = sns.expected(channel, settings)
    duty = hardware.sift * hardware.phase_reference_duty
    rate = sns.rate_observed(settings, seen, correction=hardware.correction, duty=duty)
    _, phase_error = sns.single_photon_bounds(settings, seen)
    return rate, floats(seen.signal), floats(seen.signal_error), phase_error, floats(settings.signal)


def _bbm92(hardware: Hardware, loss_db: Floats, light: Floats | None) -> _Parts:
    arm, background = _arm(hardware, loss_db), background_yield(hardware.dark_probability)
    channel = bbm92.Bbm92Channel(arm, arm, background, background, hardware.misalignment)
    pairs = bbm92.optimal_pairs_per_mode(channel, correction=hardware.correction) if light is None else light / 2
    error = bbm92.error_rate(channel, pairs)
    rate = bbm92.rate_expected(channel, pairs, correction=hardware.correction, sift=hardware.sift)
    return rate, bbm92.gain(channel, pairs), error, error, 2 * pairs


def _arm(hardware: Hardware, loss_db: Floats) -> Floats:
    """Transmittance from one end to a click midway."""
    return np.asarray(hardware.efficiency * transmittance(loss_db / 2))


_OPERATE = {"bb84": _bb84, "mdi": _mdi, "tf": _tf, "sns": _sns, "bbm92": _bbm92}

PROTOCOLS = tuple(_OPERATE)
"""BB84 with decoys, MDI-QKD, twin field (Curty, Azuma, Lo), twin field (sending or not sending), entangled pairs."""
