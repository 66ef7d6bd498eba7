"""Keysight N776xA variable optical attenuators (N77xx series programming guide: INPut, OUTPut, READ).

Channels are addressed by the number of their slot, so those of the two-channel N7762A are 1 and 3. After `*RST` the
shutters are closed. Assumed, as the guide does not say: `OUTP:POW` moves nothing while the power control is off, and
setting an attenuation ends the power control.
"""

from collections.abc import Callable, Sequence

from hil_sim.instruments.attenuator_on_link import AttenuatorOnLink
from hil_sim.instruments.keysight_n776x_state import (
    CHANNELS,
    MAX_ATTENUATION_DB,
    AttenuatedPath,
    ChannelState,
    N776xUnit,
)
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.formats import nr3
from hil_sim.scpi.instrument import ScpiInstrument
from hil_sim.scpi.units import dbm
from hil_sim.scpi.values import Boolean, Choice, Kind, Number, read_number
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

_ZEROING_S = 5.0
_METER_FLOOR_DBM = -80.0
# Bits of STATus:OPERation:CONDition (SCPI-99 volume 1, 9.3).
_CALIBRATING = 1
_SETTLING = 2
# Bit of STATus:QUEStionable:CONDition (SCPI-99 volume 1, 9.4).
_POWER = 8


