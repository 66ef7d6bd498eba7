"""The proxy between real clients and a real Mosquitto."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from hil_sim.faults.mqtt_packets import Packet, PacketKind
from hil_sim.faults.mqtt_proxy import MqttProxy
from qkdctl.clock import RealClock
from tests.bus.broker import MOSQUITTO, Broker, free_port

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.asyncio]
V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311
Got = list[tuple[str, bytes]]


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    broker.kill()


@pytest_asyncio.fixture
async def proxy(broker: Broker) -> AsyncIterator[MqttProxy]:
    async with MqttProxy("127.0.0.1", broker.port, RealClock(), seed=3) as proxy:
        yield proxy


@asynccontextmanager
async def client(
    port: int, name: str, version: aiomqtt.ProtocolVersion = V5, timeout_s: float = 5.0
) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client("127.0.0.1", port, identifier=name, protocol=version, timeout=timeout_s) as client:
        yield client


@asynccontextmanager
async def listening(port: int, name: str, topic: str = "#", qos: int = 2) -> AsyncIterator[Got]:
    """Collect what a client gets."""
    got: Got = []
    async with client(port, name) as reader:
        await reader.subscribe(topic, qos=qos)

        async def read() -> None:
            async for message in reader.messages:
                got.append((str(message.topic), bytes(message.payload)))

        task = asyncio.create_task(read())
        try:
            yield got
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def send(sender: aiomqtt.Client, count: int, topic: str = "t", qos: int = 0, begin: int = 0) -> None:
    for number in range(begin, begin + count):
        await sender.publish(topic, b"%d" % number, qos=qos)


def numbers(got: Got, topic: str = "t") -> list[int]:
    return [int(payload) for name, payload in got if name == topic and payload != b"end"]


def ended(got: Got) -> Callable[[], bool]:
    return lambda: any(payload == b"end" for _, payload in got)


@pytest.mark.parametrize("version", [V5, V311])
async def test_without_faults_everything_passes_in_order_for_every_quality_of_service(
    broker: Broker, proxy: MqttProxy, version: aiomqtt.ProtocolVersion
) -> None:
    big = bytes(range(256)) * 1000
    async with listening(proxy.port, "bob") as got, client(proxy.port, "alice", version) as alice:
        for qos in (0, 1, 2):
            await send(alice, 20, qos=qos, begin=20 * qos)
        await alice.publish("big", big, qos=2)
        await until(lambda: len(got) == 61)
        assert proxy.clients == ["alice", "bob"]
    assert sorted(numbers(got)) == list(range(60))
    assert got[60] == ("big", big)
    assert proxy.counts["alice"] == {"up passed": 61}
    assert proxy.counts["bob"] == {"down passed": 61}


async def test_what_a_client_says_before_it_leaves_still_arrives(broker: Broker, proxy: MqttProxy) -> None:
    proxy.fault(MqttFault(MqttFaultKind.DELAY, delay_s=0.05, clients=("alice",)))
    async with listening(broker.port, "bob") as got:
        async with client(proxy.port, "alice") as alice:
            await send(alice, 10)
        await until(lambda: len(got) == 10)
    assert numbers(got) == list(range(10))


async def test_a_client_that_reads_slowly_gets_all_that_was_said_before_the_broker_left() -> None:
    """More than sockets hold, so that the end still waits in the proxy when the broker is gone."""
    hello = Packet(PacketKind.CONNECT, 0, bytes.fromhex("00044d5154540402003c000161")).encode()
    said = 12_000 * Packet(PacketKind.PUBLISH, 0, b"\x00\x01t" + bytes(1000)).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(hello))
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, MqttProxy("127.0.0.1", server.sockets[0].getsockname()[1], RealClock()) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
        writer.write(hello)
        assert len(await reader.read()) == len(said)
        writer.close()


async def test_a_share_of_messages_is_lost_the_same_ones_with_the_same_seed(broker: Broker) -> None:
    lost = []
    for seed in (3, 3, 4):
        async with (
            MqttProxy("127.0.0.1", broker.port, RealClock(), seed) as proxy,
            listening(broker.port, "bob") as got,
            client(proxy.port, "alice") as alice,
        ):
            proxy.fault(MqttFault(MqttFaultKind.DROP, 0.2))
            await send(alice, 200)
            await alice.publish("t", b"end", qos=1)
            await until(ended(got))
            lost.append(sorted(set(range(200)) - set(numbers(got))))
            assert proxy.counts["alice"] == {"up passed": 201 - len(lost[-1]), "up lost": len(lost[-1])}
    assert lost[0] == lost[1] != lost[2]
    assert 15 < len(lost[0]) < 70


async def test_who_sends_acknowledged_messages_into_a_partition_is_told_that_all_is_well(
    broker: Broker, proxy: MqttProxy
) -> None:
    async with listening(broker.port, "bob") as got, client(proxy.port, "alice") as alice:
        proxy.fault(MqttFault(MqttFaultKind.PARTITION, clients=("alice",)))
        for qos in (0, 1, 2):
            await send(alice, 5, qos=qos)
        proxy.clear()
        await send(alice, 5, qos=2, begin=5)
        await until(lambda: len(got) == 5)
    assert numbers(got) == [5, 6, 7, 8, 9]


async def test_a_receiver_behind_a_partition_keeps_its_session(broker: Broker, proxy: MqttProxy) -> None:
    """30 messages above quality of service 0 fill the broker's window of 20, unless somebody acknowledges them."""
    async with listening(proxy.port, "bob") as got, client(broker.port, "alice") as alice:
        proxy.fault(MqttFault(MqttFaultKind.PARTITION, topics=("t",)))
        await send(alice, 15, qos=1)
        await send(alice, 15, qos=2)
        await alice.publish("u", b"end", qos=1)
        await until(ended(got))
        await until(lambda: proxy.counts["bob"]["down lost"] == 30)
        proxy.clear(MqttFaultKind.PARTITION)
        await send(alice, 30, qos=1)
        await until(lambda: len(got) == 31)
    assert numbers(got) == list(range(30))


