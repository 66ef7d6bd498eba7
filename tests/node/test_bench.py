"""The whole node over the whole simulated bench: it runs, obeys, goes dark, and never lets out too much light."""

import asyncio
import json
from pathlib import Path

import pytest

from qkdctl.api.errors import ConflictError, InvalidValueError
from qkdctl.node.node_views import link_now
from tests.node.bench import LINKS, QUICK, running, simulated, until

pytestmark = pytest.mark.deadlines


@pytest.mark.asyncio
async def test_links_come_up_make_key_and_go_dark(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation:
        async with running(tmp_path, simulation) as bench:
            await until(lambda: all(key_rate(link_now(bench.node, link)) for link in LINKS))
            views = {link: link_now(bench.node, link) for link in LINKS}
            status = bench.facade.status()
        for link, view in views.items():
            commanded, measured = view["mean_photon_number"], view["measured_mean_photon_number"]
            assert measured == pytest.approx(commanded, rel=0.02)
            launched = bench.traced(link, "mean_photon_number")
            assert max(launched) <= view["cap"]
            assert launched[-1] == 0.0
            dark_at = bench.traced_times(link, "mean_photon_number")[-1][0]
            assert all(at <= dark_at for at, value in bench.traced_times(link, "laser_power_w") if value > 0)
        assert status["state"] == "running"
        assert status["complaints"] == []


def key_rate(view: dict) -> float:
    return view["secret_key_rate_bps"] or 0.0


@pytest.mark.asyncio
async def test_the_ledger_holds_and_commits_before_it_writes(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        entries = await bench.store.ledger.since(-1, 500)
        assert await bench.store.ledger.verify() is None
        kinds = {entry.kind for entry in entries}
        assert {"start", "calibration", "outcome", "decision"} <= kinds
        committed_on = next(
            entry.wall_ms
            for entry in entries
            if "true" in str(entry.payload.get("set_points", {}).get("laser-alice", {}).get("emission_enabled"))
        )
        # the calibration also lets the laser emit, shutter closed; light leaves only after the commit
        trace = [json.loads(line) for line in bench.trace.read_text().splitlines()]
        first_light = next(
            entry
            for entry in trace
            if entry["instrument"] == "alice-bob" and entry["quantity"] == "mean_photon_number" and entry["value"] > 0
        )
        assert committed_on <= first_light["wall_ms"]


@pytest.mark.asyncio
async def test_the_policy_moves_power_and_realigns_on_its_own(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        start = bench.node.links["alice-bob"].operations.operation.mean_photon_number_e6
        await until(lambda: bench.node.links["alice-bob"].operations.operation.mean_photon_number_e6 != start)
        epochs = await bench.facade.history("alice-bob", 100)
        assert any(epoch["action"].startswith(("up", "down")) for epoch in epochs)


@pytest.mark.asyncio
async def test_an_operator_realigns_and_the_qber_falls(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        await bench.facade.hold("alice-bob", "test")
        supervisor = bench.node.supervisors["epc-bob"]
        link = bench.node.links["alice-bob"]
        async with supervisor.writing:
            for axis, value in (("voltage_1_mv", -400), ("voltage_2_mv", 2000)):
                await supervisor.device.write_verified(axis, value)
        await until(lambda: not link.busy and link.mode == "hold")
        await bench.facade.realign("alice-bob", "test")
        entry = next(
            e for e in reversed(await bench.store.ledger.tail(50)) if e.kind == "outcome" and "realign" in e.payload
        )
        assert entry.payload["qber_after_ppm"] < 20_000 < entry.payload["qber_before_ppm"]
        assert link.mode == "hold"


@pytest.mark.asyncio
async def test_operators_hold_darken_and_resume_and_it_survives_a_restart(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation:
        async with running(tmp_path, simulation) as bench:
            await bench.facade.hold("charlie-dave", "test")
            await bench.facade.make_safe("alice-bob", "test")
            assert bench.node.links["alice-bob"].mode == "manual-safe"
            assert bench.traced("alice-bob", "mean_photon_number")[-1] == 0.0
        async with running(tmp_path, simulation, calibrated=()) as bench:
            await until(lambda: bench.node.links["charlie-dave"].mode == "hold")
            assert bench.node.links["alice-bob"].mode == "manual-safe"
            assert bench.traced("alice-bob", "mean_photon_number")[-1] == 0.0
            await bench.facade.resume("alice-bob", "test")
            await until(lambda: bench.node.links["alice-bob"].mode == "running")


@pytest.mark.asyncio
async def test_values_a_link_stands_on_belong_to_the_link(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation, running(tmp_path, simulation, calibrated=QUICK) as bench:
        with pytest.raises(ConflictError, match="belongs to link alice-bob"):
            await bench.facade.set_attribute("voa-alice", "attenuation_db", 1.0, "test", dry_run=False)
        with pytest.raises(ConflictError):
            await bench.facade.set_attribute("laser-alice", "emission_enabled", True, "test", dry_run=True)
        with pytest.raises(InvalidValueError):
            await bench.facade.set_attribute("voa-alice", "attenuation_db", 99.0, "test", dry_run=True)
        await bench.facade.make_safe("alice-bob", "test")
        change = await bench.facade.set_attribute("voa-alice", "attenuation_db", 30.0, "test", dry_run=False)
        assert change["new"] == pytest.approx(30.0, abs=0.01)


@pytest.mark.asyncio
async def test_an_observing_daemon_writes_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path) as simulation:
        before = None
        async with running(tmp_path, simulation, calibrated=(), observe_only=True) as bench:
            before = bench.trace.read_text()
            await until(lambda: len(bench.node.epochs.outcomes) >= 3)
            with pytest.raises(ConflictError, match="only observes"):
                await bench.facade.calibrate("alice-bob", "test")
            with pytest.raises(ConflictError, match="only observes"):
                await bench.facade.set_attribute("epc-bob", "voltage_1_mv", 0, "test", dry_run=False)
            assert bench.facade.status()["state"] == "observe-only"
        writes = [line for line in bench.trace.read_text().splitlines()[len(before.splitlines()) :] if line]
        assert writes == []


@pytest.mark.asyncio
async def test_more_light_than_allowed_darkens_the_link_before_the_epoch_ends(tmp_path: Path) -> None:
    async with (
        simulated(tmp_path) as simulation,
        running(tmp_path, simulation, calibrated=QUICK, epoch_s=60.0) as bench,
    ):
        link = simulation.bench.links["alice-bob"]
        # somebody turns the laser up behind the daemon's back: the tap sees it
        link.set_laser_power_w(link.settings.laser_power_w * 10)
        await until(lambda: bench.traced("alice-bob", "mean_photon_number")[-1] == 0.0)
        times = bench.traced_times("alice-bob", "mean_photon_number")
        too_much = next(at for at, value in times if value > 0.9)
        dark = times[-1][0]
        assert dark - too_much < 1.5


@pytest.mark.asyncio
async def test_start_and_stop_leave_no_task(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with simulated(tmp_path) as simulation:
        node = running(tmp_path, simulation, calibrated=())
        async with node:
            assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before
