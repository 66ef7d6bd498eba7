"""Every driver against its simulator, over real endpoints: each attribute, the safe state, and what goes wrong."""

import asyncio
import math
from typing import Any

import pytest
from qkdctl_drivers.polatis import Polatis

from hil_sim.disturbance import Disturbance
from hil_sim.instruments.registry import find_model
from hil_sim.simulation import Simulation
from qkdctl.devices import Device, DeviceError, Poll, ProtocolError, TransportError, Value
from qkdctl.devices.registry import driver_class, driver_names
from tests.drivers.benches import connected, driver_for, simulation

UNITS: dict[str, dict[str, Any]] = {
    "jdsu-ha9": {"product": "HA9W"},
    "keysight-n776x": {"speed_db_per_s": 1000.0},
    "ozoptics-dd100mc": {"home_steps_per_s": 1e6, "home_pause_s": 0.0, "steps_per_s": 1e6},
    "qkd-engine": {"role": "alice"},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "idq-id900": {"integration": 20},
    "sfifteen-counter": {"integration_ms": 20},
    "sfifteen-spd": {"integration_ms": 20},
}
#: For each driver what is written to each writable attribute, in this order.
WRITES: dict[str, dict[str, Value]] = {
    "idq-id900": {"threshold_1_v": -0.1, "threshold_2_v": 1.25, "delay_1_ps": 4000, "delay_2_ps": 0},
    "jdsu-ha9": {"attenuation_db": 43.45, "shutter_open": True, "wavelength_nm": 1550.1},
    "key-router": {},
    "keysight-n776x": {
        "attenuation_db": 31.234, "shutter_open": True, "speed_db_per_s": 250.0, "wavelength_nm": 1550.123,
        "power_control": True, "averaging_time_s": 0.05,
    },
    "koheron-ctl200": {
        "temperature_control_enabled": True, "current_a": 0.0501, "emission_enabled": True,
        "thermistor_set_point_ohm": 9500.0,
    },
    "ozoptics-dd100mc": {"attenuation_db": 20.0},
    "ozoptics-epc04": {
        **{f"voltage_{n}_mv": 100 * n - 5000 for n in (1, 2, 3, 4)},
        **{f"frequency_{n}_hz": 10 * n for n in (1, 2, 3, 4)},
        "scrambling": True,
    },
    "polatis": {"connections": "1>18,3>17"},
    "qkd-engine": {"mean_photon_number_e6": 450_000, "protocol": "bb84", "running": True},
    "sfifteen-counter": {},
    "sfifteen-spd": {
        "bias_v": 190.25, "threshold_v": 0.125, "temperature_set_point_degc": -25.0,
        "temperature_control_enabled": False,
    },
    "thorlabs-cld101x": {
        "temperature_control_enabled": True, "temperature_set_point_degc": 24.5, "current_a": 0.05001,
        "emission_enabled": True,
    },
    "thorlabs-pm100d": {"wavelength_nm": 1310.5, "auto_range": False, "averages": 10, "loss_correction_db": -3.25},
    "websq": {
        "detectors_enabled": False, "measurement_period_ms": 50.0, "bias_current_1_ua": 12.5, "bias_current_2_ua": 13.5,
        "trigger_level_1_mv": 120.0, "trigger_level_2_mv": 130.0,
    },
}  # fmt: skip
#: What the simulator counts as replies to one command: the CTL200 sends its echo apart.
REPLIES = {"koheron-ctl200": 2}
#: Drivers whose garbled replies cannot be told from text.
QUIET_ON_GARBAGE = {"sfifteen-counter", "sfifteen-spd"}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated switch needs no pause between commands."""
    monkeypatch.setattr(Polatis, "gap_s", 0.0)


def bench(model: str, **settings: Any) -> Any:
    return connected(model, options=OPTIONS.get(model), **UNITS.get(model, {}), **settings)


def test_every_driver_is_tested_here() -> None:
    assert sorted(WRITES) == driver_names()


@pytest.mark.asyncio
@pytest.mark.parametrize("model", sorted(WRITES))
async def test_every_attribute_is_read_and_every_set_point_reached(model: str) -> None:
    async with bench(model) as (device, _):
        for attribute in device.attributes:
            value = await device.read(attribute.name)
            assert type(value) is attribute.type, attribute.name
            assert not isinstance(value, float) or math.isfinite(value), attribute.name
        assert set(WRITES[model]) == {a.name for a in device.attributes if a.writable}
        for name, value in WRITES[model].items():
            seen = await device.write_verified(name, value)
            assert device.attribute(name).matches(value, seen)


@pytest.mark.asyncio
@pytest.mark.parametrize("model", sorted(model for model in WRITES if driver_class(model).safe_actions))
async def test_the_safe_state_is_reached_from_full_operation(model: str) -> None:
    async with bench(model) as (device, _):
        for name, value in WRITES[model].items():
            await device.write_verified(name, value)
        report = await device.to_safe_state()
        assert report.failures == {}
        assert report.read_back == pytest.approx(device.safe_values(), abs=0.02)


@pytest.mark.asyncio
@pytest.mark.parametrize("model", sorted(WRITES))
async def test_observing_changes_nothing(model: str) -> None:
    """Two observers after each other find the same, also of what a driver would prepare."""
    async with simulation(model, **UNITS.get(model, {})) as running:
        seen = []
        for _ in range(2):
            device = driver_for(running, options=OPTIONS.get(model))
            await device.connect(may_write=False)
            try:
                writable = [a.name for a in device.attributes if a.writable or a.name.startswith("integration")]
                seen.append({name: await _read(device, name) for name in writable})
            finally:
                await device.close()
        assert seen[0] == seen[1]


async def _read(device: Device, name: str) -> Value | str:
    try:
        return await device.read(name)
    except ProtocolError as error:
        return str(error)  # an attenuator that was not homed says that it does not know


@pytest.mark.asyncio
@pytest.mark.parametrize("model", sorted(WRITES))
async def test_faults_are_outlived_and_no_reply_answers_another_question(model: str) -> None:
    async with bench(model, timeout_s=0.15) as (device, running):
        name = _steady(device)
        expected = await device.read(name)
        await running.fault("unit", Disturbance("split", size=3, replies=1, seconds=0.001))
        assert await _until_it_answers(device, name) == expected
        await running.fault("unit", Disturbance("drop", replies=REPLIES.get(model, 1)))
        with pytest.raises(TransportError):
            await device.read(name)
        assert await _until_it_answers(device, name) == expected
        await running.fault("unit", Disturbance("late", replies=1, seconds=0.25))
        with pytest.raises(TransportError):
            await device.read(name)
        assert await _until_it_answers(device, name) == expected
        if model not in QUIET_ON_GARBAGE:
            await running.fault("unit", Disturbance("garbage", replies=1))
            with pytest.raises(DeviceError):
                await device.read(name)
            assert await _until_it_answers(device, name) == expected


@pytest.mark.asyncio
@pytest.mark.parametrize("model", sorted(WRITES))
async def test_a_replugged_instrument_is_found_again(model: str) -> None:
    async with bench(model, timeout_s=0.15) as (device, running):
        name = _steady(device)
        expected = await device.read(name)
        await running.unplug("unit")
        with pytest.raises(TransportError):
            await device.read(name)
        await device.close()
        with pytest.raises(TransportError):
            await device.connect()
        await running.replug("unit")
        await device.connect()
        assert await device.read(name) == expected


async def _until_it_answers(device: Device, name: str) -> Value:
    """Nothing but the right value or a time-out may come while a late reply is under way."""
    async with asyncio.timeout(3.0):
        while True:
            try:
                return await device.read(name)
            except TransportError:
                continue


def _steady(device: Device) -> str:
    """An attribute that stays as it is."""
    names = [attribute.name for attribute in device.attributes if attribute.poll is not Poll.FAST]
    kept = (
        "wavelength_nm",
        "measurement_period_ms",
        "integration_time_ms",
        "current_limit_a",
        "protocol",
        "threshold_1_v",
    )
    return next((name for name in kept if name in names), device.attributes[0].name if not names else names[0])


@pytest.mark.asyncio
@pytest.mark.parametrize("model", sorted(WRITES))
async def test_another_instrument_on_the_port_is_refused(model: str) -> None:
    """The driver of one instrument meets another that speaks over the same kind of wire."""
    stranger = {
        "tcp": "jdsu-ha9" if model != "jdsu-ha9" else "polatis",
        "pty": "ozoptics-epc04" if model != "ozoptics-epc04" else "koheron-ctl200",
    }.get(_transport(model))
    if stranger is None or model == "websq":
        return  # a message of another protocol is no identity
    async with simulation(stranger, transport=_transport(model)) as running:
        device = driver_class(model)("unit", _address(running), timeout_s=0.08)
        with pytest.raises(DeviceError):
            await device.connect()


def _transport(model: str) -> str:
    return find_model(model).transports[0]


def _address(running: Simulation) -> str:
    return running.addresses["unit"]
