"""Keysight N7761A, N7762A, N7764A, N7766A and N7768A optical attenuators.

Source: Keysight N77xx series programming guide, chapters INPut, OUTPut and READ.
"""

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from qkdctl.devices import Attribute, DeviceKind, DeviceOptions, Limits, Poll, Scpi, ScpiDevice, Value

_WATT = 1


class KeysightN776x(ScpiDevice):
    """One channel of the attenuator; configure one device per channel, they may share an address.

    The attenuator moves at its speed setting, so a read-back right after a set shows a value in between: the settling
    time is |change| / speed. What it shows is filter plus offset; this driver speaks of the filter alone.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = (
        r"(?i)^(?:keysight|agilent) technologies\s*,\s*N77[56]\dA\s*,\s*(?P<serial>[^,]*),"
    )
    address_example: ClassVar[str] = "TCPIP::192.0.2.10::5025::SOCKET"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("shutter_open", False), ("attenuation_db", "maximum"))
    darkens: ClassVar[bool] = True

    class Options(DeviceOptions):
        """Attributes: channel: as printed at the connector; the two of an N7762A are 1 and 3."""

        channel: Annotated[int, Field(ge=1, le=8)] = 1

    attributes = (
        Attribute(
            "attenuation_db", float, "dB", "attenuation of the filter",
            limits=Limits(0.0, 45.0), writable=True, poll=Poll.FAST, resolution=0.001, tolerance=0.005, settle_s=2.0,
            wire=Scpi("INP{channel}:ATT?", "INP{channel}:ATT {value:.3f}"),
        ),
        Attribute(
            "shutter_open", bool, "", "light passes",
            writable=True, poll=Poll.FAST,
            wire=Scpi("OUTP{channel}:STAT?", "OUTP{channel}:STAT {value}"),
        ),
        Attribute(
            "speed_db_per_s", float, "dB/s", "speed of the filter",
            limits=Limits(0.1, 1000.0), writable=True, tolerance=0.05,
            wire=Scpi("INP{channel}:ATT:SPE?", "INP{channel}:ATT:SPE {value:.4g}"),
        ),
        Attribute(
            "wavelength_nm", float, "nm", "wavelength of calibration",
            limits=Limits(1260.0, 1640.0), writable=True, tolerance=0.001,
            wire=Scpi("INP{channel}:WAV?", "INP{channel}:WAV {value:.9e}", scale=1e-9),
        ),
        Attribute(
            "offset_db", float, "dB", "what the instrument adds to the attenuation it shows; 0 once connected",
            wire=Scpi("INP{channel}:OFFS?", "INP{channel}:OFFS {value:.4f}dB"),
        ),
        Attribute(
            "power_control", bool, "", "the attenuator holds the output power by itself",
            writable=True,
            wire=Scpi("OUTP{channel}:POW:CONTR?", "OUTP{channel}:POW:CONTR {value}"),
        ),
        Attribute("output_power_w", float, "W", "power at the monitor diode", wire=Scpi("READ{channel}:POW?")),
        Attribute(
            "averaging_time_s", float, "s", "averaging of the monitor diode",
            limits=Limits(0.002, 1.0), writable=True, tolerance=0.001,
            wire=Scpi("OUTP{channel}:ATIM?", "OUTP{channel}:ATIM {value:.3f}"),
        ),
    )  # fmt: skip

    _offset_db = 0.0
    _speed_db_per_s = 0.1

    async def _set_up(self) -> None:
        """Take the offset out of the display, which moves nothing."""
        if await self.read("offset_db") != 0.0:
            await super()._write(self.attribute("offset_db"), 0.0)

    async def _identified(self) -> None:
        """Learn the offset, where it had to stay, and the speed, from which settling times follow."""
        self._offset_db = float(await self.read("offset_db"))
        self._speed_db_per_s = float(await self.read("speed_db_per_s"))

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The range of this model and channel."""
        low = float(await self.ask(self._fill("INP{channel}:ATT? MIN")))
        high = float(await self.ask(self._fill("INP{channel}:ATT? MAX")))
        return {"attenuation_db": Limits(low - self._offset_db, high - self._offset_db)}

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        if attribute.name == "offset_db":
            self._offset_db = float(value)
        elif attribute.name == "attenuation_db":
            return float(value) - self._offset_db
        elif attribute.name == "output_power_w" and not await self._shows_watts():
            return math.pow(10.0, float(value) / 10.0 - 3.0)
        return value

    async def _write(self, attribute: Attribute, value: Value) -> None:
        if attribute.name == "attenuation_db":
            value = float(value) + self._offset_db
        elif attribute.name == "speed_db_per_s":
            self._speed_db_per_s = float(value)
        await super()._write(attribute, value)

    async def _shows_watts(self) -> bool:
        return int(await self.ask(self._fill("OUTP{channel}:POW:UN?"))) == _WATT

    def settling_time_s(self, attribute: Attribute, value: Value) -> float:
        """The whole range at the speed set, plus a second; |change| / speed is never longer."""
        if attribute.name != "attenuation_db":
            return super().settling_time_s(attribute, value)
        return attribute.limits.maximum / self._speed_db_per_s + 1.0