class KeysightN776x(ScpiInstrument):
    """State and commands of one attenuator."""

    def __init__(
        self,
        clock: Clock,
        unit: N776xUnit | None = None,
        *,
        path: AttenuatedPath | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on."""
        self.unit = unit or N776xUnit()
        self._path = path
        self._trace = trace
        self._channels: dict[int, ChannelState] = {}
        self._zeroed_at_s = clock.monotonic()
        super().__init__(clock, f"Keysight Technologies,{self.unit.product},{self.unit.serial_number},1.20")
        self.reset()

    def commands(self) -> Sequence[Command]:
        """INPut, OUTPut, READ and FETCh; the channel number stands behind the first node."""
        inp, outp = "INPut#[:CHANnel]", "OUTPut#[:CHANnel]"
        attenuation = Number("dB", self._least_db, self._most_db, default=0.0, step=0.001)
        level = _PowerLevel(self.channel)
        return (
            Command(f"{inp}:ATTenuation", attenuation, get=self.attenuation_db, set=self.attenuate),
            self._field(f"{inp}:ATTenuation:SPEed", Number("dB/s", 0.1, 1000, 1000.0), "speed_db_per_s"),
            self._field(f"{inp}:OFFSet", Number("dB", -200, 200, 0.0), "offset_db"),
            self._field(f"{inp}:WAVelength", Number("m", 1260e-9, 1640e-9, 1550e-9), "wavelength_m"),
            Command(f"{outp}[:STATe]", Boolean(), get=self.shutter_open, set=self.set_shutter),
            self._field(f"{outp}:ATIMe", Number("s", 0.002, 1, 0.1), "averaging_s"),
            Command(f"{outp}:POWer", level, get=self.power_set_point, set=self.set_power),
            self._field(f"{outp}:POWer:UNit", Choice("DBM", "WATT", numbered=True), "power_unit"),
            Command(f"{outp}:POWer:CONTRol", Boolean(), get=self.power_control, set=self.set_power_control),
            self._field(f"{outp}:POWer:OFFSet", Number("dB", -60, 60, 0.0), "power_offset_db"),
            Command("READ#[:CHANnel][:POWer]", level, get=self.output_power),
            Command("FETCh#[:CHANnel][:POWer]", level, get=self.output_power),
            Command(f"{outp}:CORRection:COLLection:ZERO[:ALL]", set=self.zero),
        )

    def reset(self) -> None:
        """No attenuation, shutters closed, power control off."""
        now = self.now()
        for number in CHANNELS[self.unit.product]:
            self._channels[number] = ChannelState.after_reset(now)
            self._channels[number].speed_db_per_s = self.unit.speed_db_per_s
        self._zeroed_at_s = now
        self._show_shutter()
        self._trace("attenuation_db", 0.0)
        self.update_link()

    def channel(self, number: int) -> ChannelState:
        """State of a channel.

        Raises:
            ScpiError: -114 for a number without attenuator.
        """
        state = self._channels.get(number)
        if state is None:
            raise ScpiError(-114)
        return state

    def attenuation_db(self, number: int) -> float:
        """Attenuation shown: where the filter is now, plus the offset."""
        state = self.channel(number)
        self._regulate()
        return state.filter_db.at(self.now()) + state.offset_db

    def attenuate(self, number: int, attenuation_db: float) -> None:
        """Begin to move the filter to a shown attenuation."""
        state = self.channel(number)
        state.power_control = False
        state.attenuate(attenuation_db - state.offset_db, self.now())
        self._trace("attenuation_db", sum(self._channels[n].filter_db.target for n in self.unit.cascade))
        self.update_link()

    def shutter_open(self, number: int) -> bool:
        """Whether a channel lets light through."""
        return self.channel(number).shutter_open

    def set_shutter(self, number: int, is_open: bool) -> None:
        """Move the shutter of a channel."""
        self.channel(number).shutter_open = is_open
        self._show_shutter()

    def power_control(self, number: int) -> bool:
        """Whether a channel holds its output power."""
        return self.channel(number).power_control

    def set_power_control(self, number: int, enabled: bool) -> None:
        """Begin or end to hold the output power."""
        self.channel(number).power_control = enabled
        self.update_link()

    def power_set_point(self, number: int) -> float:
        """Output power to hold, in the selected unit."""
        state = self.channel(number)
        return state.shown(state.power_dbm)

    def set_power(self, number: int, power_dbm: float) -> None:
        """Choose the output power to hold."""
        self.channel(number).power_dbm = power_dbm
        self.update_link()

    def output_power(self, number: int) -> float:
        """Power behind a channel's shutter with the power offset, in the selected unit."""
        state = self.channel(number)
        self._regulate()
        output_dbm = dbm(state.output_w(self._input_w(number), self.now()))
        return state.shown(max(output_dbm + state.power_offset_db, _METER_FLOOR_DBM))

    def zero(self, number: int) -> None:
        """Zero the power meters, which takes a while."""
        self.channel(number)
        self._zeroed_at_s = self.now() + _ZEROING_S

    def update_link(self) -> None:
        """Show the link where the filters are."""
        self._regulate()
        if self._path is not None:
            now = self._clock.monotonic()
            self._path.set_attenuation_db(sum(self._channels[n].filter_db.at(now) for n in self.unit.cascade))

    def pending_s(self) -> float:
        """Until every filter has arrived and zeroing is done."""
        ends = [state.filter_db.end_s for state in self._channels.values()]
        return max(max(*ends, self._zeroed_at_s) - self.now(), 0.0)

    def operation_condition(self) -> int:
        """Calibrating while zeroing, settling while a filter moves."""
        now = self.now()
        settling = any(state.filter_db.end_s > now for state in self._channels.values())
        return (_SETTLING if settling else 0) | (_CALIBRATING if self._zeroed_at_s > now else 0)

    def questionable_condition(self) -> int:
        """Power, while a power control cannot reach its set point."""
        return 0 if self._regulate() else _POWER

    def _least_db(self, number: int) -> float:
        return self.channel(number).offset_db

    def _most_db(self, number: int) -> float:
        return self.channel(number).offset_db + MAX_ATTENUATION_DB

    def _input_w(self, number: int) -> float:
        """Power arriving at a channel: nothing at those the light does not pass."""
        if self._path is None or number not in self.unit.cascade:
            return 0.0
        power_w = self._path.input_power_w()
        for before in self.unit.cascade[: self.unit.cascade.index(number)]:
            power_w = self._channels[before].output_w(power_w, self.now())
        return power_w

    def _regulate(self) -> bool:
        """Let the power controls work; whether all of them reach their set points."""
        held = [
            state.regulate(self._input_w(number), self.now())
            for number, state in self._channels.items()
            if state.power_control
        ]
        return all(held)

    def _show_shutter(self) -> None:
        is_open = all(self._channels[number].shutter_open for number in self.unit.cascade)
        self._trace("shutter_open", is_open)
        if self._path is not None:
            self._path.set_shutter_open(is_open)

    def _field(self, header: str, kind: Kind, field: str) -> Command:
        """A setting that only the channel's state knows."""

        def set_field(number: int, value: object) -> None:
            setattr(self.channel(number), field, value)

        return Command(header, kind, get=lambda number: getattr(self.channel(number), field), set=set_field)


class _PowerLevel(Kind):
    """A power: without suffix in the unit that the channel selected, read as dBm; written as it comes."""

    def __init__(self, channel: Callable[[int], ChannelState]) -> None:
        self._channel = channel
        self._write = nr3()

    def parse(self, text: str, suffixes: Sequence[int]) -> float:
        """Read dBm or watts; -222 outside -50..20 dBm."""
        in_dbm = self._channel(suffixes[0]).power_unit == "DBM"
        value = read_number(text, "dBm" if in_dbm else "W")
        power_dbm = value if in_dbm else dbm(value)
        if not -50 <= power_dbm <= 20:
            raise ScpiError(-222)
        return power_dbm

    def write(self, value: float) -> str:
        """Write with an exponent."""
        return self._write(value)


def _build(around: Surroundings) -> KeysightN776x:
    path = None if around.link is None else AttenuatorOnLink(around.link)
    return KeysightN776x(around.clock, around.unit, path=path, trace=around.trace)


MODEL = SimulatorModel(
    name="keysight-n776x",
    title="Keysight N776xA optical attenuator",
    build=_build,
    unit=N776xUnit,
    address_form="TCPIP::{host}::{port}::SOCKET",
)
