"""A JDSU HA9 attenuator as delivered, and its settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hil_sim.scpi.values import Boolean, Choice, Kind

RANGE_DB = {"HA9": 100.0, "HA9W": 60.0}
SPEED_DB_PER_S = 50.0


class BlockablePath(Protocol):
    """The light path that the attenuator sits in."""

    def set_attenuation_db(self, attenuation_db: float) -> None:
        """Attenuate."""

    def set_shutter_open(self, is_open: bool) -> None:
        """Move the beam block out of the beam or into it."""


@dataclass(frozen=True, slots=True)
class Ha9Unit:
    """One unit as delivered: product is HA9 (100 dB) or HA9W (wide, 60 dB)."""

    product: str = "HA9"
    serial_number: str = "SIM00001"

    def __post_init__(self) -> None:
        if self.product not in RANGE_DB:
            raise ValueError(f"product must be one of {', '.join(RANGE_DB)}, got '{self.product}'")


@dataclass(frozen=True, slots=True)
class Ha9Settings:
    """Settings as they are after `*RST`; `*SAV` stores them.

    Attributes:
        actual_db: attenuation of the prism.
        offset_db: added to the attenuation that is shown.
        wavelength_m: wavelength of calibration.
        lambda_calibration: LCM state.
        blocked: the beam block is in the beam.
        block_at_power_on: `DIS` puts the block into the beam at power-on, `LAST` leaves it as it was.
        power_base_db: attenuation plus through power, which stays constant in the absolute power mode; none outside it.
    """

    actual_db: float = 0.0
    offset_db: float = 0.0
    wavelength_m: float = 1310e-9
    lambda_calibration: bool = False
    blocked: bool = True
    block_at_power_on: str = "LAST"
    power_base_db: float | None = None


class AtPowerOn(Kind):
    """Beam block at power-on: `DIS`, `OFF` or 0 against `LAST`, `ON` or 1; replies 0 or 1."""

    def parse(self, text: str, suffixes: Sequence[int]) -> str:
        """Read `DIS` or `LAST`."""
        if text[:1].isalpha() and text.upper() not in {"ON", "OFF"}:
            word: str = _POWER_ON.parse(text, suffixes)
            return word
        return "LAST" if Boolean().parse(text, suffixes) else "DIS"

    def write(self, value: str) -> str:
        """Write 0 or 1."""
        return "1" if value == "LAST" else "0"


_POWER_ON = Choice("DISable", "LAST")
