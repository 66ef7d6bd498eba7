"""A laser diode on a thermoelectric cooler with a thermistor."""

import math
from dataclasses import dataclass

KELVIN = 273.15
REFERENCE_C = 25.0


@dataclass(frozen=True, slots=True)
class Diode:
    """The diode, at 25 degrees Celsius.

    Attributes:
        threshold_ma: current at which it begins to lase.
        slope_w_per_a: differential efficiency above threshold.
        characteristic_k: temperature rise that multiplies the threshold by e.
        threshold_voltage_v, series_ohm: forward voltage is their sum, the second times the current.
        monitor_ma_per_w: photodiode current per emitted power.
        thermistor_ohm, thermistor_beta_k: NTC resistance at 25 degrees and its B value.
        ambient_c: temperature without cooling.
        settling_s: time constant towards the set temperature, and back to ambient.
        cooler_k_per_a, cooler_ohm: temperature step per cooler current, resistance of the cooler.
    """

    threshold_ma: float = 10.0
    slope_w_per_a: float = 0.25
    characteristic_k: float = 60.0
    threshold_voltage_v: float = 0.95
    series_ohm: float = 4.0
    monitor_ma_per_w: float = 50.0
    thermistor_ohm: float = 10_000.0
    thermistor_beta_k: float = 3450.0
    ambient_c: float = 27.0
    settling_s: float = 1.5
    cooler_k_per_a: float = 40.0
    cooler_ohm: float = 3.0

    def resistance_ohm(self, temperature_c: float) -> float:
        """Thermistor resistance at a temperature."""
        inverse = 1 / (temperature_c + KELVIN) - 1 / (REFERENCE_C + KELVIN)
        return self.thermistor_ohm * math.exp(self.thermistor_beta_k * inverse)

    def temperature_c(self, resistance_ohm: float) -> float:
        """Temperature at a thermistor resistance, the inverse of `resistance_ohm`."""
        ratio = math.log(resistance_ohm / self.thermistor_ohm) / self.thermistor_beta_k
        return 1 / (ratio + 1 / (REFERENCE_C + KELVIN)) - KELVIN

    def power_w(self, current_ma: float, temperature_c: float) -> float:
        """Emitted power: linear above a threshold that grows with temperature."""
        threshold_ma = self.threshold_ma * math.exp((temperature_c - REFERENCE_C) / self.characteristic_k)
        return max(current_ma - threshold_ma, 0.0) * 1e-3 * self.slope_w_per_a


@dataclass(frozen=True, slots=True)
class Settling:
    """Temperature on its exponential way from `start_c` to `goal_c`, begun at `since_s`."""

    start_c: float
    goal_c: float
    since_s: float

    def at(self, now_s: float, settling_s: float) -> float:
        """Temperature at a monotonic time, `settling_s` being the time constant."""
        return self.goal_c + (self.start_c - self.goal_c) * math.exp(-(now_s - self.since_s) / settling_s)