async def test_messages_come_twice(broker: Broker, proxy: MqttProxy) -> None:
    async with listening(broker.port, "bob") as got, client(proxy.port, "alice") as alice:
        proxy.fault(MqttFault(MqttFaultKind.DUPLICATE))
        await send(alice, 10)
        await send(alice, 10, topic="acknowledged", qos=1)
        await until(lambda: len(got) == 30)
    assert Counter(numbers(got)) == dict.fromkeys(range(10), 2)
    assert numbers(got, "acknowledged") == list(range(10))


async def test_messages_overtake_each_other(broker: Broker, proxy: MqttProxy) -> None:
    async with listening(broker.port, "bob") as got, client(proxy.port, "alice") as alice:
        proxy.fault(MqttFault(MqttFaultKind.REORDER, 0.5, jitter_s=0.1))
        await send(alice, 30)
        await until(lambda: len(got) == 30)
    assert sorted(numbers(got)) == list(range(30))
    assert numbers(got) != list(range(30))


async def test_a_slow_network_is_slow_both_ways_and_keeps_order(broker: Broker, proxy: MqttProxy) -> None:
    clock = RealClock()
    async with listening(broker.port, "bob") as got, client(proxy.port, "alice") as alice:
        proxy.fault(MqttFault(MqttFaultKind.DELAY, delay_s=0.05, jitter_s=0.05))
        begin_s = clock.monotonic()
        await send(alice, 30)
        await alice.publish("t", b"end", qos=1)
        assert clock.monotonic() - begin_s >= 0.1
        await until(ended(got))
    assert numbers(got) == list(range(30))


async def test_a_partition_by_topic_or_client_heals_after_its_time(broker: Broker, proxy: MqttProxy) -> None:
    async with (
        listening(proxy.port, "bob", "to/bob") as bob,
        listening(proxy.port, "carol", "to/carol") as carol,
        client(proxy.port, "alice") as alice,
    ):
        proxy.fault(MqttFault(MqttFaultKind.PARTITION, topics=("to/bob",), directions=("up",), seconds=0.2))
        proxy.fault(MqttFault(MqttFaultKind.PARTITION, clients=("car*",), seconds=0.2))
        await send(alice, 5, "to/bob", qos=1)
        await send(alice, 5, "to/carol", qos=1)
        await until(lambda: not proxy.faults)
        await send(alice, 5, "to/bob", begin=5)
        await send(alice, 5, "to/carol", begin=5)
        await until(lambda: len(bob) + len(carol) == 10)
    assert numbers(bob, "to/bob") == numbers(carol, "to/carol") == [5, 6, 7, 8, 9]
    assert (proxy.counts["alice"]["up lost"], proxy.counts["carol"]["down lost"]) == (5, 5)


async def test_a_stalled_client_hears_nothing_until_the_stall_ends(broker: Broker, proxy: MqttProxy) -> None:
    async with (
        listening(broker.port, "bob") as got,
        client(proxy.port, "alice") as alice,
        client(proxy.port, "carol") as carol,
    ):
        proxy.fault(MqttFault(MqttFaultKind.STALL, clients=("alice", "dave")))
        silent = asyncio.create_task(send(alice, 5, qos=1))
        coming = asyncio.create_task(_enter(proxy.port, "dave"))
        await send(carol, 5, topic="carol", qos=1)
        await until(lambda: len(got) == 5)
        assert not silent.done()
        assert not coming.done()
        proxy.clear()
        await asyncio.gather(silent, coming)
        await until(lambda: len(got) == 10)
    assert numbers(got) == numbers(got, "carol") == list(range(5))


async def _enter(port: int, name: str, timeout_s: float = 5.0) -> None:
    async with client(port, name, timeout_s=timeout_s):
        pass


async def test_a_cut_breaks_the_connections_it_names_and_refuses_new_ones_for_its_time(proxy: MqttProxy) -> None:
    async with client(proxy.port, "carol") as carol:
        async with client(proxy.port, "alice") as alice:
            proxy.fault(MqttFault(MqttFaultKind.CUT, clients=("alice",), seconds=0.3))
            with pytest.raises(aiomqtt.MqttError):
                await anext(alice.messages)
        with pytest.raises(aiomqtt.MqttError):
            await _enter(proxy.port, "alice", timeout_s=0.1)
        await until(lambda: not proxy.faults)
        await _enter(proxy.port, "alice")
        await carol.publish("t", b"still here", qos=1)
        proxy.fault(MqttFault(MqttFaultKind.CUT))
        assert proxy.faults == []
        with pytest.raises(aiomqtt.MqttError):
            await anext(carol.messages)
    await until(lambda: not proxy.clients)


async def test_a_client_without_a_broker_and_one_that_talks_nonsense_are_disconnected(proxy: MqttProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n" + bytes(200))
    assert await reader.read() == b""
    writer.close()
    async with MqttProxy("127.0.0.1", free_port(), RealClock()) as nowhere:
        reader, writer = await asyncio.open_connection("127.0.0.1", nowhere.port)
        assert await reader.read() == b""
        writer.close()
