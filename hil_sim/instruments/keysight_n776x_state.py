"""State of a Keysight N776x attenuator: the unit, and filter, shutter and power control of each channel."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from hil_sim.instruments.ramp import Ramp
from hil_sim.scpi.units import dbm, watts

MAX_ATTENUATION_DB = 45.0

PowerUnit = Literal["DBM", "WATT"]


# Numbers of the slots in which each type has its attenuators.
CHANNELS = {
    "N7761A": (1,),
    "N7762A": (1, 3),
    "N7764A": (1, 3, 5, 7),
    "N7766A": (1, 3),
    "N7768A": (1, 3, 5, 7),
    "N7752A": (1, 3),
}


class AttenuatedPath(Protocol):
    """The light path that the attenuator sits in."""

    def set_attenuation_db(self, attenuation_db: float) -> None:
        """Attenuate."""

    def set_shutter_open(self, is_open: bool) -> None:
        """Open or close the shutter."""

    def input_power_w(self) -> float:
        """Power arriving at the attenuator."""


@dataclass(frozen=True, slots=True)
class N776xUnit:
    """One unit as delivered.

    Attributes:
        product: N7761A, N7762A, N7764A, N7766A, N7768A or N7752A.
        serial_number: shown by `*IDN?`.
        cascade: channels that the light passes one after the other; the first channel alone by default.
        speed_db_per_s: of the filters after reset.
    """

    product: str = "N7762A"
    serial_number: str = "DE00000001"
    cascade: tuple[int, ...] = (1,)
    speed_db_per_s: float = 1000.0

    def __post_init__(self) -> None:
        if self.product not in CHANNELS:
            raise ValueError(f"product must be one of {', '.join(CHANNELS)}, got '{self.product}'")
        if not self.cascade or not set(self.cascade) <= set(CHANNELS[self.product]):
            raise ValueError(f"cascade must name channels of the {self.product}, which are {CHANNELS[self.product]}")
        if not 0.1 <= self.speed_db_per_s <= 1000:
            raise ValueError(f"speed_db_per_s must lie in 0.1..1000 dB/s, got {self.speed_db_per_s:g}")


@dataclass(slots=True)
class ChannelState:
    """Settings of one channel, as they are after `*RST`.

    Attributes:
        filter_db: attenuation of the filter, which moves.
        offset_db: added to the attenuation that is shown.
        speed_db_per_s: speed of the filter.
        wavelength_m: wavelength of calibration.
        shutter_open: whether light passes.
        averaging_s: averaging time of the power meter behind the filter.
        power_dbm: set point of the power control.
        power_unit: unit in which powers are written and read.
        power_control: the instrument holds the output power by moving the filter.
        power_offset_db: added to the power that is shown.
    """

    filter_db: Ramp
    offset_db: float = 0.0
    speed_db_per_s: float = 1000.0
    wavelength_m: float = 1550e-9
    shutter_open: bool = False
    averaging_s: float = 0.1
    power_dbm: float = -10.0
    power_unit: PowerUnit = "DBM"
    power_control: bool = False
    power_offset_db: float = 0.0

    @classmethod
    def after_reset(cls, time_s: float) -> "ChannelState":
        """No attenuation and a closed shutter."""
        return cls(Ramp(0.0, 0.0, time_s, 1000.0))

    def attenuate(self, filter_db: float, time_s: float) -> None:
        """Begin to move the filter."""
        self.filter_db = self.filter_db.towards(filter_db, time_s, self.speed_db_per_s)

    def regulate(self, input_w: float, time_s: float) -> bool:
        """Move the filter so that the output power meets its set point; whether the filter can reach it."""
        if not self.power_control:
            return True
        wanted_db = dbm(input_w) - (self.power_dbm - self.power_offset_db)
        reachable_db = min(max(wanted_db, 0.0), MAX_ATTENUATION_DB) if math.isfinite(wanted_db) else 0.0
        if abs(reachable_db - self.filter_db.target) > 1e-6:
            self.attenuate(reachable_db, time_s)
        return reachable_db == wanted_db

    def output_w(self, input_w: float, time_s: float) -> float:
        """Power behind filter and shutter."""
        return input_w * 10 ** (-self.filter_db.at(time_s) / 10) if self.shutter_open else 0.0

    def shown(self, power_dbm: float) -> float:
        """A power in the selected unit."""
        return power_dbm if self.power_unit == "DBM" else watts(power_dbm)
