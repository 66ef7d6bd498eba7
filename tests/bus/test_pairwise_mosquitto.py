"""Messages between pairs of nodes over real Mosquittos that die, hang and come back."""

import asyncio
import socket
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from hil_sim.faults.mqtt_packets import Packet, PacketKind
from hil_sim.faults.mqtt_proxy import MqttProxy
from qkdctl.bus.pairwise import CAPACITY, MOST_BYTES, Incoming, PairTransport
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import RealClock
from tests.bus.broker import MOSQUITTO, Broker
from tests.bus.nodes import until
from tests.bus.pairs import connected, mqtt_pairs, peer, reading, running

pytestmark = pytest.mark.needs_mosquitto
NODES = ("alice", "bob", "carol", "dave")


@pytest_asyncio.fixture
async def brokers(tmp_path: Path) -> AsyncIterator[dict[str, Broker]]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    two = {}
    for via in ("east", "west"):
        (tmp_path / via).mkdir()
        two[via] = Broker(tmp_path / via)
    for broker in two.values():
        await broker.start()
    yield two
    for broker in two.values():
        broker.kill()


async def exchange(nodes, inboxes: dict[str, list[Incoming]], word: bytes, copies: int = 1) -> None:
    """Everybody writes to everybody, and all of it arrives so many times."""
    for me in NODES:
        for to in set(NODES) - {me}:
            nodes[me].send(to, b"%s from %s to %s" % (word, me.encode(), to.encode()))
    wanted = {
        me: {(sender, b"%s from %s to %s" % (word, sender.encode(), me.encode())) for sender in set(NODES) - {me}}
        for me in NODES
    }

    def all_there() -> bool:
        return all(
            {found for found, count in counted.items() if count >= copies} >= wanted[me]
            for me in NODES
            for counted in [Counter((incoming.sender, incoming.data) for incoming in inboxes[me])]
        )

    await until(all_there)


@pytest.mark.asyncio
async def test_nodes_keep_talking_while_one_broker_dies_and_comes_back(brokers: dict[str, Broker]) -> None:
    nodes = mqtt_pairs(NODES, brokers, heartbeat_s=0.2)
    inboxes: dict[str, list[Incoming]] = {me: [] for me in NODES}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(nodes.values()))
        for me in NODES:
            await stack.enter_async_context(reading(nodes[me], inboxes[me]))
        await connected(nodes, "east")
        await connected(nodes, "west")
        await exchange(nodes, inboxes, b"one", copies=2)
        brokers["east"].kill()
        await exchange(nodes, inboxes, b"two")
        await connected(nodes, "east", present=False)
        await exchange(nodes, inboxes, b"three")
        await brokers["east"].start()
        await connected(nodes, "east")
        brokers["west"].kill()
        await exchange(nodes, inboxes, b"four")
        assert {incoming.via for incoming in inboxes["bob"] if incoming.data.startswith(b"four")} == {"east"}
        assert all(status.sessions == 2 for status in (nodes[me].status()[0] for me in NODES))
    for me in NODES:
        assert all(incoming.data.endswith(b"to " + me.encode()) for incoming in inboxes[me])
        assert all(b"from " + incoming.sender.encode() + b" " in incoming.data for incoming in inboxes[me])


@pytest.mark.asyncio
async def test_a_broker_that_hangs_costs_bounded_memory_and_delays_nothing(brokers: dict[str, Broker]) -> None:
    nodes = mqtt_pairs(("alice", "bob"), brokers, heartbeat_s=0.5, connect_timeout_s=1.0)
    alice, bob = nodes["alice"], nodes["bob"]
    count = 20 * CAPACITY
    async with running(nodes.values()):
        await connected(nodes, "east")
        await connected(nodes, "west")
        messages = bob.received()
        brokers["east"].pause()
        tracemalloc.start()
        try:
            for number in range(count):
                alice.send("bob", number.to_bytes(4, "big") + bytes(MOST_BYTES - 4))
                incoming = await anext(messages)
                assert (incoming.via, int.from_bytes(incoming.data[:4], "big")) == ("west", number)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        stuck, well = peer(alice, "bob", 0), peer(alice, "bob", 1)
        assert (well.sent, well.dropped) == (count, 0)
        assert stuck.dropped + stuck.queued > 0
        assert peak_bytes < (CAPACITY + 16) * MOST_BYTES
        await connected(nodes, "east", present=False)
        brokers["east"].resume()
        await connected(nodes, "east")


