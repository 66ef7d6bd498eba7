"""OZ Optics EPC-04 electrically driven polarisation controller, four piezo squeezers.

Source: OZ Optics EPC-04 operating manual, RS-232 command set. Each reply is a content line, where there is content, and
then a line `Done` or `Error!`.
"""

import re
from typing import ClassVar

from qkdctl.devices import Attribute, DeviceKind, InstrumentError, Limits, Line, LineDevice, Poll
from qkdctl.devices.session import Framing

_END = re.compile(rb"(?:Done|Error!?)[^\r\n]*\r?\n(?:\r?\n)?", re.IGNORECASE)


def _through_verdict(buffer: bytes) -> int:
    match = _END.search(buffer)
    return match.end() if match else -1


class OzOpticsEpc04(LineDevice):
    """Polarisation controller with four voltages in direct-current mode."""

    kind: ClassVar[DeviceKind] = DeviceKind.POLARIZATION_CONTROLLER
    identity_pattern: ClassVar[str] = r"(?i)voltage\(mV\):\s*CH1"
    identity_command: ClassVar[str] = "V?"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-OZ_Optics_EPC-04-if00?baud=9600"
    write_terminator: ClassVar[bytes] = b"\r\n"
    baud: ClassVar[int] = 9600
    sets_reply: ClassVar[bool] = True

    attributes = (
        *(
            Attribute(
                f"voltage_{n}_mv", int, "mV", f"voltage of squeezer {n}",
                limits=Limits(-5000, 5000), writable=True, poll=Poll.SLOW, resolution=1.0,
                wire=Line("V?", f"V{n},{{value}}", pattern=rf"CH{n}\s*([-+]?\d+)"),
            )
            for n in (1, 2, 3, 4)
        ),
        *(
            Attribute(
                f"frequency_{n}_hz", int, "Hz", f"scrambling frequency of squeezer {n}",
                limits=Limits(0, 100), writable=True,
                wire=Line("F?", f"F{n},{{value}}", pattern=rf"CH{n}\s*([-+]?\d+)"),
            )
            for n in (1, 2, 3, 4)
        ),
        Attribute(
            "scrambling", bool, "", "alternating-current mode: the polarisation is scrambled instead of held",
            writable=True, wire=Line("M?", "M{value}", pattern=r"\b(AC|DC)\b", words={True: "AC", False: "DC"}),
        ),
    )  # fmt: skip

    def _framing(self) -> Framing:
        return _through_verdict

    def _decode(self, command: str, reply: bytes) -> str:
        text = super()._decode(command, reply)
        content, _, verdict = text.rpartition("\n")
        if verdict.strip().lower().startswith("error"):
            raise InstrumentError(f"{self.name} answers {verdict.strip()!r} to {command!r}", command)
        return content.strip()
