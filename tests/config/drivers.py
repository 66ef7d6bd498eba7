"""A small catalog of drivers that only declare; no test of the configuration talks to one."""

from typing import Annotated, ClassVar

from pydantic import Field

from qkdctl.devices import Attribute, Device, DeviceKind, DeviceOptions, Limits, Value


class _Declared(Device):
    identity_pattern: ClassVar[str] = "."
    address_example: ClassVar[str] = "tcp://192.0.2.1:5025"

    async def _open(self) -> None:
        raise AssertionError("checking a configuration opens no device")

    async def _identity(self) -> str:
        raise AssertionError("checking a configuration asks no device")

    async def _read(self, attribute: Attribute) -> Value:
        raise AssertionError("checking a configuration reads no device")

    async def _write(self, attribute: Attribute, value: Value) -> None:
        raise AssertionError("checking a configuration writes to no device")

    async def close(self) -> None:
        raise AssertionError("checking a configuration closes no device")


class Laser(_Declared):
    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    attributes = (
        Attribute("emission_enabled", bool, writable=True),
        Attribute("current_a", float, "A", limits=Limits(0.0, 0.2), writable=True),
        Attribute("temperature_degc", float, "degC"),
    )


class Attenuator(_Declared):
    class Options(DeviceOptions):
        channel: Annotated[int, Field(ge=1, le=4)] = 1
        dialect: str = "scpi"

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    attributes = (
        Attribute("attenuation_db", float, "dB", limits=Limits(0.0, 45.0), writable=True),
        Attribute("wavelength_nm", float, "nm", limits=Limits(1260.0, 1640.0), writable=True),
    )


class Detector(_Declared):
    kind: ClassVar[DeviceKind] = DeviceKind.DETECTOR
    attributes = (Attribute("count_rate_hz", float, "Hz"),)


class Polarization(_Declared):
    kind: ClassVar[DeviceKind] = DeviceKind.POLARIZATION_CONTROLLER
    attributes = tuple(
        Attribute(f"voltage_{n}_mv", int, "mV", limits=Limits(-5000, 5000), writable=True) for n in (1, 2, 3, 4)
    )


class Meter(_Declared):
    kind: ClassVar[DeviceKind] = DeviceKind.POWER_METER
    attributes = (
        Attribute("power_w", float, "W"),
        Attribute("wavelength_nm", float, "nm", limits=Limits(800.0, 1700.0), writable=True),
    )


class Switch(_Declared):
    kind: ClassVar[DeviceKind] = DeviceKind.OPTICAL_SWITCH
    attributes = (Attribute("connections", str, writable=True),)


class Engine(_Declared):
    class Options(DeviceOptions):
        password: str = ""

    kind: ClassVar[DeviceKind] = DeviceKind.QKD_ENGINE
    address_example: ClassVar[str] = "http://192.0.2.20:8080"
    attributes = (Attribute("running", bool, writable=True),)


class Drivers:
    """The catalog; `broken` fails to import, as a package with a missing dependency does."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Device]] = {
            "acme-laser": Laser,
            "acme-attenuator": Attenuator,
            "acme-detector": Detector,
            "acme-polarization": Polarization,
            "acme-meter": Meter,
            "acme-switch": Switch,
            "acme-engine": Engine,
        }
        self.loaded: list[str] = []

    def names(self) -> list[str]:
        return sorted([*self._classes, "broken"])

    def load(self, name: str) -> type[Device]:
        self.loaded.append(name)
        if name == "broken":
            raise ImportError("No module named 'acme_sdk'")
        return self._classes[name]
