"""OZ Optics DD-100-MC and DA-100 motor-driven attenuators.

Source: OZ Optics DD-100-MC operating manual, RS-232 commands. A reply ends with a line `Done` and an empty line; the
unit must be homed after power-up.
"""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from qkdctl.devices import (
    Attribute,
    DeviceKind,
    DeviceOptions,
    InstrumentError,
    Limits,
    Line,
    LineDevice,
    Poll,
    ProtocolError,
    Value,
)
from qkdctl.devices.session import Framing

_END = re.compile(rb"(?:Done|Error-\d+)[^\r\n]*\r?\n(?:\r?\n)?")
_ERROR = re.compile(r"Error-(\d+)")
_CAUSES = {2: "bad command", 5: "home sensor", 6: "overflow", 7: "motor voltage"}


def _through_done(buffer: bytes) -> int:
    match = _END.search(buffer)
    return match.end() if match else -1


class OzOpticsDd100mc(LineDevice):
    """Attenuator without shutter: its safe state is the highest attenuation, which alone proves no darkness."""

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = r"(?is)(?:S/?N:\s*(?P<serial>\S+).*)?MAX ATTEN:"
    identity_command: ClassVar[str] = "CD"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-FTDI_DD-100-MC-if00?baud=9600"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("attenuation_db", "maximum"),)
    baud: ClassVar[int] = 9600
    sets_reply: ClassVar[bool] = True

    class Options(DeviceOptions):
        """Attributes: line_end: what ends a command; firmware versions differ. home_timeout_s: longest homing."""

        line_end: Literal["cr", "crlf"] = "crlf"
        home_timeout_s: Annotated[float, Field(gt=0, le=120)] = 40.0

    attributes = (
        Attribute(
            "attenuation_db", float, "dB", "attenuation, insertion loss included",
            limits=Limits(0.0, 80.0), writable=True, poll=Poll.FAST, resolution=0.01, tolerance=0.015, settle_s=20.0,
            wire=Line("A?", "A{value:.2f}", pattern=r"(?i)Atten:\s*([-+]?[\d.]+)"),
        ),
        Attribute("position_steps", int, "", "motor position", wire=Line("S?", pattern=r"(?i)Pos:\s*([-+]?\d+)")),
    )  # fmt: skip

    def _framing(self) -> Framing:
        return _through_done

    def _encode(self, command: str) -> bytes:
        assert isinstance(self.options, self.Options)
        return command.encode("ascii") + (b"\r\n" if self.options.line_end == "crlf" else b"\r")

    def _decode(self, command: str, reply: bytes) -> str:
        text = super()._decode(command, reply)
        error = _ERROR.search(text)
        if error is not None:
            # Whether `Done` follows an error is not said: what comes now belongs to nobody.
            self.session.mark_dirty()
            number = int(error[1])
            cause = _CAUSES.get(number, "unknown cause")
            raise InstrumentError(
                f"{self.name} refused {command!r}: Error-{number}, {cause}", command, [(-number, cause)]
            )
        return re.sub(r"\s*Done\s*$", "", text).strip()

    async def is_prepared(self) -> bool:
        """False when the unit does not know where it stands, as after power-up."""
        return re.search(r"(?i)Atten:\s*unknown", await self.ask("A?")) is None

    async def prepare(self) -> None:
        """Drive to the home sensor, up to 30 s; on the way the attenuation falls to the insertion loss."""
        assert isinstance(self.options, self.Options)
        limit_s = self.options.home_timeout_s
        reply = await self.reporting("homing", limit_s, self.ask("H", limit_s))
        if not re.search(r"(?i)Diff\s*=", reply):
            raise ProtocolError(f"{self.name}: {reply[:80]!r} in answer to H; expected Diff=")

    async def _read_device_limits(self) -> dict[str, Limits]:
        """Insertion loss and highest attenuation of this unit."""
        reply = await self.ask("CD")
        loss = re.search(r"(?i)\bIL:\s*([\d.]+)", reply)
        highest = re.search(r"(?i)MAX ATTEN:\s*([\d.]+)", reply)
        if loss is None or highest is None:
            raise ProtocolError(f"{self.name}: {reply[:200]!r} in answer to CD; expected IL: and MAX ATTEN:")
        return {"attenuation_db": Limits(float(loss[1]), float(highest[1]))}

    async def _write(self, attribute: Attribute, value: Value) -> None:
        """The reply comes when the motor has arrived, so it may take as long as the settling time."""
        limit_s = self.settling_time_s(attribute, value)
        await self.reporting("moving", limit_s, self.command(self.set_command(attribute, value), limit_s))
