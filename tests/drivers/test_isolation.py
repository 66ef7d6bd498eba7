"""Instruments that hang, on a socket and on a serial line, delay no other; measured in a real run."""

import asyncio
from collections.abc import Callable

import pytest

from hil_sim.disturbance import Disturbance
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.clock import RealClock
from qkdctl.devices.registry import driver_class
from qkdctl.devices.supervisor import DeviceState, Supervisor, SupervisorSettings

POLL_S = 0.05
STALL_S = 2.0
#: Far below the stall; far above what a busy machine adds.
TOLERATED_S = 0.2
HANGING = {"hanging-voa": "keysight-n776x", "hanging-epc": "ozoptics-epc04"}
OTHERS = {"laser": "thorlabs-cld101x", "meter": "thorlabs-pm100d", "source": "koheron-ctl200", "epc": "ozoptics-epc04"}


def p99_s(lateness: list[float]) -> float:
    return sorted(lateness)[int(0.99 * (len(lateness) - 1))]


async def until(condition: Callable[[], bool], clock: RealClock, limit_s: float = 10.0) -> None:
    deadline = clock.monotonic() + limit_s
    while not condition():
        assert clock.monotonic() < deadline
        await clock.sleep(0.01)


@pytest.mark.deadlines
@pytest.mark.asyncio
async def test_a_device_that_hangs_for_two_seconds_delays_no_other() -> None:
    clock = RealClock()
    models = {**HANGING, **OTHERS}
    scenario = scenario_of({"instruments": {name: {"model": model} for name, model in models.items()}})
    async with Simulation(scenario) as running:
        supervisors = {
            name: Supervisor(
                driver_class(model)(name, running.addresses[name], timeout_s=STALL_S + 1.0),
                SupervisorSettings(poll_s=POLL_S),
                clock,
            )
            for name, model in models.items()
        }
        tasks = [asyncio.create_task(supervisor.run()) for supervisor in supervisors.values()]
        others = [supervisors[name] for name in OTHERS]
        hanging = [supervisors[name] for name in HANGING]
        await until(lambda: all(s.counters.cycles > 2 for s in supervisors.values()), clock)

        def restart() -> None:
            for supervisor in supervisors.values():
                supervisor.counters.lateness_s.clear()

        restart()
        await until(lambda: all(len(s.counters.lateness_s) >= 15 for s in others), clock)
        before = [late for s in others for late in s.counters.lateness_s]
        restart()
        for name in HANGING:
            await running.fault(name, Disturbance("stall", seconds=STALL_S))
        cycles = [s.counters.cycles for s in hanging]
        await until(lambda: all(len(s.counters.lateness_s) >= 0.8 * STALL_S / POLL_S for s in others), clock)
        assert [s.counters.cycles - n for s, n in zip(hanging, cycles, strict=True)] <= [1, 1], "they do hang"
        during = [late for s in others for late in s.counters.lateness_s]
        figures = f"lateness p99: {p99_s(before) * 1e3:.1f} ms before, {p99_s(during) * 1e3:.1f} ms during"
        print(figures)
        assert p99_s(during) < max(TOLERATED_S, 3 * p99_s(before)), figures
        assert all(s.state is DeviceState.ONLINE and s.counters.failures == 0 for s in others)
        await until(lambda: all(s.counters.cycles > n + 3 for s, n in zip(hanging, cycles, strict=True)), clock)
        assert all(s.state is DeviceState.ONLINE and s.counters.failures == 0 for s in hanging)
        assert all(s.grid.missed >= 0.7 * STALL_S / POLL_S for s in hanging), "skipped, not made up for"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
