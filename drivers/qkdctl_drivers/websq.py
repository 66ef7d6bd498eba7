"""Single Quantum WebSQ driver electronics for superconducting nanowire detectors.

Source: Single Quantum WebSQ TCP interface. Control (port 12000) carries JSON objects; those of the instrument end with
ETB (0x17), may follow each other in one packet or span two, and each states a label. Counts (port 12345) come as lines
of comma-separated numbers, a time stamp and then one count per detector and measurement period.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from qkdctl.devices import (
    Attribute,
    Device,
    DeviceKind,
    DeviceOptions,
    ExchangeTimeoutError,
    InstrumentError,
    Limits,
    Poll,
    ProtocolError,
    Value,
)
from qkdctl.devices.address import parse_address
from qkdctl.devices.transports.tcp import TcpStream

_DECODER = json.JSONDecoder()
_BUFFER_LIMIT = 1 << 22
_LABELS = {
    "bias_current": ("SetAllBiasCurrents", "BiasCurrent"),
    "trigger_level": ("SetAllTriggerLevels", "TriggerLevel"),
}


class JsonStream:
    """Cuts a byte stream into JSON objects, wherever packets begin and end."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take bytes, give the complete objects.

        Raises:
            ProtocolError: what arrived is no JSON, or an object without end.
        """
        self._buffer += data.decode("utf-8", errors="replace")
        while text := self._buffer.lstrip("\x17\r\n\t "):
            try:
                value, end = _DECODER.raw_decode(text)
            except ValueError:
                if "\x17" in text or len(text) > _BUFFER_LIMIT:
                    self._buffer = ""
                    raise ProtocolError(f"WebSQ sent {text[:80]!r}; expected a JSON object") from None
                break
            self._buffer = text[end:]
            if isinstance(value, dict):
                yield value
        self._buffer = self._buffer.lstrip("\x17\r\n\t ")


class WebSq(Device):
    """Bias, triggers and count rates of all detectors of one unit; rates are per second."""

    kind: ClassVar[DeviceKind] = DeviceKind.DETECTOR
    identity_pattern: ClassVar[str] = r"^WebSQ with \d+ detectors$"
    address_example: ClassVar[str] = "tcp://192.0.2.40:12000"

    class Options(DeviceOptions):
        """Attributes: channels: detectors in use, counted from 1. counts_port: of the count stream."""

        channels: Annotated[tuple[Annotated[int, Field(ge=1, le=24)], ...], Field(min_length=1)] = (1, 2)
        counts_port: Annotated[int, Field(ge=1, le=65535)] = 12345

    attributes = (
        Attribute("count_rate_hz", float, "Hz", "clicks per second over the channels in use", poll=Poll.FAST),
        Attribute("detectors_enabled", bool, "", "bias applied to all detectors", writable=True),
        Attribute(
            "measurement_period_ms", float, "ms", "time of one count",
            limits=Limits(1.0, 60000.0), writable=True, tolerance=0.5,
        ),
        *(
            Attribute(f"count_rate_{n}_hz", float, "Hz", f"clicks per second of detector {n}", poll=Poll.NEVER)
            for n in range(1, 25)
        ),
        *(
            Attribute(
                f"bias_current_{n}_ua", float, "uA", f"bias current of detector {n}",
                limits=Limits(0.0, 100.0), writable=True, poll=Poll.NEVER, tolerance=0.05,
            )
            for n in range(1, 25)
        ),
        *(
            Attribute(
                f"trigger_level_{n}_mv", float, "mV", f"trigger level of detector {n}",
                limits=Limits(-2000.0, 2000.0), writable=True, poll=Poll.NEVER, tolerance=0.5,
            )
            for n in range(1, 25)
        ),
    )  # fmt: skip

    def __init__(self, name: str, address: str, **settings: Any) -> None:
        super().__init__(name, address, **settings)
        assert isinstance(self.options, WebSq.Options)
        place = parse_address(address)
        self._control = TcpStream(place.host, place.port, self.timeout_s)
        self._counts = TcpStream(place.host, self.options.counts_port, self.timeout_s)
        self._objects = JsonStream()
        self._lines = b""
        self._newest: list[float] = []
        self._labels: dict[str, Any] = {}
        self._lock = asyncio.Lock()
        self._dirty = False

    async def _open(self) -> None:
        await self._control.open()
        await self._counts.open()
        self._objects, self._lines, self._newest, self._labels = JsonStream(), b"", [], {}
        self._dirty = False

    async def close(self) -> None:
        """Close both connections."""
        await self._control.close()
        await self._counts.close()

    async def _identity(self) -> str:
        return f"WebSQ with {int(await self._label('NumberOfDetectors'))} detectors"

    async def _identified(self) -> None:
        assert isinstance(self.options, WebSq.Options)
        detectors = int(await self._label("NumberOfDetectors"))
        if max(self.options.channels) > detectors:
            raise ProtocolError(
                f"{self.name} has {detectors} detectors; options.channels names {self.options.channels}"
            )

    async def _read(self, attribute: Attribute) -> Value:
        name = attribute.name
        if name == "measurement_period_ms":
            return float(await self._label("InptMeasurementPeriod"))
        if name == "detectors_enabled":
            return bool(await self._label("DetectorEnable"))
        if name.startswith("count_rate"):
            return await self._rate(_channel(name))
        quantity, channel = _quantity(name), _channel(name)
        values = await self._label(_LABELS[quantity][1])
        return float(self._entry(values, channel))

    async def _write(self, attribute: Attribute, value: Value) -> None:
        name = attribute.name
        if name == "measurement_period_ms":
            await self._set("SetMeasurementPeriod", "InptMeasurementPeriod", value)
        elif name == "detectors_enabled":
            await self._set("DetectorEnable", "DetectorEnable", value)
        else:
            command, label = _LABELS[_quantity(name)]
            values = [float(entry) for entry in await self._label(label)]
            self._entry(values, _channel(name))
            values[_channel(name) - 1] = float(value)
            await self._set(command, label, values)

    async def _rate(self, channel: int) -> float:
        """Clicks per second in the newest period; all channels in use when `channel` is 0."""
        assert isinstance(self.options, WebSq.Options)
        if "InptMeasurementPeriod" not in self._labels:
            await self._label("InptMeasurementPeriod")
        async with self._lock:
            self._note(self._control.take_buffered())
        period_s = float(self._labels["InptMeasurementPeriod"]) / 1000
        self._lines += await self._counts.receive(self.timeout_s + period_s)
        *complete, self._lines = self._lines.split(b"\n")
        for line in filter(bytes.strip, complete):
            try:
                self._newest = [float(field) for field in line.split(b",")][1:]
            except ValueError:
                raise ProtocolError(f"{self.name}: {line[:80]!r} on the count port; expected numbers") from None
        if not self._newest:
            raise ProtocolError(f"{self.name}: no complete line on the count port yet")
        channels = (channel,) if channel else self.options.channels
        return sum(self._entry(self._newest, n) for n in channels) / period_s

    def _entry(self, values: Any, channel: int) -> float:
        if not isinstance(values, list) or not 1 <= channel <= len(values):
            raise ProtocolError(f"{self.name}: {values!r:.80} has no entry for detector {channel}")
        return float(values[channel - 1])

    async def _label(self, label: str) -> Any:
        """The value of a label; asked for anew each time."""
        async with self._lock:
            await self._exchange({"request": "labelProps", "value": "None"}, label)
            return self._labels[label]

    async def _set(self, command: str, label: str, value: Any) -> None:
        async with self._lock:
            await self._exchange({"command": command, "label": label, "value": value}, label)

    async def _exchange(self, message: Mapping[str, Any], label: str) -> None:
        """Send one object and take what comes until the label is in it; errors are broadcast under their own label."""
        if self._dirty:
            await self._open()
        self._note(self._control.take_buffered())
        self._dirty = True
        await self._control.send(json.dumps(message).encode(), self.timeout_s)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.timeout_s
        while True:
            remaining = deadline - loop.time()
            if remaining <= 0:
                raise ExchangeTimeoutError(f"{self.name}: no {label} within {self.timeout_s:g} s")
            seen = self._note(await self._control.receive(remaining))
            if errors := [name for name in seen if "Error" in name]:
                self._dirty = False
                text = str(self._labels.pop(errors[0]))
                raise InstrumentError(f"{self.name} refused {json.dumps(message)}: {text}", str(message), [(-1, text)])
            if label in seen:
                self._dirty = False
                return

    def _note(self, data: bytes) -> list[str]:
        """Keep the newest value of each label in these bytes; returns the labels in them."""
        seen = []
        for item in self._objects.feed(data):
            value = item.get("value")
            seen.append(str(item.get("label", "")))
            self._labels[seen[-1]] = value.get("value") if isinstance(value, dict) else value
        return seen


def _channel(name: str) -> int:
    """Detector number in an attribute name; 0 for the sum."""
    digits = [part for part in name.split("_") if part.isdigit()]
    return int(digits[0]) if digits else 0


def _quantity(name: str) -> str:
    return "_".join(name.split("_")[:2])
