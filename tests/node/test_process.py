"""The daemon as a process: service manager, signals, kill -9, wrong starts."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from hil_sim.demo.policy_choice import PolicyChoice
from hil_sim.simulation import Simulation
from qkdctl import exit_codes
from qkdctl.client import Client, UnreachableError
from tests.node.bench import CONFIGURATION, simulated, until
from tests.node.bench_files import write_configuration

LINKS = ("alice-bob", "charlie-dave")
QKDCTL = (sys.executable, "-m", "qkdctl")


class Daemon:
    """`qkdctl run` on a simulated bench."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.client = Client(directory / "qkdctl.sock")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        with (self.directory / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "qkdctl", "run", "--config", str(self.directory / "qkdctl.toml")],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )

    async def status(self) -> dict | None:
        try:
            return await asyncio.to_thread(self.client.status)
        except UnreachableError:
            return None

    async def modes(self, wanted: str, timeout_s: float = 60.0) -> dict:
        async with asyncio.timeout(timeout_s):
            while True:
                status = await self.status()
                if status and status["links"] and all(link["mode"] == wanted for link in status["links"]):
                    return status
                assert self.process is not None
                assert self.process.poll() is None, (self.directory / "daemon.log").read_text()[-3000:]
                await asyncio.sleep(0.05)

    async def calibrate(self) -> None:
        async with asyncio.timeout(60):
            while True:
                status = await self.status()
                if status and all(device["state"] == "online" for device in status["devices"]):
                    break
                await asyncio.sleep(0.05)
        for link in LINKS:
            await asyncio.to_thread(self.client.link_action, link, "calibrate")

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, 60)

    def ledger(self) -> dict:
        done = subprocess.run(
            [*QKDCTL, "ledger", "verify", "--json", "--config", str(self.directory / "qkdctl.toml")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == exit_codes.OK, done.stdout + done.stderr
        return json.loads(done.stdout)


@asynccontextmanager
async def bench(directory: Path) -> AsyncIterator[tuple[Simulation, Daemon]]:
    async with simulated(directory) as simulation:
        write_configuration(directory, CONFIGURATION, simulation, PolicyChoice.parse("rule-based"))
        daemon = Daemon(directory)
        try:
            yield simulation, daemon
        finally:
            if daemon.process is not None:
                await daemon.end(signal.SIGKILL)


def listen(manager: socket.socket, heard: list[str]) -> None:
    heard.extend(manager.recv(4096).decode().splitlines())


def trace(directory: Path) -> list[dict]:
    return [json.loads(line) for line in (directory / "trace.jsonl").read_text().splitlines()]


def launched(directory: Path, link: str) -> list[dict]:
    return [e for e in trace(directory) if e["instrument"] == link and e["quantity"] == "mean_photon_number"]


@pytest.mark.asyncio
async def test_a_service_is_ready_healthy_and_dark_when_it_ends(tmp_path: Path) -> None:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.setblocking(False)
    heard: list[str] = []
    loop = asyncio.get_running_loop()
    loop.add_reader(manager, partial(listen, manager, heard))
    try:
        async with bench(tmp_path) as (_, daemon):
            daemon.start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000")
            await until(lambda: "READY=1" in heard)
            await daemon.calibrate()
            await daemon.modes("running")
            pings = heard.count("WATCHDOG=1")
            await until(lambda: heard.count("WATCHDOG=1") > pings + 1)
            await until(lambda: any("2 of 2 links up" in line for line in heard))
            code = await daemon.end(signal.SIGTERM)
            ended_at = loop.time()
            assert code == exit_codes.OK
            assert "STOPPING=1" in heard
            for link in LINKS:
                last = launched(tmp_path, link)[-1]
                assert last["value"] == 0.0
                assert last["monotonic_s"] < ended_at
    finally:
        loop.remove_reader(manager)
        manager.close()


@pytest.mark.asyncio
async def test_kill_9_at_any_time_loses_nothing_and_frees_no_light(tmp_path: Path) -> None:
    chance = random.Random(5)
    async with bench(tmp_path) as (_, daemon):
        daemon.start()
        await daemon.calibrate()
        await daemon.modes("running")
        for _ in range(4):
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            await daemon.end(signal.SIGKILL)
            report = daemon.ledger()
            assert report["ok"]
            daemon.start()
            await asyncio.sleep(chance.uniform(0.0, 2.0))
        await daemon.modes("running")
        for link in LINKS:
            assert max(entry["value"] for entry in launched(tmp_path, link)) <= 0.9
        assert await daemon.end() == exit_codes.OK
        assert all(launched(tmp_path, link)[-1]["value"] == 0.0 for link in LINKS)


@pytest.mark.asyncio
async def test_a_link_that_stands_where_it_was_left_runs_on_without_a_bump(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, daemon):
        daemon.start()
        await daemon.calibrate()
        await daemon.modes("running")
        for link in LINKS:
            await asyncio.to_thread(daemon.client.link_action, link, "hold")
        await asyncio.sleep(1.5)
        before = await daemon.modes("hold")
        await daemon.end(signal.SIGKILL)
        written = len(trace(tmp_path))
        daemon.start()
        after = await daemon.modes("hold")
        moved = [e for e in trace(tmp_path)[written:] if e["quantity"] in ("mean_photon_number", "laser_power_w")]
        assert all(entry["value"] > 0 for entry in moved)
        for one, two in zip(before["links"], after["links"], strict=True):
            assert one["mean_photon_number"] == two["mean_photon_number"]
        await daemon.end()


@pytest.mark.asyncio
async def test_an_instrument_that_was_moved_meanwhile_goes_dark_first(tmp_path: Path) -> None:
    async with bench(tmp_path) as (simulation, daemon):
        daemon.start()
        await daemon.calibrate()
        await daemon.modes("running")
        await daemon.end(signal.SIGKILL)
        simulation.bench.links["alice-bob"].set_laser_power_w(0.0)
        await simulation.power_cycle("laser-alice")
        written = len(trace(tmp_path))
        daemon.start()
        await daemon.modes("running")
        entries = [e for e in trace(tmp_path)[written:] if e["instrument"] == "voa-alice"]
        shutter = [e["value"] for e in entries if e["quantity"] == "shutter_open"]
        assert shutter[0] is False
        assert shutter[-1] is True
        await daemon.end()


def test_a_second_daemon_on_the_same_state_is_refused(tmp_path: Path) -> None:
    async def both() -> tuple[int, str]:
        async with bench(tmp_path) as (_, first):
            first.start()
            await until((tmp_path / "qkdctl.sock").exists)
            second = subprocess.run(
                [sys.executable, "-m", "qkdctl", "run", "--config", str(tmp_path / "qkdctl.toml")],
                capture_output=True, text=True, check=False, timeout=30,
            )  # fmt: skip
            assert await first.status() is not None
            await first.end()
            return second.returncode, second.stderr

    code, text = asyncio.run(both())
    assert code == exit_codes.UNAVAILABLE
    assert "cannot start" in text


def test_a_wrong_configuration_ends_with_78_and_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "qkdctl.toml"
    path.write_text('[node]\nname = "bench"\nepoch_ms = 5\n')
    done = subprocess.run(
        [sys.executable, "-m", "qkdctl", "run", "--config", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == exit_codes.CONFIG
    assert f"{path}:3" in done.stderr
    assert list(tmp_path.iterdir()) == [path]
