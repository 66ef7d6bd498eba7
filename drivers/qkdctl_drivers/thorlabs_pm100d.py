"""Thorlabs PM100D, PM100USB, PM101, PM16 and PM400 optical power meters.

Source: Thorlabs PM100x series SCPI command reference, chapters MEASure, SENSe and SYSTem. Wavelengths are in nanometres
on the wire, unlike those of most SCPI instruments.
"""

from collections.abc import Mapping
from typing import ClassVar

from qkdctl.devices import Attribute, DeviceKind, Limits, Poll, ProtocolError, Scpi, ScpiDevice


class ThorlabsPm100d(ScpiDevice):
    """Optical power at one sensor; the wavelength range is that of the sensor connected."""

    kind: ClassVar[DeviceKind] = DeviceKind.POWER_METER
    identity_pattern: ClassVar[str] = (
        r"(?i)^thorlabs\s*,\s*(?:PM100\w*|PM101\w*|PM16-\d+|PM400|PM103\w*)\s*,\s*(?P<serial>[^,]*),"
    )
    address_example: ClassVar[str] = "USB0::0x1313::0x8078::P0012345::INSTR"

    attributes = (
        Attribute("power_w", float, "W", "optical power", poll=Poll.FAST, wire=Scpi("MEAS:POW?")),
        Attribute(
            "wavelength_nm", float, "nm", "wavelength the responsivity is taken for",
            limits=Limits(185.0, 25000.0), writable=True, tolerance=0.01,
            wire=Scpi("SENS:CORR:WAV?", "SENS:CORR:WAV {value:.3f}"),
        ),
        Attribute(
            "auto_range", bool, "", "the meter chooses its range",
            writable=True, wire=Scpi("SENS:POW:RANG:AUTO?", "SENS:POW:RANG:AUTO {value}"),
        ),
        Attribute("range_w", float, "W", "highest power of the present range", wire=Scpi("SENS:POW:RANG?")),
        Attribute(
            "averages", int, "", "readings averaged, about 3 ms each",
            limits=Limits(1, 10000), writable=True, wire=Scpi("SENS:AVER?", "SENS:AVER {value}"),
        ),
        Attribute(
            "loss_correction_db", float, "dB", "loss in front of the sensor that the meter corrects for",
            limits=Limits(-60.0, 60.0), writable=True, tolerance=0.001,
            wire=Scpi("SENS:CORR?", "SENS:CORR {value:.3f}"),
        ),
    )  # fmt: skip

    async def _set_up(self) -> None:
        """Have readings in watts: the unit is part of the meaning of `power_w`, not a set-point."""
        if await self._unit() != "W":
            await self.command("SENS:POW:UNIT W")

    async def _identified(self) -> None:
        unit = await self._unit()
        if unit != "W":
            raise ProtocolError(f"{self.name} shows {unit}; expected W. Choose watts at the meter")

    async def _unit(self) -> str:
        return (await self.ask("SENS:POW:UNIT?")).upper()

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The wavelength range of the sensor."""
        low = float(await self.ask("SENS:CORR:WAV? MIN"))
        high = float(await self.ask("SENS:CORR:WAV? MAX"))
        return {"wavelength_nm": Limits(low, high)}
