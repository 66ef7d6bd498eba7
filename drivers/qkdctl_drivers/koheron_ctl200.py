"""Koheron CTL200 and CTL300 laser diode controllers.

Source: Koheron CTL200 user guide, command-line interface. The unit echoes each command, answers with one value line (to
sets as well) and then shows its prompt `>>`, which carries no line end.
"""

from collections.abc import Mapping
from typing import ClassVar

from qkdctl.devices import (
    Attribute,
    DeviceKind,
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
_INTERLOCK = 0x40 | 0x80 | 0x04 | 0x08
_LATCHED_BY_COMMAND = 0x01 | 0x02 | 0x10 | 0x20 | 0x40


class KoheronCtl200(LineDevice):
    """Laser current driver with temperature controller."""

    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    identity_pattern: ClassVar[str] = r"(?i)^\W*(?:Koheron\s+)?CTL[23]00\w*"
    identity_command: ClassVar[str] = "model"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-Koheron_CTL200-if00?baud=115200"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("emission_enabled", False),)
    darkens: ClassVar[bool] = True
    write_terminator: ClassVar[bytes] = b"\r\n"
    baud: ClassVar[int] = 115200
    sets_reply: ClassVar[bool] = True

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
        Attribute("cooler_current_a", float, "A", "cooler current", wire=Line("itec")),
        Attribute("board_temperature_degc", float, "degC", "board temperature", wire=Line("tboard")),
        Attribute("interlock_enabled", bool, "", "interlock input is obeyed", wire=Line("lckon")),
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

    async def command(self, command: str, timeout_s: float | None = None) -> None:
        """Send a set, then read and clear the error flags it raised."""
        async with self.session.held() as wire:
            await self.ask(command, timeout_s, wire)
            flags = self._flags(await self.ask("err", wire=wire))
            if flags:
                await self.ask("errclr", wire=wire)
        if flags & (_LATCHED_BY_COMMAND | _INTERLOCK):
            names = ", ".join(text for bit, text in _FLAGS.items() if flags & bit)
            turning_on = command.startswith("lason 1")
            kind = InterlockError if turning_on and flags & _INTERLOCK else InstrumentError
            raise kind(f"{self.name} refused {command!r}: {names}", command, [(flags, names)])

    async def _identified(self) -> None:
        """Clear flags that others raised, so that none is blamed on our first command."""
        await self.ask("errclr")

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The current limit set on the unit bounds the set-point."""
        return {"current_a": Limits(0.0, float(await self.read("current_limit_a")))}

    def _flags(self, reply: str) -> int:
        try:
            return int(reply, 16)
        except ValueError:
            self.session.mark_dirty()
            raise ProtocolError(
                f"{self.name}: {reply[:80]!r} in answer to err; expected a hexadecimal number"
            ) from None
