"""Keysight N7761A, N7762A, N7764A, N7766A and N7768A optical attenuators.

Source: Keysight N77xx series programming guide, chapters INPut, OUTPut and READ.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from qkdctl.devices import Attribute, DeviceKind, DeviceOptions, Limits, Poll, Scpi, ScpiDevice, Value


class KeysightN776x(ScpiDevice):
    """One channel of the attenuator; configure one device per channel, they may share an address.

    The attenuator moves at its speed setting, so a read-back right after a set shows a value in between: the settling
    time is |change| / speed.
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
            "attenuation_db", float, "dB", "attenuation without offset",
            limits=Limits(0.0, 45.0), writable=True, poll=Poll.FAST, resolution=0.001, tolerance=0.005, settle_s=2.0,
            wire=Scpi("INP{channel}:ATT?", "INP{channel}:ATT {value:.4f}"),
        ),
        Attribute(
            "shutter_open", bool, "", "light passes",
            writable=True, poll=Poll.FAST,
            wire=Scpi("OUTP{channel}:STAT?", "OUTP{channel}:STAT {value}"),
        ),
        Attribute(
            "speed_db_per_s", float, "dB/s", "speed of the attenuator",
            limits=Limits(0.1, 1000.0), writable=True, tolerance=0.05,
            wire=Scpi("INP{channel}:ATT:SPE?", "INP{channel}:ATT:SPE {value:.4g}"),
        ),
        Attribute(
            "wavelength_nm", float, "nm", "wavelength of calibration",
            limits=Limits(1260.0, 1640.0), writable=True, tolerance=0.001,
            wire=Scpi("INP{channel}:WAV?", "INP{channel}:WAV {value:.9e}", scale=1e-9),
        ),
        Attribute(
            "offset_db", float, "dB", "offset added to the displayed attenuation",
            limits=Limits(-200.0, 200.0), writable=True, tolerance=0.005,
            wire=Scpi("INP{channel}:OFFS?", "INP{channel}:OFFS {value:.4f}dB"),
        ),
        Attribute(
            "power_control", bool, "", "the attenuator holds the output power by itself",
            writable=True,
            wire=Scpi("OUTP{channel}:POW:CONTR?", "OUTP{channel}:POW:CONTR {value}"),
        ),
        Attribute("output_power_w", float, "W", "power at the monitor diode", wire=Scpi("READ{channel}:POW?")),
    )  # fmt: skip

    async def _identified(self) -> None:
        """Remember the speed: settling times follow from it."""
        await super()._identified()
        self._speed_db_per_s = float(await self.read("speed_db_per_s"))

    async def _write(self, attribute: Attribute, value: Value) -> None:
        await super()._write(attribute, value)
        if attribute.name == "speed_db_per_s":
            self._speed_db_per_s = float(value)

    def settling_time_s(self, attribute: Attribute, value: Value) -> float:
        """The whole range at the speed set, plus a second; |change| / speed is never longer."""
        if attribute.name != "attenuation_db":
            return super().settling_time_s(attribute, value)
        return attribute.limits.maximum / self._speed_db_per_s + 1.0

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The range of this model and channel."""
        low = float(await self.ask(self._fill("INP{channel}:ATT? MIN")))
        high = float(await self.ask(self._fill("INP{channel}:ATT? MAX")))
        return {"attenuation_db": Limits(low, high)}
