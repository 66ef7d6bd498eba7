"""Verified writes, the way to safety, and what connecting does and does not do."""

import asyncio

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.devices import (
    Attribute,
    ConnectionLostError,
    IdentityMismatchError,
    InstrumentError,
    Limits,
    OutOfRangeError,
    ReadBackError,
    UnsafeError,
    Value,
)
from tests.devices.drivers import MemoryLaser

pytestmark = pytest.mark.asyncio


class SlowLaser(MemoryLaser):
    """Shows a new current only some reads after the set, and a stale one first."""

    def __init__(self, *shown: float, settled: int = 0) -> None:
        super().__init__(clock=VirtualClock())
        self.shown = list(shown)
        self.unsettled = settled

    async def _read(self, attribute: Attribute) -> Value:
        if attribute.name == "current_a" and self.shown:
            return self.shown.pop(0)
        return await super()._read(attribute)

    async def _settled(self, attribute: Attribute) -> bool:
        self.unsettled -= 1
        return self.unsettled < 0


async def advancing(device: MemoryLaser, seconds: float) -> None:
    assert isinstance(device.clock, VirtualClock)
    await device.clock.advance(seconds)


async def test_a_stale_first_reading_after_a_set_is_confirmed_by_a_later_one() -> None:
    device = SlowLaser(0.0, 0.02)
    setting = asyncio.create_task(device.write_verified("current_a", 0.05))
    await advancing(device, 0.1)
    assert await setting == 0.05


async def test_a_reading_counts_only_once_the_device_says_it_has_settled() -> None:
    device = SlowLaser(settled=3)
    setting = asyncio.create_task(device.write_verified("current_a", 0.05))
    await advancing(device, 0.05)
    assert not setting.done()
    await advancing(device, 0.05)
    assert await setting == 0.05


async def test_what_never_shows_is_an_error_after_the_settling_time() -> None:
    device = SlowLaser(*[0.0] * 1000)
    setting = asyncio.create_task(device.write_verified("current_a", 0.05))
    await advancing(device, 0.99)
    assert not setting.done()
    await advancing(device, 0.05)
    with pytest.raises(ReadBackError, match=r"current_a reads 0.0 A 1 s after 0.05 was set"):
        await setting


async def test_device_and_configuration_limit_together() -> None:
    device = MemoryLaser(limits={"current_a": Limits(0.01, 0.18)})
    assert device.limits("current_a") == Limits(0.01, 0.18)
    await device.connect()
    assert device.limits("current_a") == Limits(0.01, 0.15)
    with pytest.raises(OutOfRangeError):
        await device.write_verified("current_a", 0.16)
    assert device.writes == []


async def test_connecting_without_leave_to_write_sets_up_nothing() -> None:
    device = MemoryLaser()
    await device.connect(may_write=False)
    assert (device.set_ups, device.writes) == (0, [])
    await device.connect()
    assert device.set_ups == 1


async def test_a_wrong_identity_closes_the_port_before_anything_is_set_up() -> None:
    device = MemoryLaser(serial_number="8")
    with pytest.raises(IdentityMismatchError, match=r"serial number 7 answers .* expected 8"):
        await device.connect()
    assert (device.set_ups, device.closed, device.writes) == (0, 1, [])


async def test_the_safe_state_is_shown_by_read_back() -> None:
    device = MemoryLaser()
    device.held["emission_enabled"] = True
    report = await device.to_safe_state()
    assert report.read_back == {"emission_enabled": False}
    assert report.failures == {}


async def test_a_device_that_cannot_be_shown_safe_says_so() -> None:
    device = MemoryLaser()
    device.held["emission_enabled"] = True
    device.broken["emission_enabled"] = ConnectionLostError("gone")
    with pytest.raises(UnsafeError, match="emission_enabled could not be shown safe: gone"):
        await device.to_safe_state()


async def test_going_safe_ignores_configured_limits_but_not_those_of_the_device() -> None:
    class Attenuator(MemoryLaser):
        safe_actions = (("current_a", "maximum"),)

    device = Attenuator(limits={"current_a": Limits(0.0, 0.1)})
    await device.connect()
    await device.to_safe_state()
    assert device.writes == [("current_a", 0.15)]
    assert device.safe_values() == {"current_a": 0.15}


async def test_a_second_safe_action_that_fails_is_reported_but_not_fatal() -> None:
    class Both(MemoryLaser):
        safe_actions = (("emission_enabled", False), ("current_a", 0.0))

        async def _write(self, attribute: Attribute, value: Value) -> None:
            if attribute.name == "current_a":
                raise InstrumentError("no", "current_a 0")
            await super()._write(attribute, value)

    report = await Both().to_safe_state()
    assert report.read_back == {"emission_enabled": False}
    assert report.failures == {"current_a": "no"}


async def test_a_defect_in_one_safe_action_holds_up_no_other() -> None:
    class Both(MemoryLaser):
        safe_actions = (("current_a", 0.0), ("emission_enabled", False))

        async def _write(self, attribute: Attribute, value: Value) -> None:
            if attribute.name == "current_a":
                raise KeyError("no such thing")
            await super()._write(attribute, value)

    device = Both()
    device.held["emission_enabled"] = True
    with pytest.raises(UnsafeError, match="defect of the driver"):
        await device.to_safe_state()
    assert device.held["emission_enabled"] is False


async def test_the_action_that_counts_can_be_had_without_the_others() -> None:
    class Both(MemoryLaser):
        safe_actions = (("emission_enabled", False), ("current_a", 0.0))

    device = Both()
    await device.to_safe_state(first_only=True)
    assert device.writes == [("emission_enabled", False)]


async def test_a_long_operation_reports_progress_until_it_ends() -> None:
    clock = VirtualClock()
    device = MemoryLaser(clock=clock)
    told: list[str] = []
    device.on_progress = told.append

    async def operation() -> str:
        await clock.sleep(2.5)
        return "done"

    work = asyncio.create_task(device.reporting("homing", 30.0, operation()))
    await clock.advance(3.0)
    assert await work == "done"
    assert told == [*(f"homing, {n} s of at most 30 s" for n in (0, 1, 2)), ""]
