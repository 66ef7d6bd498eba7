"""Thorlabs PM100D and relatives (PM100x SCPI command reference).

Wavelengths are in nanometres on the wire. A reading is only right at the wavelength that the meter was told. The sample
in progress is answered at once; each further one of an average takes 3 ms.
"""

import random
from collections.abc import Sequence
from functools import partial

from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.thorlabs_pm100d_state import (
    RANGES_W,
    SAMPLE_S,
    WAVELENGTHS_NM,
    Pm100dUnit,
    PowerMeterState,
    TappedLight,
    range_for,
    responsivity,
)
from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.fields import field
from hil_sim.scpi.formats import nr3
from hil_sim.scpi.instrument import ScpiInstrument
from hil_sim.scpi.status import ConditionRegister
from hil_sim.scpi.units import dbm
from hil_sim.scpi.values import Boolean, Choice, Integer, Number
from hil_sim.world.link import OpticalLink
from qkdctl.clock import Clock

_FORM = nr3(6, 2, sign=False)
_ZEROING_S = 1.0
# Bits of STATus:OPERation:CONDition.
_ZEROING, _NEW_VALUE = 1 << 0, 1 << 9
# Flags of SYSTem:SENSor:IDN?: power sensor, responsivity settable, wavelength settable.
_SENSOR_FLAGS = 1 | 16 | 32


