"""Single Quantum WebSQ driver electronics for superconducting nanowire detectors.

Source: Single Quantum WebSQ TCP interface. Control (port 12000) carries JSON objects; those of the instrument end with
ETB (0x17), may follow each other in one packet or span two, and each states a label. Counts (port 12345) come as lines
of comma-separated numbers, a time stamp and then one count per detector and measurement period.
"""

import asyncio
import codecs
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
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take bytes, give the complete objects.

        Raises:
            ProtocolError: what arrived is no JSON, or an object without end.
        """
        self._buffer += self._characters.decode(data)
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
        place = parse_address(address)
        if place.scheme != "tcp":
            raise ValueError(f"{name}: {address!r} is no TCP address; expected {self.address_example}")
        self._control = TcpStream(place.host, place.port, self.timeout_s)
        self._counts = TcpStream(place.host, self._options.counts_port, self.timeout_s)
        self._lock = asyncio.Lock()
        self._objects = JsonStream()
        self._labels: dict[str, Any] = {}
        self._lines = b""
        self._newest: list[float] = []
        self._dirty = False

    def _attributes_present(self) -> tuple[Attribute, ...]:
        """Those of the detectors in use."""
        return tuple(a for a in self.attributes if _channel(a.name) in (0, *self._options.channels))

    async def _open(self) -> None:
        await self._control.open()
        await self._counts.open()
        self._objects, self._labels, self._lines, self._newest = JsonStream(), {}, b"", []
        self._dirty = False

    async def close(self) -> None:
        """Close both connections."""
        await self._control.close()
        await self._counts.close()

    async def _identity(self) -> str:
        return f"WebSQ with {await self._ask('NumberOfDetectors')} detectors"

    async def _identified(self) -> None:
        detectors = self._number(self._labels["NumberOfDetectors"], "NumberOfDetectors")
        if max(self._options.channels) > detectors:
            raise ProtocolError(
                f"{self.name} has {detectors:.0f} detectors; options.channels names {self._options.channels}"
            )

    async def _read(self, attribute: Attribute) -> Value:
        name = attribute.name
        async with self._lock:
            if name.startswith("count_rate"):
                return await self._rate(_channel(name))
            if name == "measurement_period_ms":
                return self._number(await self._label("InptMeasurementPeriod"), "InptMeasurementPeriod")
            if name == "detectors_enabled":
                return self._switch(await self._label("DetectorEnable"))
            label = _LABELS[_quantity(name)][1]
            return self._entry(await self._label(label), label, _channel(name))

    async def _write(self, attribute: Attribute, value: Value) -> None:
        name = attribute.name
        async with self._lock:
            if name == "measurement_period_ms":
                await self._set("SetMeasurementPeriod", "InptMeasurementPeriod", value)
            elif name == "detectors_enabled":
                await self._set("DetectorEnable", "DetectorEnable", value)
            else:
                command, label = _LABELS[_quantity(name)]
                values = await self._label(label)
                self._entry(values, label, _channel(name))
                await self._set(command, label, [*values[: _channel(name) - 1], value, *values[_channel(name) :]])

    async def _rate(self, channel: int) -> float:
        """Clicks per second in the newest whole period; of all channels in use when `channel` is 0."""
        self._note(self._control.take_buffered())
        if "InptMeasurementPeriod" not in self._labels:
            await self._label("InptMeasurementPeriod")
        period_s = self._number(self._labels["InptMeasurementPeriod"], "InptMeasurementPeriod") / 1000
        limit_s = self.timeout_s + period_s
        try:
            async with asyncio.timeout(limit_s):
                while not self._take_lines(await self._counts.receive(limit_s)):
                    continue
        except TimeoutError:
            raise ExchangeTimeoutError(f"{self.name}: no counts within {limit_s:g} s") from None
        channels = (channel,) if channel else self._options.channels
        return sum(self._entry(self._newest, "counts", n) for n in channels) / period_s

    def _take_lines(self, data: bytes) -> bool:
        """Keep the counts of the newest complete line; whether there was one."""
        *complete, self._lines = (self._lines + data).split(b"\n")
        lines = [line for line in complete if line.strip()]
        if not lines:
            return False
        try:
            self._newest = [float(field) for field in lines[-1].split(b",")][1:]
        except ValueError:
            raise ProtocolError(f"{self.name}: {lines[-1][:80]!r} on the count port; expected numbers") from None
        return True

    def _number(self, value: Any, label: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ProtocolError(f"{self.name}: {label} is {value!r:.80}; expected a number")
        return float(value)

    def _switch(self, value: Any) -> bool:
        if value not in (True, False):
            raise ProtocolError(f"{self.name}: DetectorEnable is {value!r:.80}; expected true or false")
        return bool(value)

    def _entry(self, values: Any, label: str, channel: int) -> float:
        if not isinstance(values, list) or channel > len(values):
            raise ProtocolError(f"{self.name}: {label} is {values!r:.80}; it has no entry for detector {channel}")
        return self._number(values[channel - 1], label)

    async def _ask(self, label: str) -> Any:
        async with self._lock:
            return await self._label(label)

    async def _label(self, label: str) -> Any:
        """The value of a label; asked for anew each time."""
        await self._exchange({"request": "labelProps", "value": "None"}, label)
        return self._labels[label]

    async def _set(self, command: str, label: str, value: Any) -> None:
        await self._exchange({"command": command, "label": label, "value": value}, label)

    async def _exchange(self, message: Mapping[str, Any], label: str) -> None:
        """Send one object and take what comes until the label is in it; errors are broadcast under their own label."""
        if self._dirty:
            await self._open()
        self._note(self._control.take_buffered())
        self._dirty = True
        await self._control.send(json.dumps(message).encode(), self.timeout_s)
        seen: list[str] = []
        try:
            async with asyncio.timeout(self.timeout_s):
                while label not in seen and not any("Error" in name for name in seen):
                    seen += self._note(await self._control.receive(self.timeout_s))
        except TimeoutError:
            raise ExchangeTimeoutError(f"{self.name}: no {label} within {self.timeout_s:g} s") from None
        self._dirty = False
        if errors := [name for name in seen if "Error" in name]:
            text = str(self._labels.pop(errors[0]))
            raise InstrumentError(f"{self.name} refused {json.dumps(message)}: {text}", str(message), [(-1, text)])

    def _note(self, data: bytes) -> list[str]:
        """Keep the newest value of each label in these bytes; returns the labels in them."""
        seen = []
        for item in self._objects.feed(data):
            value = item.get("value")
            seen.append(str(item.get("label", "")))
            self._labels[seen[-1]] = value.get("value") if isinstance(value, dict) else value
        return seen

    @property
    def _options(self) -> Options:
        assert isinstance(self.options, WebSq.Options)
        return self.options


def _channel(name: str) -> int:
    """Detector number in an attribute name; 0 for the sum."""
    digits = [part for part in name.split("_") if part.isdigit()]
    return int(digits[0]) if digits else 0


def _quantity(name: str) -> str:
    return "_".join(name.split("_")[:2])
