"""The shutter, motor and step count of an OZ Optics DD-100-MC variable attenuator."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from hil_sim.instruments.motor import Motor
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock


class AttenuatorPlace(Protocol):
    """Where the attenuator sits on a link."""

    def set_attenuation_db(self, attenuation_db: float) -> None:
        """Apply an attenuation."""


@dataclass(frozen=True, slots=True)
class Dd100McUnit:
    """One unit as it left the factory.

    Attributes:
        serial_number: shown by `CD`.
        insertion_loss_db: attenuation at the home position.
        max_attenuation_db: attenuation at the end of the travel.
        travel_steps: length of the travel from home.
        steps_per_s: speed of ordinary moves.
        home_steps_per_s, home_pause_s: speed of the search for the home sensor and the time to settle on it; over the
            whole travel the two defaults take 30 s.
        self_test_s: time from `RST` to its reply.
        wavelengths_nm: wavelengths the unit is calibrated for; the first is chosen at power-on.
    """

    serial_number: str = "SIM00001"
    insertion_loss_db: float = 0.6
    max_attenuation_db: float = 60.0
    travel_steps: int = 4800
    steps_per_s: float = 800.0
    home_steps_per_s: float = 200.0
    home_pause_s: float = 6.0
    self_test_s: float = 40.0
    wavelengths_nm: tuple[int, ...] = (1550, 1310)

    def __post_init__(self) -> None:
        if not 0 <= self.insertion_loss_db < self.max_attenuation_db:
            raise ValueError("insertion_loss_db must lie between 0 and max_attenuation_db")
        if min(self.steps_per_s, self.home_steps_per_s) <= 0 or self.travel_steps < 1 or not self.wavelengths_nm:
            raise ValueError("speeds must be positive, travel_steps at least 1 and wavelengths_nm not empty")
        if min(self.home_pause_s, self.self_test_s) < 0:
            raise ValueError("home_pause_s and self_test_s must not be negative")


class Fault(IntEnum):
    """Numbers after `Error-`."""

    BAD_COMMAND = 2
    HOME_SENSOR = 5
    OVERFLOW = 6
    MOTOR_VOLTAGE = 7


class UnitError(Exception):
    """A command that the unit refuses."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"Error-{fault.value}")


