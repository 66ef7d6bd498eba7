"""The bus against a real Mosquitto."""

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from qkdctl.bus.announcements import Availability, Birth, SessionId
from qkdctl.bus.node_stream import Born, Delivered, Died, Event
from qkdctl.bus.receiver import Receiver
from qkdctl.bus.settings import MqttSettings, TlsSettings
from qkdctl.clock import RealClock
from tests.bus.broker import MOSQUITTO, Broker, free_port
from tests.bus.certificates import make_certificates, user_line
from tests.bus.nodes import running_bus, until
from tests.bus.proxy import Proxy

pytestmark = pytest.mark.needs_mosquitto
REPOSITORY = Path(__file__).parents[2]


SCHEDULING_S = 0.5  # This machine may be busy; the bound itself is tested in virtual time.


def settings_for(broker: Broker, via: Proxy | None = None, **changes: Any) -> MqttSettings:
    return MqttSettings("127.0.0.1", via.port if via else broker.port, prefix="qkd/test", **changes)


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
        command = [sys.executable, "-m", "tests.bus.client", str(broker.port), str(tmp_path / "alice"), "2"]
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


@pytest.mark.asyncio
async def test_a_killed_broker_is_reported_in_words(broker: Broker, tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with running_bus(tmp_path / "alice", settings_for(broker)) as alice:
            await alice.wait_for_connection()
            broker.kill()
            await until(lambda: logs)
    assert "the connection broke" in logs[0]["error"]


@pytest.mark.asyncio
async def test_a_receiver_that_was_away_gets_what_it_missed(broker: Broker, tmp_path: Path) -> None:
    """The broker drops what comes while a receiver is cut off; the sender has it still."""
    numbers: list[int] = []

    def note(_: str, event: Event) -> None:
        if isinstance(event, Delivered):
            numbers.append(json.loads(event.payload))

    async with (
        Proxy(broker.port) as proxy,
        running_bus(tmp_path / "alice", settings_for(broker)) as alice,
        running_bus(tmp_path / "bob", settings_for(broker, via=proxy), "bob") as bob,
    ):
        receiving = asyncio.create_task(Receiver(bob, "qkd/test", note, RealClock(), node="alice").run())
        await alice.wait_for_connection()
        await bob.wait_for_connection()
        for number in range(60):
            if number == 20:
                await until(lambda: len(numbers) == 20)
                proxy.target_port = free_port()
                proxy.cut()
                await bob.wait_for_connection(present=False)
            if number == 40:
                await until(lambda: not alice._outbox.waiting)
                proxy.target_port = broker.port
                await bob.wait_for_connection()
            await alice.publish("qkd/test/alice/telemetry", b"%d" % number, qos=1)
        await until(lambda: len(numbers) >= 60)
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    assert numbers == list(range(60))


@pytest.mark.asyncio
async def test_a_half_open_link_is_noticed_and_replaced(broker: Broker, tmp_path: Path) -> None:
    clock = RealClock()
    async with (
        Proxy(broker.port) as proxy,
        running_bus(tmp_path, settings_for(broker, via=proxy, heartbeat_s=1.0, connect_timeout_s=0.5)) as bus,
        running_bus(tmp_path / "bob", settings_for(broker), "bob") as bob,
    ):
        messages = bob.subscribe("qkd/test/alice/t")
        await bus.wait_for_connection()
        await bob.wait_for_connection()
        proxy.silent = True
        begin = clock.monotonic()
        await bus.publish("qkd/test/alice/t", b"while silent", qos=1)
        await bus.wait_for_connection(present=False)
        noticed_s = clock.monotonic() - begin
        proxy.silent = False
        assert (await anext(messages)).payload == b"while silent"
        messages.close()
    assert noticed_s <= 1.5 + SCHEDULING_S


@pytest.mark.asyncio
async def test_what_is_retained_comes_back_with_a_broker_that_forgot_it(broker: Broker, tmp_path: Path) -> None:
    async with running_bus(tmp_path / "alice", settings_for(broker)) as alice:
        await alice.wait_for_connection()
        await alice.publish(alice.topics.device("voa"), b"state", retain=True, qos=1)
        await until(lambda: not alice._outbox.waiting)
        broker.kill()
        await alice.wait_for_connection(present=False)
        await broker.start()
        await alice.wait_for_connection()
        async with running_bus(tmp_path / "bob", settings_for(broker), "bob") as bob:
            messages = bob.subscribe("qkd/test/alice/+")
            states = bob.subscribe("qkd/test/alice/device/#")
            available, state = await anext(messages), await anext(states)
            messages.close()
            states.close()
    assert available.topic == alice.topics.availability
    assert available.retain
    assert Availability.decode(available.payload).online
    assert (state.payload, state.topic) == (b"state", alice.topics.device("voa"))


@pytest.mark.asyncio
async def test_the_availability_of_a_killed_node_expires(broker: Broker, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bus.client", str(broker.port), str(tmp_path / "alice"), "0.3"]
    async with running_bus(tmp_path / "bob", settings_for(broker), "bob") as bob:
        messages = bob.subscribe("qkd/test/alice/availability")
        client = subprocess.Popen(command, cwd=REPOSITORY)
        try:
            await anext(messages)
        finally:
            client.kill()
            client.wait()
        messages.close()

        async def is_kept() -> bool:
            with bob.subscribe("qkd/test/alice/availability") as kept, bob.subscribe("qkd/test/echo") as echo:
                await until(lambda: bob._opening and not bob._opening._filters)
                await bob.publish("qkd/test/echo", b"")
                await anext(echo)
            return [message async for message in kept] != []

        assert await is_kept()
        async with asyncio.timeout(8):
            while await is_kept():
                await RealClock().sleep(0.1)


@pytest.mark.asyncio
async def test_tls_and_a_password_that_is_read_at_every_attempt(tmp_path: Path) -> None:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    authority = make_certificates(tmp_path)
    (tmp_path / "users").write_text(user_line("alice", "right"))
    (tmp_path / "users").chmod(0o600)
    broker = Broker(
        tmp_path,
        f"password_file {tmp_path / 'users'}\ncafile {authority}\n"
        f"certfile {tmp_path / 'broker.pem'}\nkeyfile {tmp_path / 'broker.key'}",
    )
    await broker.start()
    password_file = tmp_path / "password"
    password_file.write_text("wrong\n")
    settings = settings_for(broker, username="alice", password_file=password_file, tls=TlsSettings(authority))
    try:
        with structlog.testing.capture_logs() as logs:
            async with running_bus(tmp_path / "state", settings) as bus:
                await until(lambda: logs)
                assert "Not authorized" in logs[0]["error"]
                password_file.write_text("right\n")
                await bus.wait_for_connection()
        assert [entry["event"] for entry in logs] == ["unavailable", "back"]
        assert "right" not in str(logs)
        with structlog.testing.capture_logs() as logs:
            async with running_bus(
                tmp_path / "state", replace(settings, tls=TlsSettings(tmp_path / "other.pem"))
            ) as bus:
                await until(lambda: logs)
                assert not bus.connected
        assert "certificate verify failed" in logs[0]["error"]
    finally:
        broker.kill()


@pytest.mark.asyncio
async def test_a_node_that_stops_while_it_connects_leaves_nothing_behind(tmp_path: Path) -> None:
    async with Proxy(None) as proxy:
        settings = MqttSettings("127.0.0.1", proxy.port, connect_timeout_s=0.3)
        async with running_bus(tmp_path, settings) as bus:
            await until(lambda: proxy.accepted)
            assert not bus.connected
