"""Packets: what one node says to another at one time, in bytes that one tag covers."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from qkdctl.abft.messages import Decided, Echo, Proof, Report, Slot, Vote, Wanted
from qkdctl.abft.packet import (
    MOST_BYTES,
    OtherNetworkError,
    Packet,
    PacketError,
    Reader,
    Spoken,
    encoded,
    framed,
    in_packets,
)

A, B = "a" * 64, "b" * 64
VOTE = Vote(3, A, 1, 4, B)
digests = st.sampled_from([A, B])
messages = st.one_of(
    st.builds(Report, st.integers(0, 99), digests, st.text(max_size=40)),
    st.builds(Echo, st.integers(0, 99), digests, st.just((("n1", (A,)), ("n2", (A, B))))),
    st.builds(Vote, st.integers(0, 99), digests, st.integers(0, 9), st.integers(1, 4), digests),
    st.builds(Proof, st.integers(0, 99), digests, st.just(3), st.just(Slot(1, A)), st.none(), st.none()),
    st.builds(Decided, st.integers(0, 99), digests),
    st.builds(Wanted, st.integers(0, 99), st.lists(digests, max_size=3).map(tuple)),
)
packets = st.builds(Packet, st.just("metro"), st.just("n1"), st.just("n2"), st.lists(messages, max_size=4).map(tuple))


@given(packets)
def test_a_packet_is_the_json_of_its_fields_and_comes_back_the_same(packet: Packet) -> None:
    data = packet.encode()
    assert data == TypeAdapter(Packet).dump_json(packet)
    assert Packet.decode(data) == packet
    assert Reader("metro", "n2").read("n1", data) == packet.messages


@given(packets)
def test_however_the_json_is_written_it_says_the_same(packet: Packet) -> None:
    plain = json.loads(packet.encode())
    other = json.dumps(dict(reversed(plain.items())), indent=1).encode()
    assert Reader("metro", "n2").read("n1", other) == packet.messages


@pytest.mark.parametrize(("sender", "to"), [("n3", "n2"), ("n1", "n3")])
def test_nobody_takes_what_is_meant_for_others(sender: str, to: str) -> None:
    with pytest.raises(PacketError, match="packet of others"):
        Reader("metro", "n2").read("n1", framed("metro", sender, to, [encoded(VOTE)]))


def test_other_networks_are_told_apart() -> None:
    with pytest.raises(OtherNetworkError, match="network other; this node is in metro"):
        Reader("metro", "n2").read("n1", framed("other", "n1", "n2", [encoded(VOTE)]))


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"kind":"vote"}',
        encoded(VOTE)[:-1],
        encoded(VOTE).replace(b'"phase":4', b'"phase":5'),
        encoded(VOTE).replace(b'"phase":4', b'"phase":"4"'),
        encoded(VOTE).replace(b'"phase":4', b'"phase":4,"more":1'),
    ],
)
def test_what_is_no_message_is_refused_by_either_way_of_reading(body: bytes) -> None:
    data = framed("metro", "n1", "n2", [body])
    for read in (lambda: Reader("metro", "n2").read("n1", data), lambda: Packet.decode(data)):
        with pytest.raises(PacketError, match="no packet"):
            read()


def test_a_body_cannot_change_its_sender() -> None:
    body = encoded(VOTE) + b'],"sender":"n3","messages":['
    with pytest.raises(PacketError):
        Reader("metro", "n2").read("n1", framed("metro", "n1", "n2", [body]))


def test_equal_words_of_different_nodes_are_parsed_once() -> None:
    reader = Reader("metro", "n2")
    (one,) = reader.read("n1", framed("metro", "n1", "n2", [encoded(VOTE)]))
    (other,) = reader.read("n3", framed("metro", "n3", "n2", [encoded(VOTE)]))
    assert one is other


@given(st.lists(st.integers(0, MOST_BYTES - 1000), max_size=8))
def test_messages_are_divided_in_their_order_and_always_fit(lengths: list[int]) -> None:
    said: list[Spoken] = [Report(at, A, "x" * length) for at, length in enumerate(lengths)]
    divided = list(in_packets(encoded(message) for message in said))
    read = [Packet.decode(framed("m" * 63, "n" * 63, "o" * 63, part)).messages for part in divided]
    assert [message for part in read for message in part] == said
    # Whoever begins the next packet would not have fitted into the one before.
    assert all(sum(map(len, one)) + len(other[0]) > MOST_BYTES - 300 for one, other in pairwise(divided))


def test_what_is_too_long_is_neither_said_nor_read() -> None:
    with pytest.raises(PacketError, match="message report of"):
        encoded(Report(1, A, "x" * MOST_BYTES))
    with pytest.raises(PacketError, match="are sent"):
        framed("metro", "n1", "n2", [b"x" * MOST_BYTES])
    with pytest.raises(PacketError, match="are read"):
        Packet.decode(b"x" * (MOST_BYTES + 1))
