"""S-Fifteen Instruments USB counter and single-photon detector.

Source: S-Fifteen USB counter and SPD manuals, serial command sets. A count command answers after its integration time.
"""

import re
from typing import Annotated, Any, ClassVar

from pydantic import Field

from qkdctl.devices import (
    Attribute,
    DeviceKind,
    DeviceOptions,
    Limits,
    Line,
    LineDevice,
    Poll,
    ProtocolError,
    Value,
)

_GRACE_S = 1.0


class _Counting(LineDevice):
    """What counter and detector share: framing, integration time, and patience for it."""

    kind: ClassVar[DeviceKind] = DeviceKind.DETECTOR
    identity_command: ClassVar[str] = "*idn?"
    write_terminator: ClassVar[bytes] = b"\r\n"
    read_terminator: ClassVar[bytes] = b"\r\n"
    baud: ClassVar[int] = 115200
    count_command: ClassVar[str] = "counts?"

    class Options(DeviceOptions):
        """Attributes: integration_ms: of one count; set on connect and part of what a rate means."""

        integration_ms: Annotated[int, Field(ge=1, le=60_000)] = 100

    @property
    def _integration_s(self) -> float:
        assert isinstance(self.options, _Counting.Options)
        return self.options.integration_ms / 1000

    async def _identified(self) -> None:
        """Set the integration time the rates are computed with."""
        assert isinstance(self.options, _Counting.Options)
        await self.session.send(self._encode(f"time {self.options.integration_ms}"))

    async def _counts(self) -> list[int]:
        reply = await self.ask(self.count_command, self._integration_s + _GRACE_S + self.timeout_s)
        if not re.fullmatch(r"\d+(?:[\s,]+\d+)*", reply):
            self.session.mark_dirty()
            raise ProtocolError(f"{self.name}: {reply[:80]!r} in answer to {self.count_command}; expected counts")
        return [int(number) for number in re.split(r"[\s,]+", reply)]


class SFifteenSpd(_Counting):
    """Single-photon avalanche detector with its bias and cooler."""

    identity_pattern: ClassVar[str] = r"(?i)single\s*photon\s*detector.*?(?:SN[: ]*(?P<serial>\S+))?$"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-S-Fifteen_SPD-if00"

    attributes = (
        Attribute("count_rate_hz", float, "Hz", "clicks per second", poll=Poll.FAST),
        Attribute(
            "bias_v", float, "V", "bias above or below breakdown, as the controller counts it",
            limits=Limits(0.0, 300.0), writable=True, tolerance=0.2, wire=Line("hvolt?", "hvolt {value:.2f}"),
        ),
        Attribute(
            "threshold_v", float, "V", "discriminator threshold",
            limits=Limits(-5.0, 5.0), writable=True, tolerance=0.01,
            wire=Line("threshvolt?", "threshvolt {value:.3f}"),
        ),
        Attribute("temperature_degc", float, "degC", "diode temperature", wire=Line("temp?")),
        Attribute(
            "temperature_set_point_degc", float, "degC", "temperature to hold",
            limits=Limits(-40.0, 30.0), writable=True, tolerance=0.1, wire=Line("settemp?", "settemp {value:.1f}"),
        ),
    )  # fmt: skip

    async def _read(self, attribute: Attribute) -> Value:
        if attribute.name == "count_rate_hz":
            return sum(await self._counts()) / self._integration_s
        return await super()._read(attribute)


class SFifteenCounter(_Counting):
    """Four-channel counter; the rate of the link is the sum of the channels it uses."""

    identity_pattern: ClassVar[str] = r"(?i)(?:usb\s*)?counter.*?(?:SN[: ]*(?P<serial>\S+))?$"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-S-Fifteen_Counter-if00"
    count_command: ClassVar[str] = "singles;counts?"

    class Options(_Counting.Options):
        """Attributes: channels: inputs in use, 1 to 4."""

        channels: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)] = (1, 2, 3, 4)

    attributes = (
        Attribute("count_rate_hz", float, "Hz", "clicks per second over all channels in use", poll=Poll.FAST),
        *(
            Attribute(f"count_rate_{n}_hz", float, "Hz", f"clicks per second at input {n}", poll=Poll.NEVER)
            for n in (1, 2, 3, 4)
        ),
        Attribute("input_level", str, "", "NIM or TTL", wire=Line("level?")),
    )  # fmt: skip

    def __init__(self, name: str, address: str, **settings: Any) -> None:
        super().__init__(name, address, **settings)
        assert isinstance(self.options, SFifteenCounter.Options)
        self._channels = self.options.channels

    async def _read(self, attribute: Attribute) -> Value:
        match = re.fullmatch(r"count_rate_(?:(\d)_)?hz", attribute.name)
        if match is None:
            return await super()._read(attribute)
        counts = await self._counts()
        channels = (int(match[1]),) if match[1] else self._channels
        if max(channels) > len(counts):
            raise ProtocolError(f"{self.name}: {len(counts)} counts; expected at least {max(channels)}")
        return sum(counts[channel - 1] for channel in channels) / self._integration_s
