"""Koheron CTL200 and CTL300 laser diode controllers.

Source: Koheron CTL200 user guide, command-line interface. The unit echoes each command, answers with one value line (to
sets as well) and then shows its prompt `>>`, which carries no line end. NUL bytes may appear. What went wrong stands in
the flags of `err` until `errclr`.
"""

from collections.abc import Mapping
from typing import ClassVar

from qkdctl.devices import (
    Attribute,
    DeviceKind,
    DeviceOptions,
    InstrumentError,
    InterlockError,
    Limits,
    Line,
    LineDevice,
    Poll,
    ProtocolError,
    Value,
)
from qkdctl.devices.session import Framing, until

_FLAGS = {
    0x01: "UART overflow",
    0x02: "command before prompt",
    0x04: "under-temperature",
    0x08: "over-temperature",
    0x10: "unknown command",
    0x20: "bad argument",
    0x40: "laser-on while interlocked",
    0x80: "interlock",
}
_REFUSED = 0x01 | 0x02 | 0x10 | 0x20
_TRIPPED = 0x04 | 0x08 | 0x40 | 0x80


class KoheronCtl200(LineDevice):
    """Laser current driver with temperature controller.

    The laser turns on only with the interlock closed and the temperature controller running; each refusal is raised as
    an `InterlockError`. The current limit is for people to set; here it is only read, and bounds the set-point.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    identity_pattern: ClassVar[str] = r"(?i)^(?:Koheron\s+)?CTL[23]00\S* serial (?P<serial>\S+)$"
    marker_pattern: ClassVar[str] = r"(?i)^(?:Koheron\s+)?CTL[23]00"
    identity_command: ClassVar[str] = "model"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-Koheron_CTL200-if00?baud=115200"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("emission_enabled", False),)
    darkens: ClassVar[bool] = True
    write_terminator: ClassVar[bytes] = b"\r\n"
    baud: ClassVar[int] = 115200
    sets_reply: ClassVar[bool] = True

    class Options(DeviceOptions):
        """Attributes: temperature_controller: the laser has a cooler, without which it must not emit."""

        temperature_controller: bool = True

    attributes = (
        Attribute(
            "emission_enabled", bool, "", "laser on",
            writable=True, poll=Poll.FAST, wire=Line("lason", "lason {value}"),
        ),
        Attribute(
            "current_a", float, "A", "laser current set-point",
            limits=Limits(0.0, 1.0), writable=True, poll=Poll.FAST, resolution=1e-5, tolerance=2e-5,
            wire=Line("ilaser", "ilaser {value:.2f}", scale=1e3),
        ),
        Attribute("current_limit_a", float, "A", "hardware current limit", wire=Line("ilmax", scale=1e3)),
        Attribute("voltage_v", float, "V", "laser voltage", wire=Line("vlaser")),
        Attribute("photodiode_a", float, "A", "monitor photodiode current", wire=Line("iphd", scale=1e3)),
        Attribute(
            "temperature_control_enabled", bool, "", "thermo-electric cooler on",
            writable=True, wire=Line("tecon", "tecon {value}"),
        ),
        Attribute(
            "thermistor_set_point_ohm", float, "ohm", "thermistor resistance to hold",
            limits=Limits(1000.0, 50000.0), writable=True, tolerance=1.0, wire=Line("rtset", "rtset {value:.1f}"),
        ),
        Attribute("thermistor_ohm", float, "ohm", "thermistor resistance measured", wire=Line("rtact")),
        Attribute("thermistor_minimum_ohm", float, "ohm", "protection trips below", wire=Line("rtmin")),
        Attribute("thermistor_maximum_ohm", float, "ohm", "protection trips above", wire=Line("rtmax")),
        Attribute("temperature_protection", bool, "", "both are obeyed", wire=Line("tprot")),
        Attribute("cooler_current_a", float, "A", "cooler current", wire=Line("itec")),
        Attribute("cooler_voltage_v", float, "V", "cooler voltage", wire=Line("vtec")),
        Attribute("board_temperature_degc", float, "degC", "board temperature", wire=Line("tboard")),
        Attribute("interlock_enabled", bool, "", "interlock input is obeyed", wire=Line("lckon")),
        Attribute("error_flags", int, "", "what went wrong, by bit", wire=Line("err")),
    )  # fmt: skip

    def _framing(self) -> Framing:
        return until(b">>")

    def _decode(self, command: str, reply: bytes) -> str:
        """Strip NUL bytes, prompt and echo; one value line remains."""
        text = reply.replace(b"\0", b"").decode("latin-1").removesuffix(">>")
        lines = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
        if not lines or lines[0] != command:
            self.session.mark_dirty()
            raise ProtocolError(f"{self.name}: reply {text[:80]!r} to {command!r}; expected its echo first")
        return lines[1] if len(lines) > 1 else ""

    async def _identity(self) -> str:
        return f"{await super()._identity()} serial {await self.ask('serial')}"

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The current limit set on the unit bounds the set-point."""
        return {"current_a": Limits(0.0, float(await self.read("current_limit_a")))}

    async def _read(self, attribute: Attribute) -> Value:
        if attribute.name == "error_flags":
            return self._flags(await self.ask(self.line(attribute).query))
        return await super()._read(attribute)

    async def _write(self, attribute: Attribute, value: Value) -> None:
        if attribute.name == "emission_enabled" and value is True:
            assert isinstance(self.options, self.Options)
            if self.options.temperature_controller and not await self.read("temperature_control_enabled"):
                raise InterlockError(
                    f"{self.name}: emission refused: temperature control off. Turn on temperature_control_enabled",
                    "lason 1",
                )
        await super()._write(attribute, value)

    async def command(self, command: str, timeout_s: float | None = None) -> None:
        """Send a set between clearing the error flags and reading those that it raised.

        Trips that happen meanwhile matter to nobody but a laser that is to be turned on.

        Raises:
            InterlockError: the laser was to be turned on.
            InstrumentError: any other refusal.
        """
        async with self.session.held() as wire:
            await self.ask("errclr", wire=wire)
            await self.ask(command, timeout_s, wire)
            flags = self._flags(await self.ask("err", wire=wire))
        turning_on = command == "lason 1"
        causes = flags & (_REFUSED | _TRIPPED if turning_on else _REFUSED)
        if causes:
            names = ", ".join(text for bit, text in _FLAGS.items() if causes & bit)
            kind = InterlockError if turning_on and causes & _TRIPPED else InstrumentError
            raise kind(f"{self.name} refused {command!r}: {names}", command, [(flags, names)])

    def _flags(self, reply: str) -> int:
        try:
            return int(reply, 16)
        except ValueError:
            self.session.mark_dirty()
            raise ProtocolError(
                f"{self.name}: {reply[:80]!r} in answer to err; expected a hexadecimal number"
            ) from None
