"""JDSU (Viavi) HA9 programmable attenuators, in their native and their SCPI dialect.

Source: JDSU HA9 series user's manual, chapters on the native and the HP 8156A compatible command sets. After a reset
the unit is dark at 0 dB. The beam block has opposite senses: native `D 1` and SCPI `OUTP:STAT 0` both mean blocked.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from qkdctl.devices import Attribute, DeviceKind, DeviceOptions, Limits, Poll, Scpi, ScpiDevice, Value

_NATIVE: Mapping[str, Scpi] = {
    "attenuation_db": Scpi("ATT?", "ATT {value:.2f} dB"),
    "shutter_open": Scpi("D?", "D {value}", words={True: "0", False: "1"}),
    "wavelength_nm": Scpi("WVL?", "WVL {value:.1f} nm", reply_scale=1e-9),
}
_SCPI: Mapping[str, Scpi] = {
    "attenuation_db": Scpi(":INP:ATT?", ":INP:ATT {value:.2f} dB"),
    "shutter_open": Scpi(":OUTP:STAT?", ":OUTP:STAT {value}"),
    "wavelength_nm": Scpi(":INP:WAV?", ":INP:WAV {value:.1f} nm", reply_scale=1e-9),
    "offset_db": Scpi(":INP:OFFS?", ":INP:OFFS {value:.2f} dB"),
    "condition_bits": Scpi(":STAT:OPER:COND?"),
}
_SETTLING = 0x2


class JdsuHa9(ScpiDevice):
    """Attenuator with beam block. In the SCPI dialect a read-back counts only once the settling bit is clear.

    The native dialect has no command for the display offset: leave it at 0 dB there.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = r"(?i)^(?:JDS\w*|VIAVI)[^,]*,\s*HA9\w*\s*,\s*(?P<serial>[^,]*),"
    error_query: ClassVar[str] = ":SYST:ERR?"
    address_example: ClassVar[str] = "GPIB0::5::INSTR"
    baud: ClassVar[int] = 1200
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("shutter_open", False), ("attenuation_db", "maximum"))
    darkens: ClassVar[bool] = True

    class Options(DeviceOptions):
        """Attributes.

        dialect: which command set the unit is switched to. wide: the wide-range model, which ends at 60 dB instead of
        100 dB; needed in the native dialect only, since the SCPI dialect tells.
        """

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
        Attribute("offset_db", float, "dB", "what the unit adds to the attenuation it shows; 0 once connected"),
        Attribute("condition_bits", int, "", "operation condition register; bit 1 while the attenuator moves"),
    )  # fmt: skip

    _offset_db = 0.0

    def _attributes_present(self) -> tuple[Attribute, ...]:
        """Those that the dialect has commands for."""
        return tuple(attribute for attribute in self.attributes if attribute.name in self._lines)

    @property
    def _lines(self) -> Mapping[str, Scpi]:
        assert isinstance(self.options, self.Options)
        return _NATIVE if self.options.dialect == "native" else _SCPI

    def line(self, attribute: Attribute) -> Scpi:
        """The commands of the dialect."""
        return self._lines[attribute.name]

    async def _set_up(self) -> None:
        """Take the offset out of the display, which moves nothing."""
        if "offset_db" in self._lines and await self.read("offset_db") != 0.0:
            await super()._write(self.attribute("offset_db"), 0.0)

    async def _identified(self) -> None:
        """Learn the offset, where it had to stay."""
        if "offset_db" in self._lines:
            self._offset_db = float(await self.read("offset_db"))

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The range of the model."""
        assert isinstance(self.options, self.Options)
        if self.options.dialect == "native":
            return {"attenuation_db": Limits(0.0, 60.0 if self.options.wide else 100.0)}
        low, high = [float(await self.ask(f":INP:ATT? {end}")) for end in ("MIN", "MAX")]
        return {"attenuation_db": Limits(low - self._offset_db, high - self._offset_db)}

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        if attribute.name == "offset_db":
            self._offset_db = float(value)
        return float(value) - self._offset_db if attribute.name == "attenuation_db" else value

    async def _write(self, attribute: Attribute, value: Value) -> None:
        shift_db = self._offset_db if attribute.name == "attenuation_db" else 0.0
        await super()._write(attribute, float(value) + shift_db if shift_db else value)

    async def _settled(self, attribute: Attribute) -> bool:
        """The native dialect has no register that tells; there the read-back must do."""
        if attribute.name != "attenuation_db" or "condition_bits" not in self._lines:
            return True
        return not int(await self.read("condition_bits")) & _SETTLING
