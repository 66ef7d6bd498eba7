"""MQTT packets on the wire, after the examples and tables of the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.faults.mqtt_contents import Connect, Publish, PublishReader
from hil_sim.faults.mqtt_packets import Framer, MalformedError, Packet, decode_length, encode_length
from hil_sim.faults.mqtt_swallowing import Swallower

# MQTT 5, table 1-1: the smallest and largest values of each size.
LENGTHS = {
    0: "00",
    127: "7f",
    128: "8001",
    16_383: "ff7f",
    16_384: "808001",
    2_097_151: "ffff7f",
    2_097_152: "80808001",
    268_435_455: "ffffff7f",
}
# MQTT 5, 3.1: client "a", clean start, keep alive 10 s, session expiry 10 s.
CONNECT_5 = bytes.fromhex("10 13 0004 4d515454 05 02 000a 05 11 0000000a 0001 61".replace(" ", ""))
# MQTT 3.1.1, 3.1: the same without properties.
CONNECT_4 = bytes.fromhex("10 0d 0004 4d515454 04 02 000a 0001 61".replace(" ", ""))

packets = st.builds(Packet, st.integers(1, 15), st.integers(0, 15), st.binary(max_size=300))


@pytest.mark.parametrize(("value", "encoded"), LENGTHS.items())
def test_lengths_are_those_of_the_standard(value: int, encoded: str) -> None:
    assert encode_length(value).hex() == encoded
    assert decode_length(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)
    assert decode_length(bytes.fromhex(encoded)[:-1], 0) is None


@pytest.mark.parametrize("value", [-1, 268_435_456])
def test_lengths_out_of_range_cannot_be_said(value: int) -> None:
    with pytest.raises(ValueError, match="268435455"):
        encode_length(value)


@given(st.lists(packets, max_size=6), st.data())
def test_packets_survive_any_cut_of_the_stream(sent: list[Packet], data: st.DataObject) -> None:
    stream = b"".join(packet.encode() for packet in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    framer, found = Framer(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[begin:end])
    assert found == sent


@pytest.mark.parametrize("stream", [b"\x30\xff\xff\xff\xff\x01", b"\x30" + encode_length(1001)])
def test_a_length_that_cannot_be_is_malformed_before_its_bytes_come(stream: bytes) -> None:
    with pytest.raises(MalformedError):
        Framer(most_bytes=1000).feed(stream)


@pytest.mark.parametrize(("stream", "version"), [(CONNECT_5, 5), (CONNECT_4, 4)])
def test_a_client_says_who_it_is(stream: bytes, version: int) -> None:
    (packet,) = Framer().feed(stream)
    assert Connect.of(packet) == Connect("a", version)


def message(topic: bytes, payload: bytes = b"x", qos: int = 0, properties: bytes | None = None) -> Packet:
    number = b"\x00\x0a" if qos else b""
    told = b"" if properties is None else encode_length(len(properties)) + properties
    return Packet(3, qos << 1, len(topic).to_bytes(2, "big") + topic + number + told + payload)


def test_an_alias_is_spelled_out_wherever_it_stands_for_a_topic() -> None:
    """MQTT 5, 3.3.2.3.4; other properties of a message stand around it."""
    user = b"\x26\x00\x01k\x00\x01v"
    around = b"\x01\x01" + b"\x02\x00\x00\x00\x0a" + b"\x03\x00\x01t" + b"\x0b\x80\x01" + user
    reader = PublishReader(5)
    first = reader.read(message(b"a/b", qos=1, properties=around + b"\x23\x00\x07"))
    assert (first.topic, first.qos, first.packet_id) == ("a/b", 1, 10)
    later = reader.read(message(b"", b"y", properties=b"\x23\x00\x07"))
    assert later == Publish(message(b"a/b", b"y", properties=b"\x23\x00\x07"), "a/b", 0, 0)
    reader.read(message(b"c", properties=b"\x23\x00\x07"))
    assert reader.read(message(b"", properties=b"\x23\x00\x07")).topic == "c"


@pytest.mark.parametrize(
    "packet",
    [
        message(b"", properties=b""),
        message(b"", properties=b"\x23\x00\x01"),
        message(b"a", properties=b"\x7f"),
        message(b"a", properties=b"\x26\x00\x09k"),
        message(b"\xff", properties=b""),
        Packet(3, 0, b"\x00\x05a"),
        Packet(3, 0, b"\x00\x01a"),
        Packet(3, 2, b"\x00\x01a\x00"),
        Packet(3, 0, b"\x00\x01a\x02\x01\x01\x00"[:-2]),
    ],
)
def test_a_message_that_makes_no_sense_is_malformed(packet: Packet) -> None:
    with pytest.raises(MalformedError):
        PublishReader(5).read(packet)


@given(st.integers(0, 255).map(lambda first: first >> 4), st.binary(max_size=60))
def test_junk_is_read_or_malformed_and_nothing_else(kind: int, body: bytes) -> None:
    for read in (Connect.of, PublishReader(5).read, PublishReader(4).read):
        try:
            read(Packet(kind, 2, body))
        except MalformedError:
            continue


def test_who_sends_what_is_lost_hears_what_the_receiver_would_have_said() -> None:
    """MQTT 5, 4.3: nothing, PUBACK, or PUBREC and after PUBREL once PUBCOMP."""
    swallower = Swallower()
    lost = [PublishReader(4).read(message(b"t", qos=qos)) for qos in (0, 1, 2)]
    number = b"\x00\x0a"
    assert [swallower.swallow(each) for each in lost] == [None, Packet(4, 0, number), Packet(5, 0, number)]
    release = Packet(6, 2, number)
    assert swallower.release(Packet(6, 2, b"\x00\x0b")) is None
    assert swallower.release(Packet(4, 0, number)) is None
    assert swallower.release(release) == Packet(7, 0, number)
    assert swallower.release(release) is None
