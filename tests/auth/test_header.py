"""The clear part of a packet: what is written is read, and what is no packet is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.auth.header import MOST_BYTES, MOST_PAYLOAD, MOST_UPCOMING, POSITION_MAX, Header, Mode
from qkdctl.auth.poly1305 import forging_probability

IDS = st.binary(min_size=16, max_size=16)
NUMBERS = st.integers(0, POSITION_MAX)
HEADERS = st.builds(
    Header,
    mode=st.sampled_from(Mode),
    session=IDS,
    echo=IDS,
    position=NUMBERS,
    acknowledged=NUMBERS,
    fetched=NUMBERS,
    chapter=IDS,
    block=IDS,
    pad=st.integers(0, 255),
    upcoming=st.lists(IDS, max_size=MOST_UPCOMING).map(tuple),
)


@given(HEADERS, st.binary(max_size=100))
def test_what_is_written_is_read(header: Header, payload: bytes) -> None:
    tag = b"t" * header.mode.tag_bytes
    sealed = header.encode() + payload + tag
    assert Header.decode(sealed) == (header, header.encode() + payload, payload, tag)


@given(st.binary(max_size=300))
def test_junk_is_refused_or_read_but_never_fails_otherwise(junk: bytes) -> None:
    try:
        header, text, payload, tag = Header.decode(junk)
    except ValueError:
        return
    assert text + tag == junk
    assert header.encode() + payload == text


def test_a_tag_never_covers_more_than_64_kib() -> None:
    header = Header(Mode.ONE_TIME, bytes(16), bytes(16), 1, 0, 0, bytes(16), upcoming=(bytes(16),) * MOST_UPCOMING)
    longest = header.encode() + bytes(MOST_PAYLOAD)
    assert len(longest) <= MOST_BYTES
    assert forging_probability(MOST_BYTES) == 2.0**-91
    with pytest.raises(ValueError, match="cannot be"):
        Header.decode(header.encode() + bytes(MOST_BYTES) + bytes(16))


@pytest.mark.parametrize(("place", "value"), [(0, 2), (1, 0), (1, 3), (3, 5), (36, 0xFF)])
def test_what_this_software_would_not_write_is_refused(place: int, value: int) -> None:
    good = bytearray(Header(Mode.ONE_TIME, bytes(16), bytes(16), 1, 0, 0, bytes(16)).encode() + bytes(16))
    Header.decode(bytes(good))
    good[place] = value
    with pytest.raises(ValueError):
        Header.decode(bytes(good))
