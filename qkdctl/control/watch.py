"""Is the light of a link what it should be? Pure questions over the last readings."""

from collections.abc import Sequence
from typing import Protocol

from qkdctl.actuation.calibration import OpticalPath
from qkdctl.actuation.roles import LinkRoles
from qkdctl.control.journal import Journal
from qkdctl.devices.supervisor import Supervisor


class Capped(Protocol):
    """What the watch needs to know of a link's settings."""

    @property
    def cap_e6(self) -> int:
        """Mean photon number that must not be exceeded, 1e-6 photons per pulse."""


def measured_mean_photon_number_e6(roles: LinkRoles, path: OpticalPath) -> int:
    """Photons per pulse at the fibre input, from tap power, attenuation and shutter; 0 when one is unknown."""
    if roles.power_meter is None:
        return 0
    tap_power_w = roles.power_meter.value("power_w")
    attenuation_db = roles.attenuator.value("attenuation_db")
    if tap_power_w is None or attenuation_db is None or _shut(roles.attenuator):
        return 0
    return round(1e6 * path.mean_photon_number(max(0.0, float(tap_power_w)), float(attenuation_db)))


def light_at_risk(roles: LinkRoles, settings: Capped, measured_e6: int) -> bool:
    """True when source or attenuator is out of reach, or more light is measured than may ever be sent."""
    return not (roles.source.usable and roles.attenuator.usable) or measured_e6 > settings.cap_e6


def needs_restart(roles: LinkRoles, journal: Journal) -> bool:
    """True when an instrument is back without its set-points, or shows other ones than were committed."""
    return any(supervisor.usable and differing(supervisor, journal) for supervisor in roles.watched())


def differing(supervisor: Supervisor, journal: Journal) -> Sequence[str]:
    """Attributes whose last reading does not show the committed set-point."""
    device = supervisor.device
    return [
        name
        for name, value in journal.committed(device.name).items()
        if (seen := supervisor.value(name)) is not None and not device.attribute(name).matches(value, seen)
    ]


def _shut(attenuator: Supervisor) -> bool:
    return "shutter_open" in attenuator.readings and attenuator.value("shutter_open") is False
