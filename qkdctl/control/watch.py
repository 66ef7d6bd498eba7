"""Is the light of a link what it should be? Questions over the last readings and the committed set-points."""

import math
from enum import Enum

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.roles import LinkRoles
from qkdctl.actuation.safety import darkening, seen_dark
from qkdctl.actuation.set_points import SetPoints
from qkdctl.control.journal import Journal
from qkdctl.control.link_settings import LinkSettings
from qkdctl.devices.supervisor import Supervisor

_BRIGHTEST_E6 = 10_000_000
_READINGS = 3


class Deviation(Enum):
    """How the light compares with what was aimed at, in view of the calibration's uncertainty."""

    NONE = "none"
    DIMMER = "dimmer"
    BRIGHTER = "brighter"


class LinkWatch:
    """Judges one link by what its instruments show.

    Args:
        roles: its instruments.
        settings: of the link.
        journal: with the committed set-points.
    """

    def __init__(self, roles: LinkRoles, settings: LinkSettings, journal: Journal) -> None:
        self._roles = roles
        self._settings = settings
        self._journal = journal
        self._judged_at = 0.0
        self._suspicion = Deviation.NONE
        self._seen = 0

    @property
    def measured_e6(self) -> int | None:
        """Photons per pulse at the fibre input, in millionths, by tap, attenuation and shutter; None when unknown.

        At Bob's end alone it is never known.
        """
        if (alice := self._roles.alice) is None:
            return None
        attenuator, meter = alice.attenuator, alice.power_meter
        if "shutter_open" in attenuator.readings and attenuator.value("shutter_open") is False:
            return 0
        tap_power_w = None if meter is None else meter.value("power_w")
        attenuation_db = attenuator.value("attenuation_db")
        if tap_power_w is None or attenuation_db is None or math.isnan(float(tap_power_w)):
            return None
        launched_e6 = 1e6 * self._settings.path.mean_photon_number(max(0.0, float(tap_power_w)), float(attenuation_db))
        return round(min(launched_e6, _BRIGHTEST_E6))

    @property
    def told_e6(self) -> int:
        """The mean photon number committed to the engines that stand here, in millionths; 0 when none is."""
        return int(self._journal.committed(self._roles.engines()[0].device.name).get("mean_photon_number_e6", 0))

    def aimed_e6(self, calibration: CalibrationRecord) -> int:
        """Photons per pulse at the committed attenuation by the calibration, in millionths; 0 when none is committed.

        Where both ends stand here the engines are told just this; elsewhere they may be told more than is sent.
        """
        if self._roles.alice is None:
            return 0
        attenuation_db = self._journal.committed(self._roles.alice.attenuator.device.name).get("attenuation_db")
        return 0 if attenuation_db is None else int(calibration.mean_photon_number(float(attenuation_db)) * 1e6)

    @property
    def assumed_e6(self) -> int:
        """The mean photon number that the first engine here says it assumes, in millionths; 0 when unknown."""
        return int(self._roles.engines()[0].value("mean_photon_number_e6") or 0)

    def danger(self) -> str:
        """Why light must go out at once; "" when it need not, or is not ours."""
        if self._roles.alice is None:
            return ""
        for supervisor in (self._roles.alice.source, self._roles.alice.attenuator):
            if not supervisor.usable:
                return f"{supervisor.device.name} is out of reach"
        measured_e6 = self.measured_e6 or 0
        if measured_e6 > self._settings.cap_e6:
            return f"{measured_e6}e-6 photons per pulse measured, {self._settings.cap_e6}e-6 allowed"
        return ""

    def why_restart(self) -> str:
        """Which instrument is back without its set-points, or shows others than were committed; "" when none."""
        for supervisor in self._roles.watched():
            if supervisor.usable and (names := self._differing(supervisor)):
                return f"{supervisor.device.name} has lost its {', '.join(names)}"
        return ""

    def deviation(self, calibration: CalibrationRecord) -> Deviation:
        """How the measured light deviates, once several readings of the tap in a row agree on it.

        What makes the readings of tap and attenuator wrong made the calibration wrong too, so the uncertainty of the
        record is generous here: a deviation beyond it is one of the laser.
        """
        measured_e6, aimed_e6 = self.measured_e6, self.aimed_e6(calibration)
        meter = None if self._roles.alice is None else self._roles.alice.power_meter
        if measured_e6 is None or not aimed_e6 or meter is None:
            self._suspicion, self._seen = Deviation.NONE, 0
            return Deviation.NONE
        if (read_at := meter.readings["power_w"].at) != self._judged_at:
            self._judged_at = read_at
            found = _compared(measured_e6, aimed_e6, calibration.uncertainty_ppm)
            self._seen = self._seen + 1 if found is self._suspicion else 1
            self._suspicion = found
        return self._suspicion if self._seen >= _READINGS else Deviation.NONE

    def stays_dark(self, *, incomplete: bool) -> bool:
        """False when a link that was shown dark shines again, or an instrument that failed then could be asked anew."""
        seen = [seen_dark(supervisor) for supervisor in darkening(self._roles)]
        return not (False in seen and (incomplete or True not in seen))

    def worth_darkening(self) -> bool:
        """Somebody could be asked, or there may be light: the source was last committed to shine."""
        shone = False
        if self._roles.alice is not None:
            source = self._roles.alice.source.device
            last = self._journal.committed(source.name)
            shone = any(name in last and last[name] != value for name, value in source.safe_values().items())
        return shone or any(supervisor.usable for supervisor in darkening(self._roles))

    def shines(self) -> bool:
        """Where nothing may be written: nothing that darkens is seen to."""
        return all(seen_dark(supervisor) is False for supervisor in darkening(self._roles))

    def stands_at(self, set_points: SetPoints) -> bool:
        """These set-points are the committed ones, and every instrument that carries one is there and shows it."""
        watched = self._roles.watched()
        committed = {
            (supervisor.device.name, name): value
            for supervisor in watched
            for name, value in self._journal.committed(supervisor.device.name).items()
        }
        return (
            all(supervisor.usable for supervisor in self._roles.required())
            and set_points.items() <= committed.items()
            and not any(self._differing(supervisor) for supervisor in watched if supervisor.usable)
        )

    def _differing(self, supervisor: Supervisor) -> list[str]:
        """Attributes whose last reading does not show the committed set-point; what the device lacks was another's."""
        device = supervisor.device
        return [
            name
            for name, value in self._journal.committed(device.name).items()
            if name in supervisor.readings
            and (seen := supervisor.value(name)) is not None
            and not device.attribute(name).matches(value, seen)
        ]


def _compared(measured_e6: int, aimed_e6: int, uncertainty_ppm: int) -> Deviation:
    if measured_e6 * 1_000_000 > aimed_e6 * (1_000_000 + uncertainty_ppm):
        return Deviation.BRIGHTER
    if measured_e6 * (1_000_000 + uncertainty_ppm) < aimed_e6 * 1_000_000:
        return Deviation.DIMMER
    return Deviation.NONE
