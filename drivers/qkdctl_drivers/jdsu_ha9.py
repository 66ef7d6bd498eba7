"""JDSU (Viavi) HA9 programmable attenuators, in their native and their SCPI dialect.

Source: JDSU HA9 series user's manual, chapters on the native and the HP 8156A compatible command sets. After a reset
the unit is dark at 0 dB. The beam block has opposite senses: native `D 1` and SCPI `OUTP:STAT 0` both mean blocked.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from qkdctl.devices import Attribute, DeviceKind, DeviceOptions, Limits, Poll, Scpi, ScpiDevice, Value

_NATIVE: Mapping[str, Scpi] = {
    "attenuation_db": Scpi("ATT?", "ATT {value:.2f} dB"),
    "wavelength_nm": Scpi("WVL?", "WVL {value:.1f} nm"),
    "shutter_open": Scpi("D?", "D {value}", words={True: "0", False: "1"}),
}
_SCPI: Mapping[str, Scpi] = {
    "attenuation_db": Scpi(":INP:ATT?", ":INP:ATT {value:.2f} dB"),
    "wavelength_nm": Scpi(":INP:WAV?", ":INP:WAV {value:.1f} nm"),
    "shutter_open": Scpi(":OUTP:STAT?", ":OUTP:STAT {value}"),
}
_SETTLING = 0x2


class JdsuHa9(ScpiDevice):
    """Attenuator with beam block. In the SCPI dialect a read-back counts only once the settling bit is clear."""

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = r"(?i)^(?:JDS\w*|VIAVI)[^,]*,\s*HA9\w*\s*,\s*(?P<serial>[^,]*),"
    error_query: ClassVar[str] = ":SYST:ERR?"
    address_example: ClassVar[str] = "GPIB0::5::INSTR"
    baud: ClassVar[int] = 1200
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("shutter_open", False), ("attenuation_db", "maximum"))
    darkens: ClassVar[bool] = True

    class Options(DeviceOptions):
        """Attributes: dialect: which command set the unit is switched to. wide: the 100 dB model, else 60 dB."""

        dialect: Literal["native", "scpi"] = "scpi"
        wide: bool = False

    attributes = (
        Attribute(
            "attenuation_db", float, "dB", "attenuation", limits=Limits(0.0, 100.0), writable=True, poll=Poll.FAST,
            resolution=0.01, tolerance=0.015, settle_s=5.0,
        ),
        Attribute("shutter_open", bool, "", "the beam is not blocked", writable=True, poll=Poll.FAST),
        Attribute(
            "wavelength_nm", float, "nm", "wavelength of calibration",
            limits=Limits(1200.0, 1700.0), writable=True, tolerance=0.1,
        ),
    )  # fmt: skip

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The range of the model."""
        assert isinstance(self.options, self.Options)
        return {"attenuation_db": Limits(0.0, 100.0 if self.options.wide else 60.0)}

    async def _read(self, attribute: Attribute) -> Value:
        line = self._line(attribute)
        value = self.parse(attribute, line, await self.ask(line.query))
        if attribute.name == "wavelength_nm":
            return float(value) * 1e9
        return value

    async def _write(self, attribute: Attribute, value: Value) -> None:
        line = self._line(attribute)
        await self.command(line.set.format(value=self.wire_value(line, value)))

    async def _settled(self, attribute: Attribute) -> bool:
        """Bit 1 of the operation condition register; the native dialect has no such register."""
        assert isinstance(self.options, self.Options)
        if attribute.name != "attenuation_db" or self.options.dialect == "native":
            return True
        return not int(await self.ask(":STAT:OPER:COND?")) & _SETTLING

    def _line(self, attribute: Attribute) -> Scpi:
        assert isinstance(self.options, self.Options)
        return (_NATIVE if self.options.dialect == "native" else _SCPI)[attribute.name]
