"""States, polling and failures of one supervised device."""

import asyncio
import itertools

import pytest
from structlog.testing import capture_logs

from qkdctl.devices import (
    Attribute,
    BusStuckError,
    ConnectionLostError,
    ExchangeTimeoutError,
    IdentityMismatchError,
    ProtocolError,
    Value,
)
from qkdctl.devices.supervisor import DeviceState, StartPolicy
from tests.devices.drivers import MemoryLaser
from tests.devices.supervising import watched

pytestmark = pytest.mark.asyncio
CONNECTING, ONLINE, DEGRADED = DeviceState.CONNECTING, DeviceState.ONLINE, DeviceState.DEGRADED
OFFLINE, FAULT = DeviceState.OFFLINE, DeviceState.FAULT


async def test_a_device_that_answers_comes_online_and_is_read() -> None:
    async with watched() as bench:
        assert bench.states == [CONNECTING, ONLINE]
        assert bench.supervisor.first_attempt.is_set()
        assert bench.supervisor.value("current_a") == 0.0
        assert bench.supervisor.value("temperature_degc") == 25.0
        assert bench.supervisor.value("power_w") is None


async def test_each_cycle_reads_all_fast_attributes_and_one_slow_one_in_turn() -> None:
    async with watched(poll_s=1.0) as bench:
        bench.take_reads()
        cycles = []
        for _ in range(4):
            await bench.clock.advance(1.0)
            cycles.append(bench.take_reads())
        fast = ["emission_enabled", "current_a"]
        slow = ["voltage_v", "temperature_degc", "voltage_v", "temperature_degc"]
        assert cycles == [[*fast, name] for name in slow]


async def test_cycles_stay_on_their_grid_and_are_shifted_against_each_other() -> None:
    async with watched(poll_s=1.0, offset_s=0.25) as bench:
        bench.take_reads()
        await bench.clock.advance(0.24)
        assert bench.take_reads() == []
        for _ in range(5):
            await bench.clock.advance(0.02)
            assert len(bench.take_reads()) == 3
            await bench.clock.advance(0.98)
            assert bench.take_reads() == []
        assert max(bench.supervisor.counters.lateness_s) == pytest.approx(0.0)


async def test_after_a_long_read_missed_cycles_are_counted_and_not_made_up_for() -> None:
    async with watched(poll_s=1.0) as bench:
        bench.laser.gate.clear()
        await bench.clock.advance(5.5)
        bench.take_reads()
        bench.laser.gate.set()
        await bench.clock.advance(0.0)
        assert len(bench.take_reads()) == 2, "what was left of the cycle"
        assert bench.supervisor.grid.missed == 4
        await bench.clock.advance(0.49)
        assert bench.take_reads() == []
        await bench.clock.advance(0.02)
        assert len(bench.take_reads()) == 3
        await bench.clock.advance(0.9)
        assert bench.take_reads() == []


async def test_after_a_reconnection_polling_resumes_without_a_burst() -> None:
    async with watched(poll_s=0.1, backoff_first_s=3.0) as bench:
        bench.laser.broken = {name: ConnectionLostError("gone") for name in bench.laser.held}
        await bench.clock.advance(0.1)
        assert bench.state is CONNECTING
        bench.laser.broken.clear()
        bench.take_reads()
        cycles = bench.supervisor.counters.cycles
        await bench.clock.advance(3.0)
        resumed = bench.supervisor.counters.cycles - cycles
        at_most = 1 + 1.5 / 0.1  # back-off of a half to all of 3 s
        assert 1 <= resumed <= at_most
        cycles = bench.supervisor.counters.cycles
        await bench.clock.advance(1.0)
        assert bench.supervisor.counters.cycles - cycles == 10


async def test_a_failing_attribute_does_not_pause_its_siblings_and_is_logged_once() -> None:
    with capture_logs() as logs:
        async with watched(poll_s=1.0) as bench:
            bench.laser.broken["temperature_degc"] = ProtocolError("garbage")
            bench.take_reads()
            await bench.clock.advance(10.0)
            assert bench.take_reads().count("current_a") == 10
            assert bench.state is DEGRADED
            assert bench.supervisor.readings["temperature_degc"].error == "garbage"
            assert bench.supervisor.readings["voltage_v"].error == ""
            bench.laser.broken.clear()
            await bench.clock.advance(2.0)
            assert bench.state is ONLINE
            assert bench.states == [CONNECTING, ONLINE, DEGRADED, ONLINE]
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("device failing", "warning"),
        ("device back", "info"),
    ]
    assert logs[0]["error"] == "garbage"


async def test_three_unanswered_exchanges_in_a_row_mean_a_new_connection() -> None:
    async with watched(poll_s=1.0) as bench:
        bench.laser.broken = {name: ExchangeTimeoutError("silence") for name in bench.laser.held}
        closed = bench.laser.closed
        await bench.clock.advance(1.0)
        assert bench.state is CONNECTING
        assert bench.laser.closed > closed
        bench.laser.broken = {"temperature_degc": ExchangeTimeoutError("silence")}
        await bench.clock.advance(10.0)
        assert bench.state is DEGRADED, "one that does not answer among others that do"


