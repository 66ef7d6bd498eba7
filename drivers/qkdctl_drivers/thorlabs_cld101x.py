"""Thorlabs CLD1010, CLD1011, CLD1015, ITC4001 to ITC4020 and LDC4000 series laser diode drivers.

Source: Thorlabs 4000 Series Programmer's Reference Manual, chapters SOURce, OUTPut, SENSe and STATus.
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
    Poll,
    Scpi,
    ScpiDevice,
    Value,
)

_TRIPS = ("interlock_tripped", "key_locked", "over_temperature", "connection_tripped")


class ThorlabsCld101x(ScpiDevice):
    """Laser current source with temperature controller.

    The laser turns on only with the interlock closed, the key lock open and the temperature controller running; each
    refusal is raised as an `InterlockError` that names the cause. The current limit is for people to set at the
    instrument, with the laser off; here it is only read, and bounds the set-point.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    identity_pattern: ClassVar[str] = r"(?i)^thorlabs\s*,\s*(?:CLD101\d|ITC40\d\d|LDC40\d\d)\s*,\s*(?P<serial>[^,]*),"
    address_example: ClassVar[str] = "USB0::0x1313::0x804F::M00123456::INSTR"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("emission_enabled", False),)
    darkens: ClassVar[bool] = True

    class Options(DeviceOptions):
        """Attributes: temperature_controller: the unit has one; those of the LDC4000 series have not."""

        temperature_controller: bool = True

    attributes = (
        Attribute(
            "emission_enabled", bool, "", "laser output on",
            writable=True, poll=Poll.FAST, wire=Scpi("OUTP:STAT?", "OUTP:STAT {value}"),
        ),
        Attribute(
            "current_a", float, "A", "laser current set-point",
            limits=Limits(0.0, 20.0), writable=True, poll=Poll.FAST, resolution=1e-5, tolerance=2e-5,
            wire=Scpi("SOUR:CURR?", "SOUR:CURR {value:.5f}"),
        ),
        Attribute(
            "temperature_control_enabled", bool, "", "thermo-electric cooler on",
            writable=True, wire=Scpi("OUTP2:STAT?", "OUTP2:STAT {value}"),
        ),
        Attribute(
            "temperature_set_point_degc", float, "degC", "temperature to hold",
            limits=Limits(5.0, 45.0), writable=True, tolerance=0.01,
            wire=Scpi("SOUR2:TEMP:SPO?", "SOUR2:TEMP:SPO {value:.3f}"),
        ),
        Attribute("temperature_degc", float, "degC", "temperature measured", wire=Scpi("SENS2:TEMP:DATA?")),
        Attribute("measured_current_a", float, "A", "laser current measured", wire=Scpi("SENS3:CURR:DATA?")),
        Attribute("voltage_v", float, "V", "laser voltage", wire=Scpi("SENS4:VOLT:DATA?")),
        Attribute("current_limit_a", float, "A", "hardware current limit", wire=Scpi("SOUR:CURR:LIM?")),
        Attribute("current_limited", bool, "", "the limit holds the current", wire=Scpi("SOUR:CURR:LIM:TRIP?")),
        Attribute("interlock_tripped", bool, "", "interlock circuit open", wire=Scpi("OUTP:PROT:INTL:TRIP?")),
        Attribute("key_locked", bool, "", "key lock closed", wire=Scpi("OUTP:PROT:KEYL:TRIP?")),
        Attribute("over_temperature", bool, "", "over-temperature trip", wire=Scpi("OUTP:PROT:OTEM:TRIP?")),
        Attribute("connection_tripped", bool, "", "laser or sensor not connected", wire=Scpi("OUTP:PROT:CONN:TRIP?")),
        Attribute("status_bits", int, "", "measurement status register", wire=Scpi("STAT:MEAS:COND?")),
    )  # fmt: skip

    def _attributes_present(self) -> tuple[Attribute, ...]:
        """Without a temperature controller none of its attributes."""
        assert isinstance(self.options, self.Options)
        if self.options.temperature_controller:
            return self.attributes
        cooling = ("temperature_control_enabled", "temperature_set_point_degc", "temperature_degc")
        return tuple(attribute for attribute in self.attributes if attribute.name not in cooling)

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """The current limit set on the instrument bounds the set-point."""
        return {"current_a": Limits(0.0, float(await self.read("current_limit_a")))}

    async def _write(self, attribute: Attribute, value: Value) -> None:
        if attribute.name != "emission_enabled" or value is not True:
            await super()._write(attribute, value)
            return
        await self._refuse_when_interlocked()
        try:
            await super()._write(attribute, value)
        except InstrumentError as error:
            raise InterlockError(str(error), error.command, error.entries) from error

    async def _refuse_when_interlocked(self) -> None:
        """The instrument refuses too, but does not say why."""
        causes = [name for name in _TRIPS if await self.read(name)]
        assert isinstance(self.options, self.Options)
        if self.options.temperature_controller and not await self.read("temperature_control_enabled"):
            causes.append("temperature control off")
        if causes:
            raise InterlockError(
                f"{self.name}: emission refused: {', '.join(causes)}. Close the interlock, unlock the key, connect the "
                "laser, turn on temperature_control_enabled",
                "OUTP:STAT 1",
            )
