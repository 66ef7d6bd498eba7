"""What a Thorlabs power meter measures: sensor, ranges, zero and averaging."""

import bisect
import math
import random
from dataclasses import dataclass, field
from typing import Protocol

SAMPLE_S = 0.003
_TOP_RANGE_W = 3e-3
RANGES_W = tuple(_TOP_RANGE_W * 10.0**-decade for decade in range(7, -1, -1))
WAVELENGTHS_NM = (800.0, 1700.0)

# Responsivity of an InGaAs photodiode in amperes per watt over the wavelength in nanometres (typical curve).
_RESPONSIVITY = (
    (800.0, 0.18),
    (900.0, 0.50),
    (1000.0, 0.68),
    (1300.0, 0.92),
    (1550.0, 1.03),
    (1620.0, 0.98),
    (1700.0, 0.30),
)


class TappedLight(Protocol):
    """The light that reaches the sensor."""

    def tap_power_w(self) -> float:
        """Power at the sensor."""

    @property
    def wavelength_nm(self) -> float:
        """Its wavelength."""


@dataclass(frozen=True, slots=True)
class Pm100dUnit:
    """One meter with its sensor as delivered.

    Attributes:
        product: PM100D, PM100USB, PM101, PM16-130, PM400 or another of the family, as `*IDN?` shows it.
        serial_number: of the meter.
        sensor: name and serial number of the sensor; empty when none is connected.
        relative_noise: standard deviation of a sample, relative to the power.
        zero_offset_w: reading without light before zeroing.
    """

    product: str = "PM100D"
    serial_number: str = "P0000001"
    sensor: str = "S154C"
    relative_noise: float = 0.0
    zero_offset_w: float = 0.0

    def __post_init__(self) -> None:
        if self.relative_noise < 0 or not math.isfinite(self.zero_offset_w):
            raise ValueError("relative_noise must not be negative and zero_offset_w finite")


def responsivity(wavelength_nm: float) -> float:
    """Amperes per watt, interpolated."""
    at = min(max(bisect.bisect_right([x for x, _ in _RESPONSIVITY], wavelength_nm), 1), len(_RESPONSIVITY) - 1)
    (x0, y0), (x1, y1) = _RESPONSIVITY[at - 1 : at + 1]
    return y0 + (y1 - y0) * (wavelength_nm - x0) / (x1 - x0)


def range_for(power_w: float) -> float:
    """The smallest range that holds a power; the largest for more."""
    return next((upper for upper in RANGES_W if power_w <= upper * (1 + 1e-9)), RANGES_W[-1])


@dataclass(slots=True)
class PowerMeterState:
    """Settings of the meter, as they are after `*RST`, and what it reads with them."""

    unit: Pm100dUnit
    light: TappedLight | None
    noise: random.Random
    zero_w: float = 0.0
    wavelength_nm: float = 1550.0
    loss_db: float = 0.0
    beam_mm: float = 9.5
    averages: int = 1
    power_unit: str = "W"
    auto_range: bool = True
    range_w: float = _TOP_RANGE_W
    reference_w: float = 0.0
    relative: bool = False
    configured: str = field(default="POW")

    def current_a(self) -> float:
        """Photocurrent, the average of several samples."""
        power_w, wavelength_nm = 0.0, self.wavelength_nm
        if self.light is not None:
            power_w, wavelength_nm = self.light.tap_power_w(), self.light.wavelength_nm
        scatter = self.unit.relative_noise / math.sqrt(self.averages)
        noisy_w = power_w * (1 + self.noise.gauss(0.0, scatter)) if scatter else power_w
        return (noisy_w + self.unit.zero_offset_w) * responsivity(wavelength_nm)

    def incident_w(self) -> float:
        """Power as the meter reckons it: by the wavelength that it was told, corrected for the loss in front of it."""
        power_w = self.current_a() / responsivity(self.wavelength_nm) - self.zero_w
        return power_w * 10 ** (self.loss_db / 10)

    def power_w(self) -> float:
        """Power shown; infinite beyond a fixed range."""
        power_w = self.incident_w()
        if self.auto_range:
            self.range_w = range_for(power_w)
        if power_w > self.range_w * 1.1:
            return math.inf
        return power_w - self.reference_w if self.relative else power_w

    def density_w_per_cm2(self) -> float:
        """Power per area of the beam."""
        return self.power_w() / (math.pi * (self.beam_mm / 20) ** 2)

    def zero(self) -> None:
        """Take the present reading, whatever makes it, for darkness."""
        self.zero_w += self.incident_w() / 10 ** (self.loss_db / 10)