async def test_an_outage_is_logged_once_and_its_end_once() -> None:
    with capture_logs() as logs:
        async with watched(poll_s=1.0) as bench:
            bench.laser.refuses = [ConnectionLostError("refused") for _ in range(20)]
            bench.laser.broken = {"current_a": ConnectionLostError("reset")}
            await bench.clock.advance(30.0)
            bench.laser.broken.clear()
            await bench.clock.advance(200.0)
            assert bench.state is ONLINE
            assert bench.supervisor.counters.failures == 21
            assert bench.supervisor.last_error == ""
    assert [entry["event"] for entry in logs] == ["device failing", "device back"]


async def test_a_device_that_connects_but_never_answers_is_one_outage_and_backs_off() -> None:
    with capture_logs() as logs:
        async with watched(poll_s=1.0, backoff_first_s=1.0, backoff_limit_s=8.0) as bench:
            bench.laser.broken = {name: ExchangeTimeoutError("silence") for name in ("emission_enabled", "current_a")}
            bench.laser.broken["temperature_degc"] = bench.laser.broken["current_a"]
            bench.laser.held["voltage_v"] = 1.2
            await bench.clock.advance(60.0)
            assert bench.supervisor.counters.connects <= 12
    assert [entry["event"] for entry in logs] == ["device failing"]


