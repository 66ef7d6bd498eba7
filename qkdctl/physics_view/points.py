"""One protocol at one loss: what it gives, how it is bounded, and why it gives nothing."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics import mdi, sns
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.bounds import plob_bound, single_repeater_bound
from qkdctl.physics.entropy import h2
from qkdctl.physics.error_thresholds import error_at_zero
from qkdctl.physics.hardware import Hardware
from qkdctl.physics.photons import transmittance
from qkdctl.physics.protocols import Operating, rate_at_loss, reach_db

_PHASES_CARRY_KEY = "tf"
_TWIN_FIELD = ("tf", "sns")


@dataclass(frozen=True, slots=True)
class Point:
    """A protocol at work over one link.

    Attributes:
        protocol: its name.
        rate_per_pulse: secret bits per slot, 0 without key.
        key_rate_bps: the same per second at the clock that was asked for.
        mean_photon_number: of a signal pulse at each source; for `bbm92` of the pairs.
        gain: clicks, coincidences or announcements per slot.
        qber_z: error rate in the Z basis; None for `tf`, which bounds it without measuring it.
        qber_x: error rate in the X basis.
        phase_error: error rate of what carries the secret, in the basis that the key does not come from.
        correctable_qber: error rate of the key bits up to which key would remain.
        share_of_plob: of the bound without repeater; twin fields may pass 1.
        share_of_single_repeater: of the bound with one repeater midway.
        reach_db: loss up to which key remains at the best mean photon number.
        reason: why there is no key, "" when there is.
    """

    protocol: str
    rate_per_pulse: float
    key_rate_bps: float
    mean_photon_number: float
    gain: float
    qber_z: float | None
    qber_x: float
    phase_error: float
    correctable_qber: float
    share_of_plob: float
    share_of_single_repeater: float
    reach_db: float
    reason: str

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "reason": self.reason or None}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most secret bits per slot that any protocol can have.

    Attributes:
        plob: without a repeater; None where it is infinite, at no loss at all.
        single_repeater: with one midway.
    """

    plob: float | None
    single_repeater: float | None


def bounds_at(loss_db: float) -> Bounds:
    """The bounds of a fibre, whatever stands at its ends."""
    eta = transmittance(loss_db)
    finite = [float(bound) if np.isfinite(bound) else None for bound in (plob_bound(eta), single_repeater_bound(eta))]
    return Bounds(*finite)


def point_at(protocol: str, hardware: Hardware, loss_db: float, light: float | None, clock_hz: float) -> Point:
    """The protocol over so many dB, with this mean photon number or, without one, the best."""
    reach = reach_db(protocol, hardware)
    seen = operating(protocol, hardware, loss_db, light, reach)
    rate = max(float(seen.rate), 0.0)
    z, x = error_rates(protocol, hardware, loss_db, seen)
    eta = transmittance(loss_db)
    correctable = float(correctable_qber(protocol, hardware, seen))
    return Point(
        protocol=protocol,
        rate_per_pulse=rate,
        key_rate_bps=rate * clock_hz,
        mean_photon_number=float(seen.mean_photon_number),
        gain=float(seen.gain),
        qber_z=None if z is None else float(z),
        qber_x=float(x),
        phase_error=float(seen.phase_error),
        correctable_qber=correctable,
        share_of_plob=rate / float(plob_bound(eta)),
        share_of_single_repeater=rate / float(single_repeater_bound(eta)),
        reach_db=reach,
        reason="" if rate > 0 else _reason(protocol, hardware, loss_db, seen, correctable, reach),
    )


def operating(protocol: str, hardware: Hardware, loss_db: ArrayLike, light: float | None, reach: float) -> Operating:
    """The protocol at work; beyond its reach with the settings that serve best at the reach.

    No light is best where there is no key, and the optimum there, next to no light at all, would say nothing.
    """
    if light is not None:
        return rate_at_loss(protocol, hardware, loss_db, light)
    nearer = np.minimum(floats(loss_db), reach)
    if protocol == "sns":
        return _sending_as_at(nearer, hardware, loss_db)
    return rate_at_loss(protocol, hardware, loss_db, rate_at_loss(protocol, hardware, nearer).mean_photon_number)


def _sending_as_at(nearer_db: Floats, hardware: Hardware, loss_db: ArrayLike) -> Operating:
    """`sns` over one loss with light and sending probability that are best at another."""
    settings = sns.optimal_settings(_sns_channel(hardware, nearer_db), correction=hardware.correction)
    seen = sns.expected(_sns_channel(hardware, loss_db), settings)
    duty = hardware.sift * hardware.phase_reference_duty
    rate = sns.rate_observed(settings, seen, correction=hardware.correction, duty=duty)
    _, phase_error = sns.single_photon_bounds(settings, seen)
    return Operating(rate, floats(seen.signal), floats(seen.signal_error), phase_error, floats(settings.signal))


def _sns_channel(hardware: Hardware, loss_db: ArrayLike) -> sns.SnsChannel:
    return sns.SnsChannel(_arm(hardware, loss_db), hardware.dark_probability, hardware.interference_error)


def _arm(hardware: Hardware, loss_db: ArrayLike) -> Floats:
    """Transmittance from one end to a click midway."""
    return np.asarray(hardware.efficiency * transmittance(floats(loss_db) / 2))


def error_rates(protocol: str, hardware: Hardware, loss_db: ArrayLike, seen: Operating) -> tuple[Floats | None, Floats]:
    """Error rates in Z and X as both ends would measure them."""
    mu = seen.mean_photon_number
    if protocol == "mdi":
        arm = _arm(hardware, loss_db)
        relay = mdi.MdiChannel(arm, arm, hardware.dark_probability, hardware.misalignment)
        return seen.qber, mdi.error_x(relay, mu, mu)
    if protocol == "sns":
        return seen.qber, sns.decoy_windows(_sns_channel(hardware, loss_db), sns.DECOY_RATIO * mu)[1]
    return (None if protocol == _PHASES_CARRY_KEY else seen.qber), seen.qber


def correctable_qber(protocol: str, hardware: Hardware, seen: Operating) -> Floats:
    """Error rate of the key bits at which the rate would be zero with everything else as it is, in [0, 1/2].

    All five rates are duty * gain * (secret - f h2(E)); what is secret of a click follows from the rate.
    """
    duty = hardware.sift * (hardware.phase_reference_duty if protocol in _TWIN_FIELD else 1.0)
    secret = seen.rate / (duty * seen.gain) + hardware.correction * h2(seen.qber)
    affordable = secret / hardware.correction
    return error_at_zero(lambda error: affordable - h2(error), affordable.shape)


def _reason(
    protocol: str, hardware: Hardware, loss_db: float, seen: Operating, correctable: float, reach: float
) -> str:
    if correctable > 0:
        cause = f"QBER {_percent(seen.qber)} is above the {_percent(correctable)} that can be corrected"
    else:
        cause = f"a phase error of {_percent(seen.phase_error)} leaves no secret in what clicks"
    if reach == 0:
        return f"{cause}; this hardware gives no key at any loss"
    if loss_db >= reach:
        return f"{cause}; reach of this protocol with this hardware is {reach:.1f} dB"
    best = rate_at_loss(protocol, hardware, loss_db)
    return f"{cause}; a mean photon number of {float(best.mean_photon_number):.3g} would give {float(best.rate):.2e}"


def _percent(ratio: ArrayLike) -> str:
    return f"{100 * float(floats(ratio)):.3g} %"
