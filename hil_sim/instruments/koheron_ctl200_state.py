"""Diode, thermoelectric cooler and protections of a Koheron CTL200 laser controller."""

import math
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any, Protocol

from hil_sim.instruments.laser_diode import Diode, Settling
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

MAX_CURRENT_MA = 1000.0

# Limits of the settings that are numbers, in their units; those of `ilaser` end at `ilmax`.
NUMBERS: dict[str, tuple[float, float]] = {
    "ilaser": (0.0, MAX_CURRENT_MA),
    "ilmax": (0.0, MAX_CURRENT_MA),
    "ldelay": (10.0, 100_000.0),
    "rtset": (100.0, 1e6),
    "rtmin": (0.0, 1e6),
    "rtmax": (0.0, 1e6),
    "vtmin": (-3.0, 0.0),
    "vtmax": (0.0, 3.0),
    "pgain": (0.0, 0.1),
    "igain": (0.0, 0.1),
    "dgain": (0.0, 0.1),
    "lmodgain": (-100_000.0, 100_000.0),
    "tmodgain": (-100_000.0, 100_000.0),
}


class LaserPlace(Protocol):
    """Where the laser sits on a link."""

    def set_laser_power_w(self, power_w: float) -> None:
        """Emit this power, 0 when dark."""


class Ctl200Error(IntFlag):
    """Bits that `err` reports until `errclr`."""

    UART_OVERFLOW = 0x01
    COMMAND_BEFORE_PROMPT = 0x02
    UNDER_TEMPERATURE = 0x04
    OVER_TEMPERATURE = 0x08
    UNKNOWN_COMMAND = 0x10
    BAD_ARGUMENT = 0x20
    LASER_ON_WHILE_INTERLOCKED = 0x40
    INTERLOCK = 0x80


@dataclass(frozen=True, slots=True)
class Ctl200Settings:
    """What `save` keeps; numbers in the units of the serial commands (mA, ms, ohm, V, baud)."""

    lason: bool = False
    tecon: bool = False
    tprot: bool = True
    lckon: bool = True
    ilaser: float = 0.0
    ilmax: float = 200.0
    ldelay: float = 100.0
    rtset: float = 10_000.0
    rtmin: float = 5_000.0
    rtmax: float = 20_000.0
    vtmin: float = -3.0
    vtmax: float = 3.0
    pgain: float = 0.03
    igain: float = 0.005
    dgain: float = 0.0
    lmodgain: float = 0.0
    tmodgain: float = 0.0
    brate: int = 115_200
    userdata: str = ""


@dataclass(slots=True)
class Inputs:
    """What is wired to the controller; a test or a scenario may change it.

    Attributes:
        interlock_closed: the loop of the laboratory's interlock.
        ain1_v, ain2_v: auxiliary inputs.
        board_c: temperature of the board.
    """

    interlock_closed: bool = True
    ain1_v: float = 0.0
    ain2_v: float = 0.0
    board_c: float = 34.5


class ArgumentRefusedError(ValueError):
    """A value that the controller does not take; it keeps the old one."""


