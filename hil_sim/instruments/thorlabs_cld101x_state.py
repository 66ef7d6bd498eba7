"""A Thorlabs 4000 series laser diode driver as delivered, and what protects its laser."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from hil_sim.instruments.laser_diode import REFERENCE_C, Diode

# Largest laser current of each type in amperes (data sheets).
CURRENT_RANGE_A = {
    "CLD1010LP": 1.0,
    "CLD1011LP": 1.0,
    "CLD1015": 1.5,
    "ITC4001": 1.0,
    "ITC4005": 5.0,
    "ITC4020": 20.0,
}


@dataclass(frozen=True, slots=True)
class Cld101xUnit:
    """One unit as delivered.

    Attributes:
        product: one of `CURRENT_RANGE_A`.
        serial_number: shown by `*IDN?`.
        current_limit_a: hardware current limit after reset.
        diode: laser diode mounted on it.
    """

    product: str = "CLD1015"
    serial_number: str = "M00000001"
    current_limit_a: float = 0.2
    diode: Diode = field(default_factory=Diode)

    def __post_init__(self) -> None:
        if self.product not in CURRENT_RANGE_A:
            raise ValueError(f"product must be one of {', '.join(CURRENT_RANGE_A)}, got '{self.product}'")
        if not 0.001 <= self.current_limit_a <= self.current_range_a:
            raise ValueError(
                f"current_limit_a of a {self.product} must lie in 0.001..{self.current_range_a:g} A, "
                f"got {self.current_limit_a:g}"
            )

    @property
    def current_range_a(self) -> float:
        """Largest current that the driver can give."""
        return CURRENT_RANGE_A[self.product]

    def power_w(self, current_a: float, temperature_degc: float) -> float:
        """Optical power of the diode (L-I curve)."""
        return self.diode.power_w(current_a * 1e3, temperature_degc)

    def current_for(self, power_w: float, temperature_degc: float) -> float:
        """Current that gives an optical power; none for no power."""
        warming = math.exp((temperature_degc - REFERENCE_C) / self.diode.characteristic_k)
        threshold_a = self.diode.threshold_ma * 1e-3 * warming
        return threshold_a + power_w / self.diode.slope_w_per_a if power_w > 0 else 0.0

    def voltage_v(self, current_a: float) -> float:
        """Voltage across the diode."""
        return self.diode.threshold_voltage_v + self.diode.series_ohm * current_a


@dataclass(slots=True)
class Protections:
    """What keeps the laser dark; set from outside the instrument.

    Attributes:
        interlock_open: the interlock loop is broken.
        key_locked: the key switch is off.
        over_temperature: the instrument is too hot.
        sensor_missing: the temperature sensor is not connected.
    """

    interlock_open: bool = False
    key_locked: bool = False
    over_temperature: bool = False
    sensor_missing: bool = False

    def reason(self) -> str | None:
        """Why emission is forbidden; none when it is not."""
        causes = {
            "interlock open": self.interlock_open,
            "key locked": self.key_locked,
            "over-temperature": self.over_temperature,
            "no temperature sensor": self.sensor_missing,
        }
        return next((cause for cause, present in causes.items() if present), None)


@dataclass(slots=True)
class TemperatureLimits:
    """Limits of the temperature set point, and the constants of the control loop."""

    lower_degc: float = 5.0
    upper_degc: float = 45.0
    gain: float = 1.0
    integral: float = 0.2
    derivative: float = 0.2
    period_s: float = 2.0


class LaserPort(Protocol):
    """The light path that the laser feeds."""

    def set_laser_power_w(self, power_w: float) -> None:
        """Set the average power that leaves the laser."""
