"""JDSU (Viavi) HA9 programmable attenuators, both dialects at once (HA9 series user's manual).

After `*RST` the unit is dark: 0 dB, 1310 nm and the beam block in the beam. The two dialects name the block in
opposite senses: native `D 1` and SCPI `OUTP:STAT 0` both put it into the beam. Assumed, as the manual gives no
numbers: the prism moves at 50 dB/s, and a change of wavelength leaves the attenuation as it is.
"""

from collections.abc import Sequence
from dataclasses import replace

from hil_sim.instruments.attenuator_on_link import AttenuatorOnLink
from hil_sim.instruments.jdsu_ha9_state import RANGE_DB, SPEED_DB_PER_S, AtPowerOn, BlockablePath, Ha9Settings, Ha9Unit
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.ramp import Ramp
from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.formats import NumberFormat, nr2, nr3
from hil_sim.scpi.instrument import ScpiInstrument
from hil_sim.scpi.values import Boolean, Integer, Number
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

_QUEUE_DEPTH = 29
# Bit of STATus:OPERation:CONDition.
_SETTLING = 2


class JdsuHa9(ScpiInstrument):
    """State and commands of one attenuator."""

    def __init__(
        self,
        clock: Clock,
        unit: Ha9Unit | None = None,
        *,
        path: BlockablePath | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on."""
        self.unit = unit or Ha9Unit()
        self.range_db = RANGE_DB[self.unit.product]
        self._path = path
        self._trace = trace
        self._settings = Ha9Settings()
        self._stored: dict[int, Ha9Settings] = {}
        self._prism = Ramp(0.0, 0.0, clock.monotonic(), SPEED_DB_PER_S)
        identity = f"JDS UNIPHASE,{self.unit.product},{self.unit.serial_number},1.30"
        super().__init__(clock, identity, queue_depth=_QUEUE_DEPTH, error_style=_error_style)
        self._apply(Ha9Settings())

    def commands(self) -> Sequence[Command]:
        """The native commands and those of the HP 8156A."""
        offset = Number("dB", -29.99, 29.99, 0.0, step=0.01)
        power = Number("dBm", self._least_dbm, self._most_dbm, self._most_dbm, step=0.01)
        return (
            *self._native_commands(),
            Command("INPut:ATTenuation", self._attenuation_kind(nr3()), get=self.attenuation_db, set=self.attenuate),
            Command("INPut:OFFSet", offset, get=self._offset_db, set=self._set_offset),
            Command("INPut:OFFSet:DISPlay", set=self._null_display),
            Command("INPut:WAVelength", _WAVELENGTH, get=lambda: self._settings.wavelength_m, set=self._set_wavelength),
            Command("INPut:LCMode", Boolean(), get=self._calibrates_lambda, set=self._calibrate_lambda),
            Command("OUTPut:APMode", Boolean(), get=self._holds_power, set=self._set_power_mode),
            Command("OUTPut:POWer", power, get=self._power_dbm, set=self._set_power),
            Command("OUTPut[:STATe]", Boolean(), get=lambda: not self._settings.blocked, set=self._open),
            Command("OUTPut[:STATe]:APOWeron", AtPowerOn(), get=self._last_at_power_on, set=self._choose_power_on),
            Command("DISPlay:BRIGhtness", Number(minimum=0, maximum=1), get=lambda: 1.0, set=lambda _: None),
            Command("DISPlay:ENABle", Boolean(), get=lambda: True, set=lambda _: None),
            Command("*OPT", get=lambda: "0"),
            Command("*SAV", Integer(1, 9), set=self._store),
            Command("*RCL", Integer(0, 9), set=self._recall),
        )

    def reset(self) -> None:
        """Dark: 0 dB, no offset, 1310 nm, beam block in the beam."""
        self._apply(Ha9Settings())

    def power_cycle(self) -> None:
        """Keep the settings, but block the beam unless it is to stay as it was."""
        kept = self._settings
        super().power_cycle()
        blocked = kept.blocked or kept.block_at_power_on == "DIS"
        self._apply(replace(kept, blocked=blocked, power_base_db=None))

    def attenuation_db(self) -> float:
        """Attenuation shown: where the prism is now, plus the offset; ends the absolute power mode."""
        self._settings = replace(self._settings, power_base_db=None)
        return self._prism.at(self.now()) + self._settings.offset_db

    def attenuate(self, attenuation_db: float) -> None:
        """Begin to move the prism to a shown attenuation; ends the absolute power mode."""
        actual = attenuation_db - self._settings.offset_db
        self._apply(replace(self._settings, actual_db=actual, power_base_db=None))

    def block(self, blocked: bool) -> None:
        """Move the beam block into the beam or out of it."""
        self._apply(replace(self._settings, blocked=blocked))

    def update_link(self) -> None:
        """Show the link where the prism is."""
        if self._path is not None:
            self._path.set_attenuation_db(self._prism.at(self._clock.monotonic()))

    def pending_s(self) -> float:
        """Until the prism has arrived."""
        return max(self._prism.end_s - self.now(), 0.0)

    def operation_condition(self) -> int:
        """Settling while the prism moves."""
        return _SETTLING if self._prism.end_s > self.now() else 0

    def _apply(self, settings: Ha9Settings) -> None:
        """Make the settings real."""
        if settings.actual_db != self._prism.target:
            self._prism = self._prism.towards(settings.actual_db, self.now(), SPEED_DB_PER_S)
            self._trace("attenuation_db", settings.actual_db)
        self._settings = settings
        self._trace("shutter_open", not settings.blocked)
        if self._path is not None:
            self._path.set_shutter_open(not settings.blocked)
        self.update_link()

    def _native_commands(self) -> Sequence[Command]:
        attenuation = self._attenuation_kind(nr2(2))
        return (
            Command("ATT", attenuation, get=self.attenuation_db, set=self.attenuate),
            Command("WVL", _WAVELENGTH, get=lambda: self._settings.wavelength_m, set=self._set_wavelength),
            Command("D", Boolean(), get=lambda: self._settings.blocked, set=self.block),
            Command("RESET", set=self.reset),
            Command("DISPlay0", set=lambda: None),
            Command("DISPlay", set=lambda: None),
        )

    def _attenuation_kind(self, form: NumberFormat) -> Number:
        return Number("dB", self._least_db, self._most_db, self._least_db, step=0.01, form=form)

    def _least_db(self) -> float:
        return self._settings.offset_db

    def _most_db(self) -> float:
        return self._settings.offset_db + self.range_db

    def _offset_db(self) -> float:
        self._settings = replace(self._settings, power_base_db=None)
        return self._settings.offset_db

    def _set_offset(self, offset_db: float) -> None:
        self._apply(replace(self._settings, offset_db=offset_db, power_base_db=None))

    def _null_display(self) -> None:
        """Choose the offset with which the display shows 0 dB."""
        self._set_offset(-self._settings.actual_db)

    def _set_wavelength(self, wavelength_m: float) -> None:
        self._settings = replace(self._settings, wavelength_m=wavelength_m)

    def _calibrates_lambda(self) -> bool:
        return self._settings.lambda_calibration

    def _calibrate_lambda(self, on: bool) -> None:
        self._settings = replace(self._settings, lambda_calibration=on)

    def _open(self, is_open: bool) -> None:
        self.block(not is_open)

    def _last_at_power_on(self) -> str:
        return self._settings.block_at_power_on

    def _choose_power_on(self, choice: str) -> None:
        self._settings = replace(self._settings, block_at_power_on=choice)

    def _holds_power(self) -> bool:
        return self._settings.power_base_db is not None

    def _set_power_mode(self, on: bool) -> None:
        """At the start of the mode the through power equals the shown attenuation."""
        now = self._settings
        base = now.actual_db + (now.actual_db + now.offset_db)
        self._settings = replace(now, power_base_db=base if on else None)

    def _power_base(self) -> float:
        if self._settings.power_base_db is None:
            raise ScpiError(-221)
        return self._settings.power_base_db

    def _most_dbm(self) -> float:
        return self._power_base()

    def _least_dbm(self) -> float:
        return self._power_base() - self.range_db

    def _power_dbm(self) -> float:
        return self._power_base() - self._prism.at(self.now())

    def _set_power(self, power_dbm: float) -> None:
        self._apply(replace(self._settings, actual_db=self._power_base() - power_dbm))

    def _store(self, place: int) -> None:
        self._stored[place] = self._settings

    def _recall(self, place: int) -> None:
        """Place 0 is the state after `*RST`."""
        if place and place not in self._stored:
            raise ScpiError(-221)
        self._apply(self._stored[place] if place else Ha9Settings())


_WAVELENGTH = Number("m", 1200e-9, 1700e-9, 1310e-9)


def _error_style(code: int, text: str) -> str:
    return f"{code}, {text if code else 'No Error'}"


def _build(around: Surroundings) -> JdsuHa9:
    path = None if around.link is None else AttenuatorOnLink(around.link)
    return JdsuHa9(around.clock, around.unit, path=path, trace=around.trace)


MODEL = SimulatorModel(
    name="jdsu-ha9",
    title="JDSU HA9 optical attenuator",
    build=_build,
    unit=Ha9Unit,
    transports=("tcp", "pty"),
    address_form="TCPIP::{host}::{port}::SOCKET",
    baud=1200,
    usb_name="Prolific_HA9",
)