@pytest.mark.asyncio
async def test_messages_that_a_broker_kept_or_that_are_too_long_are_refused(brokers: dict[str, Broker]) -> None:
    east = {"east": brokers["east"]}
    topic = "qkdctl/metro/pair/alice/bob"
    nodes = mqtt_pairs(("alice", "bob"), east)
    async with aiomqtt.Client(
        "127.0.0.1", brokers["east"].port, protocol=aiomqtt.ProtocolVersion.V5, identifier="mallory"
    ) as mallory:
        await mallory.publish(topic, b"kept from before", qos=1, retain=True)
        async with running(nodes.values()):
            await connected(nodes, "east")
            await mallory.publish(topic, b"kept", qos=2, retain=True)
            await mallory.publish(topic, bytes(MOST_BYTES + 1), qos=0)
            await mallory.publish(topic, bytes(10 * MOST_BYTES), qos=0)
            await mallory.publish(topic, b"", qos=0)
            nodes["alice"].send("bob", b"fresh")
            assert (await anext(nodes["bob"].received())).data == b"fresh"
            await until(lambda: peer(nodes["bob"], "alice").refused == 3)
            assert peer(nodes["bob"], "alice").received == 1


def flood(port: int, topic: bytes, payload: bytes, count: int) -> None:
    """Publish as fast as the network takes it; blocks."""
    hello = bytes.fromhex("100d00044d5154540402003c000161")  # MQTT 3.1.1, client "a"
    message = Packet(PacketKind.PUBLISH, 0, len(topic).to_bytes(2, "big") + topic + payload).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(hello)
        connection.recv(4)
        for _ in range(count):
            connection.sendall(message)


async def repeat(sender: PairTransport, to: str, data: bytes) -> None:
    """Send again and again, as protocols do that nobody keeps anything for."""
    while True:
        sender.send(to, data)
        await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_a_flood_is_read_as_it_comes_and_crowds_out_nobody(brokers: dict[str, Broker]) -> None:
    """12 MB from one peer while the reader is away: only the newest stay, another peer's is there, nothing piles up."""
    nodes = mqtt_pairs(("alice", "bob", "carol"), {"east": brokers["east"]})
    async with running(nodes.values()):
        await connected(nodes, "east")
        nodes["carol"].send("bob", b"calm")
        await until(lambda: peer(nodes["bob"], "carol").received)
        tracemalloc.start()
        try:
            await asyncio.to_thread(flood, brokers["east"].port, b"qkdctl/metro/pair/alice/bob", bytes(8000), 1500)
            await until(lambda: peer(nodes["bob"], "alice").overrun)
            messages = nodes["bob"].received()
            first = [await anext(messages) for _ in range(2)]
            ending = asyncio.create_task(repeat(nodes["alice"], "bob", b"end"))
            while (await anext(messages)).data != b"end":
                pass
            ending.cancel()
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert Incoming("carol", b"calm", "east") in first
        assert peak_bytes < 2_000_000


@pytest.mark.asyncio
async def test_sessions_last_over_a_slow_network_that_loses_doubles_and_reorders(brokers: dict[str, Broker]) -> None:
    """A fifth of the messages lost each way and 200 to 300 ms of delay: what is repeated arrives, nobody reconnects."""
    async with MqttProxy("127.0.0.1", brokers["east"].port, RealClock(), seed=5) as proxy:
        bad = MqttSettings("127.0.0.1", proxy.port, heartbeat_s=0.1)
        nodes = mqtt_pairs(("alice", "bob"), {"east": bad})
        seen: list[Incoming] = []
        async with running(nodes.values()), reading(nodes["bob"], seen):
            await connected(nodes, "east")
            for fault in (
                MqttFault(MqttFaultKind.DROP, 0.2),
                MqttFault(MqttFaultKind.DELAY, delay_s=0.2, jitter_s=0.1),
                MqttFault(MqttFaultKind.DUPLICATE, 0.1),
                MqttFault(MqttFaultKind.REORDER, 0.1, jitter_s=0.1),
            ):
                proxy.fault(fault)
            wanted = {b"%d" % number for number in range(20)}
            async with asyncio.timeout(10):
                while not wanted <= {incoming.data for incoming in seen}:
                    for data in wanted - {incoming.data for incoming in seen}:
                        nodes["alice"].send("bob", data)
                    await asyncio.sleep(0.3)
            assert len(seen) > len(wanted)
            (status,) = nodes["alice"].status()
            assert (status.sessions, status.unknown) == (1, 0)
            assert status.round_trip_s is not None
            assert status.round_trip_s > 0.4


@pytest.mark.asyncio
async def test_a_broker_where_nobody_listens_changes_nothing(brokers: dict[str, Broker]) -> None:
    brokers["east"].kill()
    slow = MqttSettings("127.0.0.1", brokers["west"].port)
    nodes = mqtt_pairs(NODES, {"east": replace(slow, port=brokers["east"].port), "west": slow})
    inboxes: dict[str, list[Incoming]] = {me: [] for me in NODES}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(nodes.values()))
        for me in NODES:
            await stack.enter_async_context(reading(nodes[me], inboxes[me]))
        await connected(nodes, "west")
        await exchange(nodes, inboxes, b"one")
        assert all(not nodes[me].status()[0].connected for me in NODES)
