"""One tag per peer and flush, none for repetitions, and nothing taken that is meant for others."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from qkdctl.abft.messages import Content, Here, Vote
from qkdctl.abft.packet import MOST_BYTES, Packet, PacketError
from qkdctl.agreement.courier import Courier
from qkdctl.bus.pairwise import Incoming, PathStatus

CONTEXT = "c" * 64
FIRST, SECOND = Vote(1, CONTEXT, 0, 1, "1" * 64), Vote(1, CONTEXT, 0, 2, "2" * 64)


class Seals:
    """Counts what it seals; a seal is a number in front."""

    def __init__(self) -> None:
        self.sessions: dict[str, bytes | None] = {"b": b"b1", "c": b"c1"}
        self.made = 0
        self.flushes = 0

    async def seal(self, packets: Mapping[str, bytes]) -> dict[str, bytes]:
        self.flushes += bool(packets)
        await asyncio.sleep(0)
        sealed = {}
        for peer, payload in packets.items():
            self.made += 1
            sealed[peer] = b"%d|" % self.made + payload
        return sealed

    def session_of(self, peer: str) -> bytes | None:
        return self.sessions[peer]


class Wire:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def send(self, to: str, data: bytes) -> None:
        self.sent.append((to, data))

    async def run(self) -> None:
        await asyncio.Event().wait()

    def status(self) -> tuple[PathStatus, ...]:
        return ()

    async def received(self) -> AsyncIterator[Incoming]:
        await asyncio.Event().wait()
        yield Incoming("", b"", "")


@pytest.fixture
def bench() -> tuple[Courier, Seals, Wire]:
    seals, wire = Seals(), Wire()
    return Courier("lab", "a", seals, wire, lambda _: None), seals, wire


def opened(data: bytes) -> Packet:
    return Packet.decode(data.partition(b"|")[2])


@pytest.mark.asyncio
async def test_all_that_is_said_at_once_goes_to_a_peer_under_one_tag(bench: tuple[Courier, Seals, Wire]) -> None:
    courier, seals, wire = bench
    await courier.send([("b", FIRST), ("c", FIRST), ("b", SECOND)])
    assert (seals.made, seals.flushes) == (2, 1)
    assert [(to, opened(data).messages) for to, data in wire.sent] == [("b", (FIRST, SECOND)), ("c", (FIRST,))]


@pytest.mark.asyncio
async def test_what_is_said_again_is_the_same_bytes_and_costs_no_tag(bench: tuple[Courier, Seals, Wire]) -> None:
    courier, seals, wire = bench
    await courier.send([("b", FIRST), ("b", SECOND)])
    await courier.send([("b", SECOND), ("b", FIRST)])
    assert seals.made == 1
    assert wire.sent[0] == wire.sent[1]
    assert (courier.sent, courier.repeated) == (2, 1)


@pytest.mark.asyncio
async def test_a_new_epoch_or_another_process_of_the_peer_is_told_anew(bench: tuple[Courier, Seals, Wire]) -> None:
    courier, seals, _ = bench
    await courier.send([("b", FIRST)])
    seals.sessions["b"] = b"b2"
    await courier.send([("b", FIRST)])
    assert seals.made == 2
    courier.begin_epoch()
    await courier.send([("b", FIRST)])
    assert seals.made == 3


@pytest.mark.asyncio
async def test_what_was_sealed_before_the_peer_was_known_is_not_taken_for_said(
    bench: tuple[Courier, Seals, Wire],
) -> None:
    courier, seals, _ = bench
    seals.sessions["b"] = None
    await courier.send([("b", FIRST)])
    seals.sessions["b"] = b"b1"
    await courier.send([("b", FIRST)])
    assert seals.made == 2


@pytest.mark.asyncio
async def test_long_messages_are_divided_over_packets_and_too_long_ones_refused(
    bench: tuple[Courier, Seals, Wire],
) -> None:
    courier, _, wire = bench
    long = [Content(1, str(number) * 30_000) for number in range(3)]
    await courier.send([("b", message) for message in long])
    assert [message for _, data in wire.sent for message in opened(data).messages] == long
    assert all(len(data.partition(b"|")[2]) <= MOST_BYTES for _, data in wire.sent)
    with pytest.raises(PacketError, match="at most"):
        await courier.send([("b", Content(1, "x" * MOST_BYTES))])


@pytest.mark.parametrize(
    "packet",
    [Packet("other", "b", "a", (FIRST,)), Packet("lab", "c", "a", (FIRST,)), Packet("lab", "b", "c", (FIRST,))],
    ids=["network", "sender", "receiver"],
)
def test_a_packet_of_others_is_not_taken(bench: tuple[Courier, Seals, Wire], packet: Packet) -> None:
    courier, _, _ = bench
    assert not courier.read("b", packet.encode())
    assert courier.read("b", Packet("lab", "b", "a", (FIRST,)).encode()) == (FIRST,)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff" * 10, b"x" * (MOST_BYTES + 1)])
def test_junk_is_not_taken(bench: tuple[Courier, Seals, Wire], data: bytes) -> None:
    assert bench[0].read("b", data) == ()


@pytest.mark.asyncio
async def test_a_greeting_says_nothing(bench: tuple[Courier, Seals, Wire]) -> None:
    courier, _, wire = bench
    await courier.hello(["b"])
    assert opened(wire.sent[0][1]).messages == ()
    assert courier.read("b", Packet("lab", "b", "a", ()).encode()) == ()
    await courier.send([("b", Here(1, CONTEXT))])
    assert opened(wire.sent[1][1]).messages == (Here(1, CONTEXT),)
