"""Thorlabs CLD101x and ITC4000 laser diode drivers (4000 Series Programmer's Reference Manual).

The laser turns on only with the interlock closed, the key unlocked and the temperature controller on, and goes out when
one of these ends. Changing the current limit or the operating mode needs the laser off. Assumed, as the manual does not
say: refusals answer -221 with their reason, and a limit below the set point lowers the set point.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hil_sim.instruments.laser_diode import REFERENCE_C, Settling
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.thorlabs_cld101x_commands import laser_driver_commands
from hil_sim.instruments.thorlabs_cld101x_state import Cld101xUnit, LaserPort, Protections, TemperatureLimits
from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.instrument import ScpiInstrument
from hil_sim.scpi.status import ConditionRegister
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

_QUEUE_DEPTH = 10
_WINDOW_DEGC = 0.5
# Bits of STATus:MEASurement:CONDition.
_KEY_LOCK, _INTERLOCK, _CURRENT_LIMIT, _POWER_LIMIT = 1 << 0, 1 << 2, 1 << 3, 1 << 5
_WINDOW, _SENSOR, _OVER_TEMPERATURE = 1 << 9, 1 << 10, 1 << 14


class ThorlabsCld101x(ScpiInstrument):
    """State and commands of one laser driver."""

    def __init__(
        self,
        clock: Clock,
        unit: Cld101xUnit | None = None,
        *,
        port: LaserPort | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on, everything off and cold."""
        self.unit = unit or Cld101xUnit()
        self.protections = Protections()
        self.temperature_limits = TemperatureLimits()
        self._port = port
        self._trace = trace
        self.laser_on = False
        self.cooler_on = False
        self._shown_w = -1.0
        ambient = self.unit.diode.ambient_c
        self._temperature = Settling(ambient, ambient, clock.monotonic())
        self.measurement = ConditionRegister(self.measurement_condition)
        super().__init__(
            clock,
            f"THORLABS,{self.unit.product},{self.unit.serial_number},1.4.0/2.0.3/1.6.0",
            queue_depth=_QUEUE_DEPTH,
        )
        self.reset()

    def commands(self) -> Sequence[Command]:
        """SOURce, OUTPut, SENSe, MEASure and STATus of the manual."""
        return laser_driver_commands(self)

    def reset(self) -> None:
        """Outputs off, no current, the delivered limit and 25 degC."""
        self.limit_a = self.unit.current_limit_a
        self.set_point_a = 0.0
        self.set_point_w = 0.0
        self.mode = "CURR"
        self.modulated = False
        self.external_protection = "OFF"
        self.set_point_degc = REFERENCE_C
        self._switch_laser(on=False)
        self.set_cooler(False)

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """Interlock, key and heat."""
        return {
            "interlock-open": lambda: self.disturb(interlock_open=True),
            "interlock-close": lambda: self.disturb(interlock_open=False),
            "key-lock": lambda: self.disturb(key_locked=True),
            "key-unlock": lambda: self.disturb(key_locked=False),
            "overheat": lambda: self.disturb(over_temperature=True),
            "cool-down": lambda: self.disturb(over_temperature=False),
        }

    def disturb(self, **protections: bool) -> None:
        """Change what protects the laser; it goes out at once when something now forbids emission."""
        self.protections = replace(self.protections, **protections)
        for name, value in protections.items():
            self._trace(name, value)
        if self.protections.reason() is not None:
            self._switch_laser(on=False)
        self.measurement.latch()

    def set_laser(self, on: bool) -> None:
        """Switch the laser.

        Raises:
            ScpiError: -221 when something forbids emission.
        """
        reason = self.protections.reason() or (None if self.cooler_on else "TEC off")
        if on and reason is not None:
            raise ScpiError(-221, f"Settings conflict; {reason}")
        self._switch_laser(on=on)

    def set_cooler(self, on: bool) -> None:
        """Switch the temperature controller; without it the laser goes out."""
        self.cooler_on = on
        if not on:
            self._switch_laser(on=False)
        self._heat()
        self._trace("temperature_control_enabled", on)

    def set_temperature(self, temperature_degc: float) -> None:
        """Choose the temperature to hold."""
        self.set_point_degc = temperature_degc
        self._heat()

    def set_current(self, current_a: float) -> None:
        """Choose the current of the current mode."""
        self.set_point_a = current_a
        self._trace("current_a", current_a)
        self.update_link()

    def set_power(self, power_w: float) -> None:
        """Choose the power of the power mode."""
        self.set_point_w = power_w
        self.update_link()

    def set_limit(self, limit_a: float) -> None:
        """Choose the hardware limit.

        Raises:
            ScpiError: -221 while the laser is on.
        """
        self._needs_laser_off()
        self.limit_a = limit_a
        self.set_point_a = min(self.set_point_a, limit_a)
        self._trace("current_limit_a", limit_a)

    def set_mode(self, mode: str) -> None:
        """Choose constant current or constant power.

        Raises:
            ScpiError: -221 while the laser is on.
        """
        self._needs_laser_off()
        self.mode = mode

    def temperature_degc(self) -> float:
        """Temperature of the diode."""
        return self._temperature.at(self.now(), self.unit.diode.settling_s)

    def current_a(self) -> float:
        """Current through the diode."""
        return min(self._wanted_a(), self.limit_a) if self.laser_on else 0.0

    def voltage_v(self) -> float:
        """Voltage across the diode."""
        return self.unit.voltage_v(self.current_a()) if self.laser_on else 0.0

    def power_w(self) -> float:
        """Optical power of the diode."""
        return self.unit.power_w(self.current_a(), self.temperature_degc())

    def update_link(self) -> None:
        """Show the link the power of this moment, unless it has hardly changed."""
        power_w = self.power_w()
        if abs(power_w - self._shown_w) <= 1e-4 * self._shown_w:
            return
        self._shown_w = power_w
        if self._port is not None:
            self._port.set_laser_power_w(power_w)

    def measurement_condition(self) -> int:
        """Bits of STATus:MEASurement:CONDition."""
        away = self.cooler_on and abs(self.temperature_degc() - self.set_point_degc) > _WINDOW_DEGC
        return (
            (_KEY_LOCK if self.protections.key_locked else 0)
            | (_INTERLOCK if self.protections.interlock_open else 0)
            | (_CURRENT_LIMIT if self.limit_active() else 0)
            | (_WINDOW if away else 0)
            | (_SENSOR if self.protections.sensor_missing else 0)
            | (_OVER_TEMPERATURE if self.protections.over_temperature else 0)
        )

    def _wanted_a(self) -> float:
        if self.mode == "CURR":
            return self.set_point_a
        return self.unit.current_for(self.set_point_w, self.temperature_degc())

    def limit_active(self) -> bool:
        """Whether the hardware limit holds the current."""
        return self.laser_on and self._wanted_a() >= self.limit_a

    def _needs_laser_off(self) -> None:
        if self.laser_on:
            raise ScpiError(-221, "Settings conflict; laser on")

    def _heat(self) -> None:
        goal = self.set_point_degc if self.cooler_on else self.unit.diode.ambient_c
        self._temperature = Settling(self.temperature_degc(), goal, self.now())
        self.update_link()

    def _switch_laser(self, *, on: bool) -> None:
        self.laser_on = on
        self._trace("emission_enabled", on)
        self.update_link()


def _build(around: Surroundings) -> ThorlabsCld101x:
    return ThorlabsCld101x(around.clock, around.unit, port=around.link, trace=around.trace)


MODEL = SimulatorModel(
    name="thorlabs-cld101x",
    title="Thorlabs CLD101x or ITC4000 laser diode driver",
    build=_build,
    unit=Cld101xUnit,
    address_form="TCPIP::{host}::{port}::SOCKET",
)
