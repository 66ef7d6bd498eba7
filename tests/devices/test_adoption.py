"""What is done with a device that has just been found: nothing at all, or the dark."""

import asyncio

import pytest

from qkdctl.devices import Attribute, ConnectionLostError, Value
from qkdctl.devices.adoption import Adoption, adopt_or_make_safe
from qkdctl.devices.supervisor import DeviceState
from tests.devices.drivers import GREETING, AcmeVoa, MemoryLaser
from tests.devices.peers import tcp_peer
from tests.devices.supervising import watched

pytestmark = pytest.mark.asyncio
COMMITTED: dict[str, Value] = {"emission_enabled": True, "current_a": 0.05}


def shining(current_a: float = 0.05) -> MemoryLaser:
    laser = MemoryLaser()
    laser.held.update(emission_enabled=True, current_a=current_a)
    return laser


async def test_what_equals_the_committed_set_points_is_adopted_without_a_write() -> None:
    async with watched(shining(), committed=COMMITTED) as bench:
        assert bench.supervisor.adoption is not None
        assert bench.supervisor.adoption.outcome is Adoption.ADOPTED
        assert bench.laser.writes == []
        assert bench.supervisor.value("current_a") == 0.05


async def test_what_differs_goes_safe_and_is_shown_by_read_back() -> None:
    async with watched(shining(0.06), committed=COMMITTED) as bench:
        assert bench.supervisor.adoption is not None
        assert bench.supervisor.adoption.outcome is Adoption.MADE_SAFE
        assert bench.supervisor.adoption.differences == {"current_a": (0.05, 0.06)}
        assert bench.laser.writes == [("emission_enabled", False)]
        await bench.clock.advance(1.0)
        assert bench.supervisor.value("emission_enabled") is False


async def test_light_that_nobody_committed_is_not_adopted_with_the_rest() -> None:
    async with watched(shining(), committed={"current_a": 0.05}) as bench:
        assert bench.supervisor.adoption is not None
        assert bench.supervisor.adoption.differences == {"emission_enabled": (False, True)}
        assert bench.laser.writes == [("emission_enabled", False)]
    dark = shining()
    dark.held["emission_enabled"] = False
    async with watched(dark, committed={"current_a": 0.05}) as bench:
        assert bench.supervisor.adoption is not None
        assert bench.supervisor.adoption.outcome is Adoption.ADOPTED
        assert bench.laser.writes == []


async def test_what_nobody_committed_goes_safe() -> None:
    async with watched(shining()) as bench:
        assert bench.laser.writes == [("emission_enabled", False)]


async def test_what_is_dark_already_is_left_alone() -> None:
    async with watched() as bench:
        assert bench.supervisor.adoption is not None
        assert bench.supervisor.adoption.outcome is Adoption.ALREADY_SAFE
        assert bench.laser.writes == []


async def test_committed_set_points_beyond_todays_limits_are_not_adopted() -> None:
    async with watched(shining(0.18), committed={**COMMITTED, "current_a": 0.18}) as bench:
        assert bench.laser.writes == [("emission_enabled", False)], "the device itself allows 0.15 A only"


async def test_a_device_without_a_safe_state_is_neutral() -> None:
    class Detector(MemoryLaser):
        safe_actions = ()

    async with watched(Detector()) as bench:
        assert bench.supervisor.adoption is not None
        assert bench.supervisor.adoption.outcome is Adoption.NEUTRAL


async def test_observing_writes_nothing_and_sets_up_nothing() -> None:
    async with watched(shining(), may_write=False) as bench:
        await bench.clock.advance(5.0)
        assert bench.state is DeviceState.ONLINE
        assert (bench.laser.writes, bench.laser.set_ups) == ([], 0)
        assert bench.supervisor.adoption is None