class ThorlabsPm100d(ScpiInstrument):
    """State and commands of one meter."""

    def __init__(
        self, clock: Clock, unit: Pm100dUnit | None = None, *, light: TappedLight | None = None, seed: int = 0
    ) -> None:
        """Switch on; `seed` fixes the noise."""
        self.unit = unit or Pm100dUnit()
        self._light = light
        self._noise = random.Random(seed)
        self._beeper = True
        self._brightness = 1.0
        self._line_frequency = 50
        self._bandwidth_low = True
        self._zeroed_at_s = self._measured_at_s = clock.monotonic()
        self._fetched = 0.0
        self.state = PowerMeterState(self.unit, light, self._noise)
        self._registers = tuple(ConditionRegister(lambda: 0) for _ in range(2))
        super().__init__(clock, f"Thorlabs,{self.unit.product},{self.unit.serial_number},2.8.0")

    def commands(self) -> Sequence[Command]:
        """The commands of a meter with a photodiode."""
        measurement, auxiliary = self._registers
        return (
            *self._sense_commands(),
            *self._measurement_commands(),
            *measurement.commands("STATus:MEASurement"),
            *auxiliary.commands("STATus:AUXillary"),
            Command("SYSTem:SENSor:IDN", get=self.sensor_identity),
            field(self, "SYSTem:BEEPer:STATe", Boolean(), "_beeper"),
            Command("SYSTem:BEEPer[:IMMediate]", set=lambda: None),
            field(self, "SYSTem:LFRequency", Integer(50, 60), "_line_frequency"),
            Command("CALibration:STRing", get=lambda: '"factory calibration"'),
            field(self, "DISPlay:BRIGhtness", Number(minimum=0, maximum=1, default=1.0, form=_FORM), "_brightness"),
            field(self, "INPut[:PDIOde]:FILTer[:LPASs][:STATe]", Boolean(), "_bandwidth_low"),
        )

    def reset(self) -> None:
        """Watts, automatic range, one sample, 1550 nm, no correction; a zeroing stays."""
        self.state = PowerMeterState(self.unit, self._light, self._noise, zero_w=self.state.zero_w)

    def sensor_identity(self) -> str:
        """Name, serial number, calibration date, type, subtype and flags of the sensor."""
        if not self.unit.sensor:
            return "no sensor,,,0,0,0"
        return f"{self.unit.sensor},{self.unit.serial_number[1:]},01-JAN-2024,1,3,{_SENSOR_FLAGS}"

    def pending_s(self) -> float:
        """Until zeroing is done and the measurement begun last has ended."""
        return max(self._zeroed_at_s - self.now(), self._measured_at_s - self.now(), 0.0)

    def operation_condition(self) -> int:
        """Zeroing, or a new value."""
        now = self.now()
        return (_ZEROING if self._zeroed_at_s > now else 0) | (_NEW_VALUE if self._measured_at_s <= now else 0)

    def read(self, quantity: str) -> float:
        """Measure a quantity with the averaging that is set.

        Raises:
            ScpiError: -241 without a sensor.
        """
        self.run_ahead(self.ahead_s + (self.state.averages - 1) * SAMPLE_S)
        return self._reading(quantity)

    def initiate(self) -> None:
        """Begin a measurement for `FETCh?`."""
        self._fetched = self._reading(self.state.configured)
        self._measured_at_s = self.now() + self.state.averages * SAMPLE_S

    def fetch(self) -> float:
        """The result of the measurement begun last, waiting for its end."""
        self.run_ahead(self.ahead_s + max(self._measured_at_s - self.now(), 0.0))
        return self._fetched

    def _reading(self, quantity: str) -> float:
        if not self.unit.sensor:
            raise ScpiError(-241)
        if quantity == "CURR":
            return self.state.current_a()
        if quantity == "PDEN":
            return self.state.density_w_per_cm2()
        if quantity == "FREQ":
            return 0.0  # the light of a simulated tap is not chopped
        power_w = self.state.power_w()
        return power_w if self.state.power_unit == "W" else dbm(power_w)

    def zero(self) -> None:
        """Begin to zero."""
        self.state.zero()
        self._zeroed_at_s = self.now() + _ZEROING_S

    def set_range(self, upper_w: float) -> None:
        """Choose the smallest range that holds a power, and stay there."""
        self.state.range_w = range_for(upper_w)
        self.state.auto_range = False

    def _sense_commands(self) -> Sequence[Command]:
        low_nm, high_nm = WAVELENGTHS_NM
        correction, power, current = "[SENSe]:CORRection", "[SENSe]:POWer[:DC]", "[SENSe]:CURRent[:DC]"
        zero = f"{correction}:COLLect:ZERO"
        upper = Number("W", RANGES_W[0], RANGES_W[-1], RANGES_W[-1], form=_FORM)
        wavelength = Number("nm", low_nm, high_nm, 1550.0, form=_FORM)
        return (
            self._setting("[SENSe]:AVERage[:COUNt]", Integer(1, 10_000), "averages"),
            self._setting(f"{correction}:WAVelength", wavelength, "wavelength_nm"),
            self._setting(f"{correction}:BEAMdiameter", Number("mm", 0.1, 100.0, 9.5, form=_FORM), "beam_mm"),
            self._setting(
                f"{correction}[:LOSS][:INPut][:MAGNitude]", Number("dB", -60.0, 60.0, 0.0, form=_FORM), "loss_db"
            ),
            Command(
                f"{correction}:POWer[:PDIOde][:RESPonse]",
                Number(form=_FORM),
                get=lambda: responsivity(self.state.wavelength_nm),
            ),
            Command(f"{zero}[:INITiate]", set=self.zero),
            Command(f"{zero}:ABORt", set=partial(setattr, self, "_zeroed_at_s", 0.0)),
            Command(f"{zero}:STATe", Boolean(), get=lambda: self._zeroed_at_s > self.now()),
            Command(f"{zero}:MAGNitude", Number(form=_FORM), get=lambda: self.state.zero_w),
            Command(f"{power}:RANGe[:UPPer]", upper, get=self._range_w, set=self.set_range),
            self._setting(f"{power}:RANGe:AUTO", Boolean(), "auto_range"),
            Command(f"{current}:RANGe[:UPPer]", Number("A", form=_FORM), get=self._range_a, set=self._set_range_a),
            self._setting(f"{current}:RANGe:AUTO", Boolean(), "auto_range"),
            self._setting(f"{power}:REFerence", Number("W", -1.0, 1.0, 0.0, form=_FORM), "reference_w"),
            self._setting(f"{power}:REFerence:STATe", Boolean(), "relative"),
            self._setting(f"{power}:UNIT", Choice("W", "DBM"), "power_unit"),
        )

    def _measurement_commands(self) -> Sequence[Command]:
        value = Number(form=_FORM)
        quantities = {":CURRent[:DC]": "CURR", ":PDENsity": "PDEN", ":FREQuency": "FREQ"}
        return (
            *(
                Command(f"MEASure[:SCALar]{node}", value, get=partial(self.read, quantity))
                for node, quantity in {"[:POWer]": "POW", **quantities}.items()
            ),
            *(
                Command(f"CONFigure[:SCALar]{node}", set=partial(self._configure, quantity))
                for node, quantity in {":POWer": "POW", **quantities}.items()
            ),
            Command("CONFigure", get=lambda: self.state.configured),
            Command("INITiate[:IMMediate]", set=self.initiate),
            Command("ABORt", set=lambda: None),
            Command("FETCh", value, get=self.fetch),
            Command("READ", value, get=lambda: self.read(self.state.configured)),
        )

    def _configure(self, quantity: str) -> None:
        self.state.configured = quantity

    def _range_w(self) -> float:
        self.state.power_w()
        return self.state.range_w

    def _range_a(self) -> float:
        return self._range_w() * responsivity(self.state.wavelength_nm)

    def _set_range_a(self, upper_a: float) -> None:
        upper_w = upper_a / responsivity(self.state.wavelength_nm)
        if not 0 <= upper_w <= RANGES_W[-1]:
            raise ScpiError(-222)
        self.set_range(upper_w)

    def _setting(self, header: str, kind: Integer | Number | Boolean | Choice, name: str) -> Command:
        """A setting of the state, which a reset replaces."""
        return Command(
            header,
            kind,
            get=lambda: getattr(self.state, name),
            set=lambda value: setattr(self.state, name, value),
        )


class _TapOnLink:
    """The tap of an optical link."""

    def __init__(self, link: OpticalLink) -> None:
        self._link = link

    def tap_power_w(self) -> float:
        return self._link.tap_power_w()

    @property
    def wavelength_nm(self) -> float:
        return self._link.parameters.wavelength_nm


def _build(around: Surroundings) -> ThorlabsPm100d:
    light = None if around.link is None else _TapOnLink(around.link)
    return ThorlabsPm100d(around.clock, around.unit, light=light, seed=around.seed)


MODEL = SimulatorModel(
    name="thorlabs-pm100d",
    title="Thorlabs PM100D optical power meter",
    build=_build,
    unit=Pm100dUnit,
    address_form="TCPIP::{host}::{port}::SOCKET",
)
