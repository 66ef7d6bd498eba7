"""The command table of the Thorlabs 4000 series laser drivers."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from hil_sim.instruments.laser_diode import REFERENCE_C
from hil_sim.scpi.command import Command
from hil_sim.scpi.fields import field
from hil_sim.scpi.formats import nr3
from hil_sim.scpi.values import Boolean, Choice, Number

if TYPE_CHECKING:
    from hil_sim.instruments.thorlabs_cld101x import ThorlabsCld101x

_FORM = nr3(6, 2, sign=False)
_LEVEL = "[:LEVel][:IMMediate][:AMPLitude]"


def laser_driver_commands(laser: "ThorlabsCld101x") -> Sequence[Command]:
    """SOURce, OUTPut, SENSe, MEASure and STATus."""
    return (
        *_source_commands(laser),
        *_output_commands(laser),
        *_reading_commands(laser),
        *laser.measurement.commands("STATus:MEASurement"),
    )


def _source_commands(laser: "ThorlabsCld101x") -> Sequence[Command]:
    unit = laser.unit
    current = Number("A", 0.0, lambda: laser.limit_a, default=0.0, form=_FORM)
    limit = Number("A", 0.001, unit.current_range_a, default=unit.current_limit_a, form=_FORM)
    power = Number("W", 0.0, lambda: unit.power_w(laser.limit_a, REFERENCE_C), default=0.0, form=_FORM)
    return (
        Command(f"SOURce:CURRent{_LEVEL}", current, get=lambda: laser.set_point_a, set=laser.set_current),
        Command("SOURce:CURRent:LIMit[:AMPLitude]", limit, get=lambda: laser.limit_a, set=laser.set_limit),
        Command("SOURce:CURRent:LIMit:TRIPped", Boolean(), get=laser.limit_active),
        Command(f"SOURce:POWer{_LEVEL}", power, get=lambda: laser.set_point_w, set=laser.set_power),
        Command("SOURce:FUNCtion:MODE", Choice("CURRent", "POWer"), get=lambda: laser.mode, set=laser.set_mode),
        field(laser, "SOURce:AM[:STATe]", Boolean(), "modulated"),
        *_temperature_commands(laser),
    )


def _temperature_commands(laser: "ThorlabsCld101x") -> Sequence[Command]:
    """Set point within its limits; the constants of the control loop change nothing here."""
    limits = laser.temperature_limits
    set_point = Number("degC", lambda: limits.lower_degc, lambda: limits.upper_degc, REFERENCE_C, form=_FORM)
    limit = Number("degC", 5.0, 45.0, form=_FORM)
    constant = Number(minimum=0.0, maximum=100.0, form=_FORM)
    node = "SOURce2:TEMPerature"
    return (
        Command(f"{node}:SPOint", set_point, get=lambda: laser.set_point_degc, set=laser.set_temperature),
        field(limits, f"{node}:LIMit:UPPer", limit, "upper_degc"),
        field(limits, f"{node}:LIMit:LOWer", limit, "lower_degc"),
        field(limits, f"{node}:LCONstants:GAIN", constant, "gain"),
        field(limits, f"{node}:LCONstants:INTegral", constant, "integral"),
        field(limits, f"{node}:LCONstants:DERivative", constant, "derivative"),
        field(limits, f"{node}:LCONstants:PERiod", constant, "period_s"),
    )


def _output_commands(laser: "ThorlabsCld101x") -> Sequence[Command]:
    tripped = {
        "INTLock": "interlock_open",
        "KEYLock": "key_locked",
        "OTEMp": "over_temperature",
        "CONNection": "sensor_missing",
    }
    return (
        Command("OUTPut[:STATe]", Boolean(), get=lambda: laser.laser_on, set=laser.set_laser),
        Command("OUTPut2[:STATe]", Boolean(), get=lambda: laser.cooler_on, set=laser.set_cooler),
        Command("OUTPut:CONDition", Boolean(), get=lambda: laser.power_w() > 0),
        *(
            Command(f"OUTPut:PROTection:{node}:TRIPped", Boolean(), get=partial(_protection, laser, name))
            for node, name in tripped.items()
        ),
        field(laser, "OUTPut:PROTection:EXTernal", Choice("OFF", "PROTect", "ENABle"), "external_protection"),
    )


def _reading_commands(laser: "ThorlabsCld101x") -> Sequence[Command]:
    reading = Number(form=_FORM)
    return (
        Command("SENSe2:TEMPerature[:DC]:DATA", reading, get=laser.temperature_degc),
        Command("SENSe3:CURRent[:DC]:DATA", reading, get=laser.current_a),
        Command("SENSe4:VOLTage[:DC]:DATA", reading, get=laser.voltage_v),
        Command("MEASure[:SCALar]:CURRent[:DC]", reading, get=laser.current_a),
        Command("MEASure[:SCALar]:VOLTage[:DC]", reading, get=laser.voltage_v),
        Command("MEASure[:SCALar]:TEMPerature", reading, get=laser.temperature_degc),
        Command("MEASure[:SCALar]:POWer2", reading, get=laser.power_w),
    )


def _protection(laser: "ThorlabsCld101x", name: str) -> bool:
    return bool(getattr(laser.protections, name))
