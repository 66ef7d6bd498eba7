"""The bus against a real Mosquitto."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qkdctl.bus.announcements import Availability, Birth, SessionId
from qkdctl.bus.node_stream import Born, Delivered, Died, Event
from qkdctl.bus.receiver import Receiver
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import RealClock
from tests.bus.broker import Broker
from tests.bus.nodes import running_bus, until

pytestmark = pytest.mark.needs_mosquitto
REPOSITORY = Path(__file__).parents[2]


def settings_for(broker: Broker, **changes: object) -> MqttSettings:
    return MqttSettings("127.0.0.1", broker.port, prefix="qkd/test", **changes)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_birth_comes_first_and_a_farewell_last(broker: Broker, tmp_path: Path) -> None:
    async with running_bus(tmp_path / "bob", settings_for(broker), "bob") as watcher:
        messages = watcher.subscribe("qkd/test/alice/#")
        await watcher.wait_for_connection()
        async with running_bus(tmp_path / "alice", settings_for(broker)) as alice:
            await alice.publish(alice.topics.device("voa"), b"{}", retain=True, qos=1)
            await until(lambda: watcher.figures.received == 3)
        await until(lambda: watcher.figures.received == 5)
        messages.close()
    seen = [message async for message in messages]
    names = [message.topic.removeprefix("qkd/test/alice/") for message in seen]
    assert names == ["birth", "availability", "device/voa/state", "availability", "death"]
    birth = Birth.decode(seen[0].payload)
    assert birth.facts == {"version": "1"}
    assert SessionId.decode(seen[4].payload) == birth.session
    assert [Availability.decode(seen[place].payload).online for place in (1, 3)] == [True, False]
    assert seen[2].origin is not None
    assert seen[2].origin.stream == birth.session.stream


@pytest.mark.asyncio
async def test_a_killed_client_dies_by_its_will(broker: Broker, tmp_path: Path) -> None:
    events: list[Event] = []
    async with running_bus(tmp_path / "bob", settings_for(broker), "bob") as bus:
        await bus.wait_for_connection()
        receiver = Receiver(bus, "qkd/test", lambda _, event: events.append(event), RealClock(), node="alice")
        receiving = asyncio.create_task(receiver.run())
        command = [sys.executable, "-m", "tests.bus.client", str(broker.port), str(tmp_path / "alice")]
        client = subprocess.Popen(command, cwd=REPOSITORY)
        try:
            await until(lambda: events)
            client.send_signal(signal.SIGKILL)
            await until(lambda: len(events) > 1)
        finally:
            client.kill()
            client.wait()
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
    born, died = events
    assert isinstance(born, Born)
    assert died == Died(born.birth.session)
    assert not receiver.streams["alice"].alive


@pytest.mark.asyncio
async def test_nothing_is_lost_over_a_killed_broker(broker: Broker, tmp_path: Path) -> None:
    """Telemetry at 100 Hz, the broker killed and started again 1 s later: all of it, in order, once."""
    clock = RealClock()
    numbers: list[int] = []

    def note(_: str, event: Event) -> None:
        if isinstance(event, Delivered):
            numbers.append(json.loads(event.payload))

    async with (
        running_bus(tmp_path / "alice", settings_for(broker)) as alice,
        running_bus(tmp_path / "bob", settings_for(broker), "bob") as bob,
    ):
        receiving = asyncio.create_task(Receiver(bob, "qkd/test", note, clock, node="alice").run())
        await alice.wait_for_connection()
        await bob.wait_for_connection()
        begin = clock.monotonic()
        for number in range(300):
            await clock.sleep(begin + number / 100 - clock.monotonic())
            await alice.publish(f"qkd/test/alice/telemetry/{number % 3}", b"%d" % number, qos=1)
            if number == 80:
                broker.kill()
            if number == 180:
                await broker.start()
                back = clock.monotonic()
                await alice.wait_for_connection()
                reconnected_s = clock.monotonic() - back
        await until(lambda: len(numbers) >= 300)
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    assert numbers == list(range(300))
    assert reconnected_s < 1.0
    assert alice.figures.sessions == 2