class LaserController:
    """State of one CTL200 with its diode.

    Light follows from the settings and the clock; `update_link` trips the protections and shows the link what is
    emitted.

    Attributes:
        serial_number: of the controller.
        settings: present settings.
        inputs: what is wired to the controller.
        errors: bits that `err` reports.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        serial_number: str,
        diode: Diode | None = None,
        settings: Ctl200Settings | None = None,
        link: LaserPlace | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on with `settings` in the permanent memory."""
        self.serial_number = serial_number
        self._clock = clock
        self._diode = diode or Diode()
        self._link = link
        self._trace = trace
        self._shown_w: float | None = None
        self._saved = settings or Ctl200Settings()
        self._thermal = Settling(self._diode.ambient_c, self._diode.ambient_c, clock.monotonic())
        self.inputs = Inputs()
        self._switch_on()

    def _switch_on(self) -> None:
        self.settings = self._saved
        self.errors = Ctl200Error(0)
        self._starts_at_s = self._clock.monotonic() + self.settings.ldelay / 1000
        self.update_link()

    def power_cycle(self) -> None:
        """Return to the saved settings; a laser saved as on comes back after its start-up delay."""
        self._switch_on()

    def open_interlock(self) -> None:
        """Open the interlock loop, as a door does."""
        self.inputs.interlock_closed = False
        self.update_link()

    def close_interlock(self) -> None:
        """Close the interlock loop; the laser stays off until it is switched on again."""
        self.inputs.interlock_closed = True

    def save(self) -> None:
        """Keep the settings in the permanent memory."""
        self._saved = self.settings

    def change(self, name: str, value: float | str) -> None:
        """Set one of `Ctl200Settings`.

        Raises:
            ArgumentRefusedError: for a value outside its limits; the laser current is limited by `ilmax`.
        """
        low, high = self.limits(name)
        if not isinstance(value, str) and not low <= value <= high:
            raise ArgumentRefusedError(f"{name} must lie between {low:g} and {high:g}, got {value:g}")
        if name == "lason" and value and self._interlocked():
            self.errors |= Ctl200Error.LASER_ON_WHILE_INTERLOCKED
            return
        changes: dict[str, Any] = {name: value}
        self.settings = replace(self.settings, **changes)
        if self.settings.ilaser > self.settings.ilmax:
            self.settings = replace(self.settings, ilaser=self.settings.ilmax)
        self.update_link()

    def limits(self, name: str) -> tuple[float, float]:
        """Least and greatest value of a setting."""
        if name == "ilaser":
            return 0.0, self.settings.ilmax
        if name == "brate":
            return 9600, 460_800
        return NUMBERS.get(name, (0.0, 1.0))

    def update_link(self) -> None:
        """Let the temperature settle, trip what must trip and show the light to the link."""
        self._steer_temperature()
        if self.settings.lason:
            self._protect()
        power_w = self.power_w()
        if self._shown_w is None or not math.isclose(power_w, self._shown_w, rel_tol=1e-4):
            self._shown_w = power_w
            self._trace("laser_power_w", power_w)
            if self._link is not None:
                self._link.set_laser_power_w(power_w)

    def temperature_c(self) -> float:
        """Temperature of the diode."""
        return self._thermal.at(self._clock.monotonic(), self._diode.settling_s)

    def resistance_ohm(self) -> float:
        """Thermistor resistance, `rtact`."""
        return self._diode.resistance_ohm(self.temperature_c())

    def current_ma(self) -> float:
        """Current through the diode, modulation included."""
        settings = self.settings
        if not settings.lason or self._clock.monotonic() < self._starts_at_s:
            return 0.0
        return min(max(settings.ilaser + settings.lmodgain * self.inputs.ain1_v, 0.0), settings.ilmax)

    def voltage_v(self) -> float:
        """Voltage across the diode, `vlaser`."""
        current_ma = self.current_ma()
        return self._diode.threshold_voltage_v + self._diode.series_ohm * current_ma / 1000 if current_ma else 0.0

    def power_w(self) -> float:
        """Optical power."""
        return self._diode.power_w(self.current_ma(), self.temperature_c())

    def monitor_ma(self) -> float:
        """Photodiode current, `iphd`."""
        return self.power_w() * self._diode.monitor_ma_per_w

    def cooler_a(self) -> float:
        """Current of the cooler, `itec`; positive cools."""
        if not self.settings.tecon:
            return 0.0
        return self._limited_cooler_a(self._goal_without_limits_c())

    def cooler_v(self) -> float:
        """Voltage of the cooler, `vtec`."""
        return self.cooler_a() * self._diode.cooler_ohm

    def _goal_without_limits_c(self) -> float:
        modulated = self.settings.rtset + self.settings.tmodgain * self.inputs.ain2_v
        return self._diode.temperature_c(max(modulated, 1.0))

    def _limited_cooler_a(self, goal_c: float) -> float:
        wanted_v = (self._diode.ambient_c - goal_c) / self._diode.cooler_k_per_a * self._diode.cooler_ohm
        return min(max(wanted_v, self.settings.vtmin), self.settings.vtmax) / self._diode.cooler_ohm

    def _steer_temperature(self) -> None:
        goal_c = self._diode.ambient_c - self.cooler_a() * self._diode.cooler_k_per_a
        if goal_c != self._thermal.goal_c:
            self._thermal = Settling(self.temperature_c(), goal_c, self._clock.monotonic())

    def _interlocked(self) -> bool:
        return self.settings.lckon and not self.inputs.interlock_closed

    def _protect(self) -> None:
        resistance_ohm, trips = self.resistance_ohm(), Ctl200Error(0)
        if self._interlocked():
            trips |= Ctl200Error.INTERLOCK
        if self.settings.tprot and resistance_ohm > self.settings.rtmax:
            trips |= Ctl200Error.UNDER_TEMPERATURE
        if self.settings.tprot and resistance_ohm < self.settings.rtmin:
            trips |= Ctl200Error.OVER_TEMPERATURE
        if trips:
            self.errors |= trips
            self.settings = replace(self.settings, lason=False)
