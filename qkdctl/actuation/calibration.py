"""Calibration record of a link: how attenuation translates into the mean photon number at the fibre input."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_PLANCK_J_S = 6.62607015e-34
_LIGHT_M_PER_S = 299_792_458.0

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Loss = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


def photon_energy_j(wavelength_nm: float) -> float:
    """Energy of one photon, h c / lambda, in joules (CODATA 2018 exact constants)."""
    return _PLANCK_J_S * _LIGHT_M_PER_S / (wavelength_nm * 1e-9)


class OpticalPath(BaseModel):
    """What does not change between calibrations; part of the configuration.

    Attributes:
        wavelength_nm: of the source.
        pulse_rate_hz: pulses per second.
        tap_ratio: power into the attenuator over power at the power meter.
        tap_ratio_uncertainty_db, fixed_loss_uncertainty_db: one standard uncertainty each.
        fixed_loss_db: from the tap to the fibre input, without the variable attenuation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wavelength_nm: Positive
    pulse_rate_hz: Positive
    tap_ratio: Positive
    tap_ratio_uncertainty_db: Loss = 0.0
    fixed_loss_db: Loss
    fixed_loss_uncertainty_db: Loss = 0.0

    def mean_photon_number(self, tap_power_w: float, attenuation_db: float) -> float:
        """Photons per pulse at the fibre input for this power at the tap and this attenuation."""
        into_attenuator_w = tap_power_w * self.tap_ratio
        launched_w: float = into_attenuator_w * 10.0 ** (-(self.fixed_loss_db + attenuation_db) / 10.0)
        return launched_w / (self.pulse_rate_hz * photon_energy_j(self.wavelength_nm))


class CalibrationRecord(BaseModel):
    """Result of calibrating one link.

    Attributes:
        link: its name.
        made_at_ms: wall clock, milliseconds since 1970-01-01 UTC.
        path: configuration the record was made with; another path needs a new record.
        operating_current_a: laser current at which the tap was read.
        tap_power_w: mean of the readings, dark reading subtracted.
        tap_power_sd_w: standard deviation of one reading.
        samples: number of readings.
        meter_uncertainty_db: standard uncertainty of the power meter.
        source, power_meter, attenuator: identities of the instruments used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: str
    made_at_ms: int
    path: OpticalPath
    operating_current_a: Positive
    tap_power_w: Positive
    tap_power_sd_w: Loss
    samples: Annotated[int, Field(ge=2)]
    meter_uncertainty_db: Loss
    source: str
    power_meter: str
    attenuator: str

    @property
    def uncertainty_db(self) -> float:
        """Combined standard uncertainty of the mean photon number (GUM 5.1.2: independent parts in quadrature)."""
        reading_db = 10.0 / math.log(10.0) * self.tap_power_sd_w / self.tap_power_w
        parts = (
            reading_db / math.sqrt(self.samples),
            reading_db,
            self.meter_uncertainty_db,
            self.path.tap_ratio_uncertainty_db,
            self.path.fixed_loss_uncertainty_db,
        )
        return math.sqrt(sum(part * part for part in parts))

    @property
    def uncertainty_ppm(self) -> int:
        """By how much the true mean photon number may exceed the computed one (two standard uncertainties), in ppm."""
        excess: float = 10.0 ** (2.0 * self.uncertainty_db / 10.0) - 1.0
        return math.ceil(excess * 1e6)

    def why_not_for(self, path: OpticalPath, operating_current_a: float, source: str, attenuator: str) -> str:
        """Why the record says nothing about this link as it is now; "" when it does.

        Args:
            path: as configured now.
            operating_current_a: as configured now.
            source: identity of the source that answers now.
            attenuator: the same of the attenuator.
        """
        if path != self.path:
            return "it was made with other optics"
        if operating_current_a != self.operating_current_a:
            return f"it was made at {self.operating_current_a:g} A, not at {operating_current_a:g} A"
        for made_with, now in ((self.source, source), (self.attenuator, attenuator)):
            if made_with != now:
                return f"it was made with {made_with!r}, not with {now!r}"
        return ""

    def is_brighter(self, tap_power_w: float) -> bool:
        """Whether this power at the tap exceeds that of the record by more than the uncertainty."""
        return tap_power_w * 1e6 > self.tap_power_w * (1e6 + self.uncertainty_ppm)

    def highest_command_e6(self, cap_e6: int) -> int:
        """The highest intensity to command so that the true one keeps below a cap; both in 1e-6 photons per pulse."""
        return cap_e6 * 1_000_000 // (1_000_000 + self.uncertainty_ppm)

    def mean_photon_number(self, attenuation_db: float) -> float:
        """Photons per pulse at this attenuation, at the operating current."""
        return self.path.mean_photon_number(self.tap_power_w, attenuation_db)

    def attenuation_db_for(self, mean_photon_number: float, resolution_db: float) -> float:
        """Least attenuation on the grid of the attenuator whose mean photon number does not exceed the wanted one.

        Args:
            mean_photon_number: photons per pulse, above 0.
            resolution_db: grid of the attenuator; 0 where it is continuous.

        Raises:
            ValueError: the wanted value is not positive and finite.
        """
        if not (math.isfinite(mean_photon_number) and mean_photon_number > 0.0):
            raise ValueError(f"mean photon number {mean_photon_number!r} cannot be set; expected a positive number")
        exact_db = 10.0 * math.log10(self.mean_photon_number(0.0) / mean_photon_number)
        if resolution_db <= 0.0:
            return exact_db
        steps = math.ceil(exact_db / resolution_db)
        while self.mean_photon_number(steps * resolution_db) > mean_photon_number:
            steps += 1
        return round(steps * resolution_db, 9)