class WedgeAttenuator:
    """State of one DD-100-MC.

    The shutter moves along a wedge, so attenuation grows linearly with the steps from home. The unit counts steps and
    loses count when it loses power: attenuation is unknown, and moves are refused, until the home position has been
    searched. Methods that move return at once; `busy_s` tells when the motor will have arrived.

    Attributes:
        unit: what the factory made.
        homed: the step count is valid.
    """

    def __init__(
        self,
        clock: Clock,
        unit: Dd100McUnit | None = None,
        *,
        link: AttenuatorPlace | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on, the shutter resting at the dark end of its travel."""
        self.unit = unit or Dd100McUnit()
        self._defect: Fault | None = None
        self._clock = clock
        self._link = link
        self._trace = trace
        self._traced: float | None = None
        self._motor = Motor(clock, self.unit.travel_steps)
        self._insertion_loss_db = self.unit.insertion_loss_db
        self._forget()
        self.update_link()

    def _forget(self) -> None:
        self.homed = False
        self._busy_until_s = self._clock.monotonic()
        self._count_error = round(self._motor.target())
        self._wavelength_nm = self.unit.wavelengths_nm[0]

    def break_home_sensor(self) -> None:
        """Make the search for home fail from now on."""
        self._defect = Fault.HOME_SENSOR

    def raise_motor_voltage(self) -> None:
        """Make every move fail from now on."""
        self._defect = Fault.MOTOR_VOLTAGE

    def repair(self) -> None:
        """End the defect."""
        self._defect = None

    def power_cycle(self) -> None:
        """Stop the motor where it is and lose the step count."""
        self._motor.halt()
        self._forget()
        self.update_link()

    def light_attenuation_db(self) -> float:
        """What the light suffers at this moment, also while the shutter moves."""
        return self.unit.insertion_loss_db + self._wedge_db(self._motor.position())

    def update_link(self) -> None:
        """Show the present attenuation to the link."""
        attenuation_db = self.light_attenuation_db()
        if self._link is not None:
            self._link.set_attenuation_db(attenuation_db)
        if attenuation_db != self._traced:
            self._traced = attenuation_db
            self._trace("attenuation_db", round(attenuation_db, 4))

    def busy_s(self) -> float:
        """Seconds until everything asked so far is done."""
        return max(self._motor.free_s(), self._busy_until_s) - self._clock.monotonic()

    def steps(self) -> int:
        """Steps from home where the motor stands, or will stand.

        Raises:
            UnitError: while the home position is unknown.
        """
        if not self.homed:
            raise UnitError(Fault.BAD_COMMAND)
        return round(self._motor.target())

    def attenuation_db(self) -> float | None:
        """Attenuation as the unit reckons it; None while the home position is unknown."""
        return self._insertion_loss_db + self._wedge_db(self._motor.target()) if self.homed else None

    def move_to(self, steps: int) -> int:
        """Go to so many steps from home; returns them.

        Raises:
            UnitError: outside the travel, with the home position unknown or with a defect motor.
        """
        self.steps()
        if not 0 <= steps <= self.unit.travel_steps:
            raise UnitError(Fault.OVERFLOW)
        if self._defect is Fault.MOTOR_VOLTAGE:
            raise UnitError(self._defect)
        self._motor.move(steps, steps_per_s=self.unit.steps_per_s)
        return steps

    def attenuate(self, attenuation_db: float) -> int:
        """Go to the step nearest to an attenuation; returns it.

        Raises:
            UnitError: as `move_to`.
        """
        span_db = self.unit.max_attenuation_db - self.unit.insertion_loss_db
        # half a hundredth: limits are shown, and so asked for, with two decimals
        if not -0.005 <= attenuation_db - self._insertion_loss_db <= span_db + 0.005:
            raise UnitError(Fault.OVERFLOW)
        steps = round((attenuation_db - self._insertion_loss_db) / span_db * self.unit.travel_steps)
        return self.move_to(min(max(steps, 0), self.unit.travel_steps))

    def home(self) -> int:
        """Search the home sensor; returns by how many steps the count was wrong.

        Raises:
            UnitError: when sensor or motor is broken.
        """
        if self._defect is not None:
            raise UnitError(self._defect)
        pause_s = self.unit.home_pause_s + max(self._busy_until_s - self._motor.free_s(), 0.0)
        self._motor.move(0, steps_per_s=self.unit.home_steps_per_s, pause_s=pause_s)
        self.homed = True
        error, self._count_error = self._count_error, 0
        return error

    def restart(self) -> None:
        """Begin anew as after power-on; the self-test keeps the unit busy."""
        self.power_cycle()
        self._busy_until_s = self._clock.monotonic() + self.unit.self_test_s

    def choose_wavelength(self, wavelength_nm: int) -> None:
        """Use the calibration for a wavelength.

        Raises:
            UnitError: when the unit has only one calibration, or none for this wavelength.
        """
        if len(self.unit.wavelengths_nm) == 1 or wavelength_nm not in self.unit.wavelengths_nm:
            raise UnitError(Fault.BAD_COMMAND)
        self._wavelength_nm = wavelength_nm

    def set_insertion_loss(self, insertion_loss_db: float) -> None:
        """Reckon with another insertion loss; the light does not change."""
        self._insertion_loss_db = insertion_loss_db

    def configuration(self) -> list[str]:
        """Lines of the configuration display."""
        max_db = self._insertion_loss_db + self.unit.max_attenuation_db - self.unit.insertion_loss_db
        return [
            "OZ OPTICS DD-100-MC",
            f"S/N:{self.unit.serial_number}",
            "VER:2.10",
            f"WVL:{self._wavelength_nm}",
            f"IL:{self._insertion_loss_db:.2f}",
            f"MAX ATTEN:{max_db:.2f}",
        ]

    def _wedge_db(self, steps: float) -> float:
        span_db = self.unit.max_attenuation_db - self.unit.insertion_loss_db
        return span_db * steps / self.unit.travel_steps