async def test_a_source_that_cannot_be_shown_dark_is_a_fault() -> None:
    class Stubborn(MemoryLaser):
        async def _write(self, attribute: Attribute, value: Value) -> None:
            self.writes.append((attribute.name, value))

    laser = Stubborn()
    laser.held["emission_enabled"] = True
    async with watched(laser) as bench:
        await bench.clock.advance(1.1)
        assert bench.state is DeviceState.FAULT
        assert "could not be shown safe" in bench.supervisor.last_error
        assert not bench.supervisor.usable


async def test_a_device_that_was_gone_is_judged_again() -> None:
    async with watched(shining(), committed=COMMITTED) as bench:
        bench.laser.broken = {"current_a": ConnectionLostError("reset")}
        await bench.clock.advance(1.0)
        bench.laser.broken.clear()
        bench.laser.held["current_a"] = 0.0  # it lost its set-point meanwhile, and shines
        await bench.clock.advance(2.0)
        assert bench.state is DeviceState.ONLINE
        assert bench.laser.writes == [("emission_enabled", False)]


async def test_nothing_is_judged_while_somebody_writes_new_set_points() -> None:
    laser = shining(0.06)
    laser.refuses = [ConnectionLostError("refused")]
    async with watched(laser, committed=COMMITTED) as bench:
        async with bench.supervisor.writing:
            await bench.clock.advance(1.0)
            assert bench.state is DeviceState.CONNECTING
            bench.committed["current_a"] = 0.06
        await bench.clock.advance(0.0)
        assert bench.state is DeviceState.ONLINE
        assert bench.laser.writes == []


async def test_adopting_sends_only_queries_over_the_wire() -> None:
    async with tcp_peer() as peer:
        device = AcmeVoa("voa", peer.address, timeout_s=0.5)
        await peer.during(device.connect(), GREETING)
        committed: dict[str, Value] = {"attenuation_db": 31.5, "shutter_open": True}
        queries = [(b"ATT?\n", b"31.50\n"), (b"SHUT?\n", b"1\n")]
        report = await peer.during(adopt_or_make_safe(device, committed), queries)
        assert report.outcome is Adoption.ADOPTED
        await device.close()


async def test_going_safe_closes_the_shutter_first_and_shows_it() -> None:
    empty = (b"SYST:ERR?\n", b"0\n")
    async with tcp_peer() as peer:
        device = AcmeVoa("voa", peer.address, timeout_s=0.5)
        await peer.during(device.connect(), GREETING)
        exchanges = [
            (b"SHUT?\n", b"1\n"),
            (b"ATT?\n", b"0.00\n"),
            empty,
            (b"SHUT 0\n", b""),
            empty,
            (b"SHUT?\n", b"1\n"),  # still moving
            (b"SHUT?\n", b"0\n"),
            (b"ATT 60.00\n", b""),
            empty,
            (b"ATT?\n", b"60.00\n"),
        ]
        report = await peer.during(adopt_or_make_safe(device, {}), exchanges)
        assert report.outcome is Adoption.MADE_SAFE
        await device.close()


async def test_a_reading_during_adoption_that_fails_is_a_failed_connection() -> None:
    laser = shining()
    laser.broken["emission_enabled"] = ConnectionLostError("reset")
    async with watched(laser) as bench:
        assert bench.state is DeviceState.CONNECTING
        assert bench.laser.writes == []
        await asyncio.sleep(0)


async def test_a_source_that_cannot_be_read_is_made_dark_all_the_same() -> None:
    laser = shining()
    laser.broken["current_a"] = KeyError("a defect of the driver")
    async with watched(laser, committed=COMMITTED) as bench:
        assert not bench.supervisor.usable
        assert bench.laser.held["emission_enabled"] is False


async def test_set_points_of_attributes_that_the_device_does_not_have_were_anothers() -> None:
    async with watched(shining(), committed={**COMMITTED, "shutter_open": True}) as bench:
        assert bench.state is DeviceState.ONLINE
        assert bench.laser.writes == []
    async with watched(shining(), committed={"shutter_open": True}) as bench:
        assert bench.laser.writes == [("emission_enabled", False)]
