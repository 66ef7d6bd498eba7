"""States over a real broker from a whole node, through a broker that dies and comes back."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from qkdctl.bus.settings import MqttSettings
from qkdctl.node.publishing import publishing
from tests.node.bench import QUICK, running, simulated, until

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="needs a mosquitto executable")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """Mosquitto on a port of its own."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._file = directory / "mosquitto.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@asynccontextmanager
async def listening(port: int, seen: dict[str, dict]) -> AsyncIterator[None]:
    """Keep the newest payload of every topic, whatever happens to the broker."""

    async def listen() -> None:
        while True:
            try:
                async with aiomqtt.Client("127.0.0.1", port) as client:
                    await client.subscribe("qkdctl/#", qos=1)
                    async for message in client.messages:
                        seen[str(message.topic)] = json.loads(bytes(message.payload) or b"null")
            except aiomqtt.MqttError:
                await asyncio.sleep(0.05)

    task = asyncio.create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.asyncio
@pytest.mark.deadlines
async def test_states_of_devices_and_links_are_published_through_a_broker_restart(tmp_path: Path) -> None:
    broker, seen = Broker(tmp_path), {}
    broker.start()
    try:
        async with (
            simulated(tmp_path) as simulation,
            running(tmp_path, simulation, calibrated=QUICK) as bench,
            publishing(bench.node, MqttSettings("127.0.0.1", broker.port, heartbeat_s=0.2)),
            listening(broker.port, seen),
        ):
            await until(lambda: "qkdctl/bench/link/alice-bob/state" in seen)
            await until(lambda: all(f"qkdctl/bench/device/{name}/state" in seen for name in bench.node.supervisors))
            assert seen["qkdctl/bench/link/alice-bob/state"]["state"]["mode"] == "running"
            broker.kill()
            seen.clear()
            epoch = bench.node.epochs.epoch
            await until(lambda: bench.node.epochs.epoch > epoch + 2)
            assert bench.node.links["alice-bob"].mode == "running"
            broker.start()
            await bench.facade.make_safe("alice-bob", "test")
            await until(
                lambda: seen.get("qkdctl/bench/link/alice-bob/state", {}).get("state", {}).get("mode") == "manual-safe"
            )
            # whoever comes back later than the node asks for its birth
            async with aiomqtt.Client("127.0.0.1", broker.port) as late:
                await late.publish("qkdctl/bench/cmd/rebirth", b"", qos=1)
                await until(lambda: "qkdctl/bench/birth" in seen)
    finally:
        broker.kill()
