"""Buffers keep their books, never lend out the reserve, and change state with hysteresis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hil_sim.network.key_buffers import BufferLimits, BufferState, KeyBuffers
from tests.hil_sim.network.networks import limits

LEAST, READY, START, MOST = 100, 200, 150, 1000
MOVES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.floats(0, 1)), max_size=30)


def buffers(links=1, start=START):
    return KeyBuffers(limits(links, least=LEAST, ready=READY, start=start, most=MOST))


def next_state(state, bits):
    """One buffer by the table of its states."""
    if bits <= LEAST:
        return BufferState.EMPTY
    if bits >= READY:
        return BufferState.READY
    return {
        BufferState.EMPTY: BufferState.CHARGING,
        BufferState.CHARGING: BufferState.CHARGING,
        BufferState.WARNING: BufferState.WARNING,
        BufferState.READY: BufferState.WARNING,
    }[state]


@given(MOVES, st.integers(0, MOST))
def test_states_follow_the_table(moves, start):
    store = buffers(start=start)
    state = next_state(BufferState.READY, start)
    assert store.state == [state]
    for stored, used, _ in moves:
        store.store(np.array([stored]), np.array([0]))
        store.use(np.minimum([used], store.bits))
        store.settle()
        state = next_state(state, int(store.bits[0]))
        assert store.state == [state]


@pytest.mark.parametrize(
    ("bits", "state"),
    [
        (LEAST, BufferState.EMPTY),
        (LEAST + 1, BufferState.WARNING),
        (READY - 1, BufferState.WARNING),
        (READY, BufferState.READY),
    ],
)
def test_states_change_at_their_thresholds(bits, state):
    assert buffers(start=bits).state == [state]


@given(MOVES)
def test_bits_are_neither_made_nor_lost(moves):
    store = buffers()
    stored = used = 0
    for put, wish, _ in moves:
        store.store(np.array([put]), np.array([0]))
        take = min(wish, int(store.bits[0]))
        store.use(np.array([take]))
        stored, used = stored + put, used + take
        assert store.bits[0] == START + stored - used - store.discarded_bits[0]
        assert 0 <= store.bits[0] <= MOST


@given(MOVES)
def test_never_more_bits_are_known_than_there_are(moves):
    store = buffers()
    put_known = taken_known = 0
    for put, wish, share in moves:
        known = int(share * put)
        store.store(np.array([put]), np.array([known]))
        take = min(wish, int(store.bits[0]))
        taken = int(store.use(np.array([take]))[0])
        assert 0 <= taken <= take
        put_known, taken_known = put_known + known, taken_known + taken
        assert 0 <= store.known_bits[0] <= store.bits[0]
        assert 0 <= store.known_share()[0] <= 1
        assert store.known_bits[0] + taken_known <= put_known


@given(st.integers(0, 2**53), st.integers(0, 2**53), st.integers(0, 2**53))
def test_huge_buffers_keep_exact_books(start, take, put):
    store = KeyBuffers(limits(1, least=0, ready=1, start=0, most=2**53))
    store.store(np.array([start]), np.array([start]))
    take = min(take, start)
    assert store.use(np.array([take])) == [take]
    assert store.bits == store.known_bits == [start - take]
    store.store(np.array([put]), np.array([put]))
    assert store.bits == store.known_bits == [min(start - take + put, 2**53)]


def test_what_finds_the_buffer_full_is_discarded_and_counted():
    store = buffers(start=MOST - 10)
    store.store(np.array([25]), np.array([25]))
    assert (store.bits[0], store.discarded_bits[0], store.known_bits[0]) == (MOST, 15, 10)


def test_the_reserve_is_not_available():
    for start, above in ((0, 0), (LEAST, 0), (LEAST + 7, 7), (MOST, MOST - LEAST)):
        assert buffers(start=start).available() == [above]


def test_nothing_is_taken_when_one_link_has_too_little():
    store = buffers(links=3)
    with pytest.raises(ValueError, match=f"link 1 has {START} bits of key, asked for {START + 1}"):
        store.use(np.array([1, START + 1, 1]))
    assert store.bits.tolist() == [START] * 3


def test_some_links_begin_anew_and_the_others_go_on():
    store = buffers(links=3)
    store.store(np.array([2000] * 3), np.array([500] * 3))
    store.use(np.array([950] * 3))
    store.settle()
    before = [array.copy() for array in (store.bits, store.known_bits, store.discarded_bits, store.state)]
    store.reset(slice(1, 2))
    fresh = buffers()
    for array, old, new in zip(
        (store.bits, store.known_bits, store.discarded_bits, store.state),
        before,
        (fresh.bits, fresh.known_bits, fresh.discarded_bits, fresh.state),
        strict=True,
    ):
        assert array.tolist() == [old[0], new[0], old[2]]


@pytest.mark.parametrize(
    "wrong",
    [{"least_bits": 2_000_000}, {"ready_bits": 2_000_000_000}, {"start_bits": 2_000_000_000}, {"least_bits": -1}],
)
def test_limits_must_rise(wrong):
    with pytest.raises(ValidationError):
        BufferLimits(**wrong)
