"""Small drivers for tests of the core: one that speaks lines, one that lives in memory."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from qkdctl.devices import (
    Attribute,
    Device,
    DeviceKind,
    Limits,
    Poll,
    Scpi,
    ScpiDevice,
    Value,
)

IDENTITY = b"ACME,VOA-1,0042,1.0\n"
#: What every connection begins with: the marker, then the identity.
GREETING = ((b"*IDN?\n", IDENTITY), (b"*IDN?\n", IDENTITY))


class AcmeVoa(ScpiDevice):
    """An attenuator that exists in no catalogue."""

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = r"^ACME,VOA-1,(?P<serial>\w+),"
    address_example: ClassVar[str] = "tcp://192.0.2.1:5025"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("shutter_open", False), ("attenuation_db", "maximum"))
    darkens: ClassVar[bool] = True

    attributes = (
        Attribute(
            "attenuation_db", float, "dB", "attenuation",
            limits=Limits(0.0, 60.0, 20.0), writable=True, poll=Poll.FAST, resolution=0.01, tolerance=0.01,
            settle_s=0.2, wire=Scpi("ATT?", "ATT {value:.2f}"),
        ),
        Attribute(
            "shutter_open", bool, "", "light passes", writable=True, poll=Poll.FAST, settle_s=0.2,
            wire=Scpi("SHUT?", "SHUT {value}"),
        ),
        Attribute(
            "wavelength_nm", float, "nm", "wavelength", limits=Limits(1200.0, 1700.0), writable=True, tolerance=0.01,
            wire=Scpi("WAV?", "WAV {value:.5e}", scale=1e-9),
        ),
        Attribute(
            "averages", int, "", "averages", limits=Limits(1, 100), writable=True, wire=Scpi("AVER?", "AVER {value}")
        ),
        Attribute("mode", str, "", "mode", writable=True, choices=("cw", "pulse"), wire=Scpi("MODE?", "MODE {value}")),
        Attribute("temperature_degc", float, "degC", "temperature", wire=Scpi("TEMP?")),
    )  # fmt: skip


class MemoryLaser(Device):
    """A laser in memory, with every failure on demand.

    Attributes:
        held: what the instrument holds.
        writes: what was written, in order.
        broken: attribute -> what reading it raises.
        refuses: raised by the next connection attempts, in order.
        gate: reading waits for it.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    identity_pattern: ClassVar[str] = r"^LASER (?P<serial>\d+)$"
    address_example: ClassVar[str] = "tcp://192.0.2.1:1"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("emission_enabled", False),)
    darkens: ClassVar[bool] = True

    attributes = (
        Attribute("emission_enabled", bool, "", "laser on", writable=True, poll=Poll.FAST),
        Attribute(
            "current_a", float, "A", "current", limits=Limits(0.0, 0.2), writable=True, poll=Poll.FAST, tolerance=1e-5
        ),
        Attribute("temperature_degc", float, "degC", "temperature"),
        Attribute("voltage_v", float, "V", "voltage"),
        Attribute("power_w", float, "W", "power", poll=Poll.NEVER),
    )

    def __init__(self, name: str = "laser", address: str = "tcp://192.0.2.1:1", **settings: Any) -> None:
        super().__init__(name, address, **settings)
        self.held: dict[str, Value] = {
            "emission_enabled": False,
            "current_a": 0.0,
            "temperature_degc": 25.0,
            "voltage_v": 1.2,
            "power_w": 0.0,
        }
        self.writes: list[tuple[str, Value]] = []
        self.reads: list[str] = []
        self.broken: dict[str, Exception] = {}
        self.refuses: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.set_ups = 0
        self.closed = 0

    async def _open(self) -> None:
        if self.refuses:
            raise self.refuses.pop(0)

    async def _identity(self) -> str:
        return "LASER 7"

    async def _set_up(self) -> None:
        self.set_ups += 1

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        return {"current_a": Limits(0.0, 0.15)}

    async def _read(self, attribute: Attribute) -> Value:
        self.reads.append(attribute.name)
        await self.gate.wait()
        if attribute.name in self.broken:
            raise self.broken[attribute.name]
        return self.held[attribute.name]

    async def _write(self, attribute: Attribute, value: Value) -> None:
        self.writes.append((attribute.name, value))
        self.held[attribute.name] = value

    async def close(self) -> None:
        self.closed += 1
