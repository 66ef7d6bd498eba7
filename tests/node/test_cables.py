"""Instruments that vanish and come back under a running node: nobody else notices, and nothing is lost."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from hil_sim.disturbance import Disturbance
from qkdctl.devices.supervisor import Supervisor
from tests.node.bench import QUICK, Bench, running, simulated, until

pytestmark = pytest.mark.deadlines

#: What a link cannot run without; when it goes, light goes.
NEEDED = ("laser-alice", "voa-alice")
ALL = ("laser-alice", "voa-alice", "tap-alice", "epc-bob", "snspd-bob", "engine-alice", "engine-bob")


def set_points(bench: Bench) -> dict:
    """What the link stands on, apart from what the policy moves."""
    return {name: dict(bench.node.journal.committed(name)) for name in ALL}


@pytest.mark.asyncio
async def test_every_unplugged_instrument_comes_back_by_itself(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        link = bench.node.links["alice-bob"]
        await bench.facade.hold("alice-bob", "test")
        await until(lambda: not link.busy)
        for instrument in ALL:
            await settled(bench)
            supervisor, stood = bench.node.supervisors[instrument], set_points(bench)
            others = [s for s in bench.node.supervisors.values() if s is not supervisor]
            before = {s.device.name: s.counters.cycles for s in others}
            lit = dark_times(bench)
            await simulation.unplug(instrument)
            await until(lambda supervisor=supervisor: not supervisor.usable)
            if instrument in NEEDED:
                await until(lambda lit=lit: dark_times(bench) > lit)
            await simulation.replug(instrument)
            await until(lambda supervisor=supervisor: supervisor.usable and link.mode == "hold")
            await until(
                lambda others=others, before=before: all(
                    s.usable and s.counters.cycles > before[s.device.name] for s in others
                )
            )
            assert set_points(bench) == stood, instrument
        assert max(bench.traced("alice-bob", "mean_photon_number")) <= 0.9


@pytest.mark.asyncio
async def test_every_instrument_that_lost_power_gets_its_set_points_back(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        link = bench.node.links["alice-bob"]
        await bench.facade.hold("alice-bob", "test")
        await until(lambda: not link.busy)
        for instrument in ("laser-alice", "voa-alice", "epc-bob", "engine-bob", "tap-alice"):
            await settled(bench)
            supervisor, wanted = bench.node.supervisors[instrument], dict(bench.node.journal.committed(instrument))
            connects, darkened = supervisor.counters.connects, dark_times(bench)
            await simulation.power_cycle(instrument)
            await until(
                lambda supervisor=supervisor, connects=connects, darkened=darkened: (
                    supervisor.counters.connects > connects or dark_times(bench) > darkened
                )
            )
            await until(lambda supervisor=supervisor, wanted=wanted: link.mode == "hold" and stands(supervisor, wanted))
        assert max(bench.traced("alice-bob", "mean_photon_number")) <= 0.9


def stands(supervisor: Supervisor, wanted: Mapping[str, object]) -> bool:
    """Whether a device reads what was set before it lost power."""
    return all(
        (seen := supervisor.value(name)) is not None and supervisor.device.attribute(name).matches(value, seen)
        for name, value in wanted.items()
    )


async def settled(bench: Bench) -> None:
    """Everything is there again, has been read twice since, and the link has its light."""
    link, supervisors = bench.node.links["alice-bob"], list(bench.node.supervisors.values())
    read = [s.counters.cycles + 2 for s in supervisors]
    await until(
        lambda: (
            all(s.usable and s.counters.cycles >= least for s, least in zip(supervisors, read, strict=True))
            and link.mode == "hold"
            and not link.busy
            and bench.traced("alice-bob", "mean_photon_number")[-1] > 0
        )
    )


def dark_times(bench: Bench) -> int:
    """How often the light of the link went out."""
    return bench.traced("alice-bob", "mean_photon_number").count(0.0)


@pytest.mark.asyncio
async def test_a_device_that_hangs_delays_no_other(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        victim = bench.node.supervisors["snspd-bob"]
        others = [s for s in bench.node.supervisors.values() if s is not victim]
        for s in others:
            s.counters.lateness_s.clear()
        await until(lambda: all(len(s.counters.lateness_s) >= 6 for s in others))
        before = worst(others)
        for s in others:
            s.counters.lateness_s.clear()
        failures = victim.counters.failures
        await simulation.fault("snspd-bob", Disturbance("stall", seconds=5.0))
        await until(lambda: victim.counters.failures > failures)
        during = worst(others)
        assert during < before + 0.15, f"lateness {before:.4f} s before, {during:.4f} s during"
        await until(lambda: victim.usable)


def worst(supervisors: list) -> float:
    """A high quantile of the lateness of all polls."""
    lateness = sorted(x for s in supervisors for x in s.counters.lateness_s)
    return lateness[int(0.95 * (len(lateness) - 1))]


@pytest.mark.asyncio
async def test_garbage_and_late_replies_move_no_light(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        link = bench.node.links["alice-bob"]
        for kind in (
            Disturbance("garbage", replies=3),
            Disturbance("late", seconds=2.5, replies=1),
            Disturbance("split", replies=5, size=1, seconds=0.002),
            Disturbance("merge", replies=2, seconds=0.05),
        ):
            for instrument in ("voa-alice", "laser-alice", "tap-alice"):
                await simulation.fault(instrument, kind)
        cycles = bench.node.supervisors["voa-alice"].counters.cycles
        await until(lambda: bench.node.supervisors["voa-alice"].counters.cycles > cycles + 12)
        await until(lambda: link.mode == "running")
        assert max(bench.traced("alice-bob", "mean_photon_number")) <= 0.9
