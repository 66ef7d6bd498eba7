"""S-Fifteen Instruments USB counter (TDC1) and single-photon detector.

Source: S-Fifteen USB counter and SPD manuals, serial command sets. Sets give no reply, a count answers after its
integration time, and what the instrument does not understand it does not answer.
"""

import re
from typing import Annotated, ClassVar

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
_TIME = Attribute("integration_time_ms", int, "ms", "time of one count", wire=Line("time?", "time {value}"))


class _Counting(LineDevice):
    """What counter and detector share: framing, integration time, and patience for it."""

    kind: ClassVar[DeviceKind] = DeviceKind.DETECTOR
    identity_command: ClassVar[str] = "*idn?"
    write_terminator: ClassVar[bytes] = b"\r\n"
    read_terminator: ClassVar[bytes] = b"\r\n"
    baud: ClassVar[int] = 115200

    class Options(DeviceOptions):
        """Attributes: integration_ms: of one count; set on connect."""

        integration_ms: Annotated[int, Field(ge=1, le=60_000)] = 100

    _integration_s = 0.0

    async def _set_up(self) -> None:
        assert isinstance(self.options, _Counting.Options)
        await self._write(_TIME, self.options.integration_ms)

    async def _identified(self) -> None:
        """Rates rest on the integration time that the instrument has, whoever set it."""
        await self.read(_TIME.name)

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        if attribute.name == _TIME.name:
            self._integration_s = int(value) / 1000
        return value

    async def _counts(self, command: str) -> list[int]:
        reply = await self.ask(command, self._integration_s + _GRACE_S + self.timeout_s)
        if not re.fullmatch(r"\d+(?:[\s,]+\d+)*", reply) or not self._integration_s:
            self.session.mark_dirty()
            raise ProtocolError(f"{self.name}: {reply[:80]!r} in answer to {command}; expected counts")
        return [int(number) for number in re.split(r"[\s,]+", reply)]


class SFifteenSpd(_Counting):
    """Single-photon avalanche detector with its bias and cooler."""

    identity_pattern: ClassVar[str] = r"(?i)\b(?:SPD|single\s*photon\s*detector)\b.*?(?:SN[: ]*(?P<serial>\S+))?$"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-S-Fifteen_SPD-if00"

    attributes = (
        Attribute("count_rate_hz", float, "Hz", "clicks per second", poll=Poll.FAST),
        _TIME,
        Attribute(
            "bias_v", float, "V", "bias of the avalanche diode",
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
        Attribute(
            "temperature_control_enabled", bool, "", "thermo-electric cooler follows the set-point",
            writable=True, wire=Line("loop?", "loop {value}"),
        ),
    )  # fmt: skip

    async def _read(self, attribute: Attribute) -> Value:
        if attribute.name == "count_rate_hz":
            return sum(await self._counts("counts?")) / self._integration_s
        return await super()._read(attribute)


class SFifteenCounter(_Counting):
    """Four-channel counter; the rate of the link is the sum of the channels it uses."""

    identity_pattern: ClassVar[str] = r"(?i)\b(?:TDC1|counter)\b.*?(?:SN[: ]*(?P<serial>\S+))?$"
    address_example: ClassVar[str] = "serial:///dev/serial/by-id/usb-S-Fifteen_TDC1-if00"

    class Options(_Counting.Options):
        """Attributes: channels: inputs in use, 1 to 4."""

        channels: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)] = (1, 2, 3, 4)

    attributes = (
        Attribute("count_rate_hz", float, "Hz", "clicks per second over all channels in use", poll=Poll.FAST),
        *(
            Attribute(f"count_rate_{n}_hz", float, "Hz", f"clicks per second at input {n}", poll=Poll.NEVER)
            for n in (1, 2, 3, 4)
        ),
        _TIME,
        Attribute("input_level", str, "", "trigger level, NIM or TTL", wire=Line("level?")),
    )  # fmt: skip

    async def _read(self, attribute: Attribute) -> Value:
        match = re.fullmatch(r"count_rate_(?:(\d)_)?hz", attribute.name)
        if match is None:
            return await super()._read(attribute)
        # Where nothing may be written, the mode stays as others have chosen it.
        counts = await self._counts("singles;counts?" if self.may_write else "counts?")
        assert isinstance(self.options, self.Options)
        channels = (int(match[1]),) if match[1] else self.options.channels
        if max(channels) > len(counts):
            raise ProtocolError(f"{self.name}: {len(counts)} counts; expected at least {max(channels)}")
        return sum(counts[channel - 1] for channel in channels) / self._integration_s