async def test_the_delay_between_attempts_doubles_up_to_its_limit_with_jitter() -> None:
    class Timed(MemoryLaser):
        async def _open(self) -> None:
            attempts.append(self.clock.monotonic())
            await super()._open()

    attempts: list[float] = []
    laser = Timed()
    laser.refuses = [ConnectionLostError("refused") for _ in range(8)]
    async with watched(laser, backoff_first_s=0.25, backoff_limit_s=2.0) as bench:
        await bench.clock.advance(20.0)
        assert bench.state is ONLINE
    delays = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    nominal = [0.25, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    assert all(full / 2 <= delay <= full for delay, full in zip(delays, nominal, strict=True)), delays
    assert len(set(delays[3:])) == 5, "no two devices try in step"


async def test_after_a_good_cycle_the_delays_begin_anew() -> None:
    async with watched(poll_s=1.0, backoff_first_s=0.25, backoff_limit_s=60.0) as bench:
        bench.laser.refuses = [ConnectionLostError("refused") for _ in range(6)]
        bench.laser.broken = {"current_a": ConnectionLostError("reset")}
        await bench.clock.advance(1.0)
        bench.laser.broken.clear()
        await bench.clock.advance(40.0)
        assert bench.state is ONLINE
        bench.laser.broken = {"current_a": ConnectionLostError("reset")}
        await bench.clock.advance(1.0)
        bench.laser.broken.clear()
        await bench.clock.advance(0.25)
        assert bench.state is ONLINE


@pytest.mark.parametrize(
    "error", [IdentityMismatchError("a stranger"), BusStuckError("stuck"), ValueError("a defect"), KeyError("another")]
)
async def test_what_somebody_has_to_look_at_is_a_fault_until_it_is_gone(error: Exception) -> None:
    laser = MemoryLaser()
    laser.refuses = [error] * 5
    with capture_logs() as logs:
        async with watched(laser) as bench:
            assert bench.state is FAULT
            await bench.clock.advance(2.0)
            assert bench.state is FAULT, "it is tried again, but nobody is told that all is well"
            await bench.clock.advance(30.0)
            assert bench.state is ONLINE
            assert bench.states == [CONNECTING, FAULT, ONLINE]
    assert [entry["event"] for entry in logs] == ["device fault", "device back"]
    assert logs[0]["log_level"] == "error"


async def test_a_failure_that_becomes_a_fault_is_logged_again() -> None:
    with capture_logs() as logs:
        async with watched() as bench:
            bench.laser.broken = {"current_a": ConnectionLostError("reset")}
            bench.laser.refuses = [ConnectionLostError("refused"), IdentityMismatchError("a stranger")] * 3
            await bench.clock.advance(5.0)
    assert [entry["event"] for entry in logs][:2] == ["device failing", "device fault"]
    assert len(logs) <= 3


async def test_a_driver_with_a_defect_harms_its_own_attribute_only() -> None:
    with capture_logs() as logs:
        async with watched(poll_s=1.0) as bench:
            bench.laser.broken["voltage_v"] = ZeroDivisionError("division by zero")
            bench.take_reads()
            await bench.clock.advance(4.0)
            assert bench.state is DEGRADED
            assert bench.take_reads().count("current_a") == 4
            assert bench.supervisor.last_error.endswith("this is a defect of the driver")
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


@pytest.mark.parametrize("policy", [StartPolicy.ERROR, StartPolicy.RETRY])
async def test_a_first_connection_that_fails_is_reported_and_tried_again(policy: StartPolicy) -> None:
    laser = MemoryLaser()
    laser.refuses = [ConnectionLostError("refused")]
    async with watched(laser, on_start=policy) as bench:
        assert bench.supervisor.first_attempt.is_set()
        assert not bench.supervisor.usable
        assert bench.supervisor.last_error == "refused"
        await bench.clock.advance(1.0)
        assert bench.supervisor.usable


async def test_a_device_to_be_ignored_is_left_out_after_one_attempt_but_kept_once_it_was_there() -> None:
    laser = MemoryLaser()
    laser.refuses = [ConnectionLostError("refused")]
    async with watched(laser, on_start=StartPolicy.IGNORE) as bench:
        assert bench.task is not None
        assert bench.task.done()
        assert bench.state is OFFLINE
    async with watched(on_start=StartPolicy.IGNORE) as bench:
        bench.laser.broken = {"current_a": ConnectionLostError("reset")}
        await bench.clock.advance(1.0)
        bench.laser.broken.clear()
        await bench.clock.advance(10.0)
        assert bench.state is ONLINE


async def test_a_value_is_stale_when_it_is_old_or_its_device_gone() -> None:
    async with watched(poll_s=1.0) as bench:
        supervisor = bench.supervisor
        assert supervisor.value("current_a") == 0.0
        bench.laser.broken["current_a"] = ProtocolError("garbage")
        await bench.clock.advance(4.9)
        assert supervisor.value("current_a") == 0.0
        await bench.clock.advance(0.2)
        assert supervisor.is_stale("current_a"), "3 periods and a time-out old"
        assert supervisor.readings["current_a"].value == 0.0, "the last value is kept with its time"
        assert not supervisor.is_stale("emission_enabled")
        bench.laser.broken["emission_enabled"] = ConnectionLostError("reset")
        await bench.clock.advance(1.0)
        assert supervisor.is_stale("emission_enabled")
        supervisor.note("power_w", 1e-3)
        assert supervisor.is_stale("power_w"), "the device is gone"


async def test_a_device_that_homes_for_long_is_connecting_and_not_hung() -> None:
    class Homing(MemoryLaser):
        async def is_prepared(self) -> bool:
            return False

        async def prepare(self) -> None:
            await self.reporting("homing", 40.0, self.clock.sleep(30.0))

    async with watched(Homing()) as bench:
        await bench.clock.advance(12.3)
        assert bench.state is CONNECTING
        assert bench.supervisor.progress == "homing, 12 s of at most 40 s"
        assert bench.clock.monotonic() - bench.supervisor.last_tick < 1.0
        await bench.clock.advance(18.0)
        assert bench.state is ONLINE
        assert bench.supervisor.progress == ""


async def test_a_read_back_is_not_overwritten_by_a_poll_that_began_before_it() -> None:
    class Slow(MemoryLaser):
        async def _read(self, attribute: Attribute) -> Value:
            value = await super()._read(attribute)
            if attribute.name == "current_a":
                await self.clock.sleep(0.5)  # the reply is on its way
            return value

    async with watched(Slow(), poll_s=1.0) as bench:
        await bench.clock.advance(1.2)
        bench.laser.held["current_a"] = 0.05
        bench.supervisor.note("current_a", 0.05)
        await bench.clock.advance(0.5)
        assert bench.supervisor.value("current_a") == 0.05
        await bench.clock.advance(1.0)
        assert bench.supervisor.value("current_a") == 0.05


async def test_one_can_wait_until_a_device_is_usable() -> None:
    laser = MemoryLaser()
    laser.refuses = [ConnectionLostError("refused")]
    async with watched(laser) as bench:
        waiting = asyncio.create_task(bench.supervisor.until_usable())
        await bench.clock.advance(0.0)
        assert not waiting.done()
        await bench.clock.advance(1.0)
        assert waiting.done()


async def test_a_device_is_prepared_once_nothing_stands_against_it_and_says_what_does() -> None:
    class Lost(MemoryLaser):
        moved = 0

        async def is_prepared(self) -> bool:
            return self.moved > 0

        async def prepare(self) -> None:
            self.moved += 1

    obstacles = [ProtocolError("the source emits"), ProtocolError("the source emits")]

    async def obstructed() -> None:
        if obstacles:
            raise obstacles.pop()

    laser = Lost()
    async with watched(laser, before_preparing=obstructed) as bench:
        assert bench.state is CONNECTING
        assert bench.supervisor.last_error == "the source emits"
        assert (laser.moved, laser.writes) == (0, [])
        await bench.clock.advance(5.0)
        assert bench.state is ONLINE
        assert laser.moved == 1
    async with watched(Lost(), may_write=False) as bench:
        assert bench.state is ONLINE
        assert bench.laser.moved == 0, "observing moves nothing"


async def test_cancelling_closes_the_device() -> None:
    async with watched() as bench:
        closed = bench.laser.closed
        assert bench.task is not None
        bench.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bench.task
        assert bench.laser.closed == closed + 1
