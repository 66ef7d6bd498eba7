"""Any k shares give the secret; fewer are explained equally well by every secret."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.blocks import blocks, to_ints
from qkdctl.secretsharing.field import GF128, BinaryField, element_bytes
from qkdctl.secretsharing.polynomials import evaluate, interpolate
from qkdctl.secretsharing.recovery import join
from qkdctl.secretsharing.shares import Share, split

secrets = st.binary(min_size=1, max_size=70)


@st.composite
def dealings(draw):
    n = draw(st.integers(1, 9))
    k = draw(st.integers(1, n))
    source = random.Random(draw(st.integers(0, 2**32)))
    return k, n, source.randbytes


@given(secrets, dealings(), st.data())
def test_any_k_shares_in_any_order_give_the_secret(secret, dealing, data):
    k, n, source = dealing
    shares = split(secret, k, n, source)
    assert [share.index for share in shares] == list(range(1, n + 1))
    chosen = data.draw(st.permutations(shares))[: data.draw(st.integers(k, n))]
    assert join(chosen, k) == secret


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), dealings(), st.data())
def test_shares_below_the_threshold_are_explained_by_every_secret_in_exactly_one_way(secret, other, dealing, data):
    """So all secrets are equally likely after seeing them: the random tape is uniform."""
    k, n, source = dealing
    shares = split(secret, k, n, source)
    seen = data.draw(st.permutations(shares))[: k - 1]
    values = [to_ints(blocks(share.data))[0] for share in seen]
    polynomial, _ = interpolate(
        GF128, [0, *(share.index for share in seen)], [int.from_bytes(other, "little"), *values]
    )
    coefficients = polynomial[1:] + [0] * (k - len(polynomial or [0]))
    tape = b"".join(element_bytes(c) for c in coefficients)
    retold = split(other, k, n, lambda size: tape[:size])
    assert all(retold[share.index - 1] == share for share in seen)


@pytest.mark.parametrize("seen", list(itertools.combinations((1, 2, 3, 4), 2)))
def test_in_a_small_field_two_shares_of_three_occur_equally_often_with_every_secret(seen):
    field = BinaryField(degree=3, tail=0b011)
    counts = {}
    for secret, a, b in itertools.product(range(8), repeat=3):
        view = tuple(evaluate(field, [secret, a, b], x) for x in seen)
        counts[secret, view] = counts.get((secret, view), 0) + 1
    assert len(counts) == 8 * 64
    assert set(counts.values()) == {1}


def test_shares_of_a_known_polynomial():
    # secret 5 and coefficient x^127: share 2 is 5 + 2 x^127, and x^128 = x^7 + x^2 + x + 1
    shares = split(element_bytes(5), 2, 3, lambda _: element_bytes(1 << 127))
    assert [to_ints(blocks(share.data)) for share in shares] == [[5 ^ (1 << 127)], [5 ^ 0x87], [5 ^ 0x87 ^ (1 << 127)]]


def test_blocks_are_shared_independently_and_the_last_is_filled_up():
    shares = split(b"a" * 20, 2, 2, random.Random(3).randbytes)
    assert all(len(share.data) == 32 for share in shares)
    assert join(shares, 2) == b"a" * 20


def test_random_bytes_are_drawn_once_and_only_as_many_as_needed():
    asked = []
    split(b"s" * 33, 4, 7, lambda size: asked.append(size) or bytes(size))
    assert asked == [3 * 48]


@pytest.mark.parametrize(("k", "n"), [(0, 3), (4, 3), (1, 256)])
def test_thresholds_out_of_range_are_refused(k, n):
    with pytest.raises(ValueError, match="1 <= k <= n <= 255"):
        split(b"secret", k, n, random.Random(1).randbytes)


def test_empty_secrets_and_short_random_sources_are_refused():
    with pytest.raises(ValueError, match="empty secret"):
        split(b"", 1, 1, random.Random(1).randbytes)
    with pytest.raises(ValueError, match="owes 16 bytes and gave 4"):
        split(b"s", 2, 2, lambda _: b"1234")


@pytest.mark.parametrize(("index", "length", "size"), [(0, 16, 16), (256, 16, 16), (1, 0, 0), (1, 16, 32), (1, 17, 16)])
def test_impossible_shares_cannot_be_made(index, length, size):
    with pytest.raises(ValueError):
        Share(index, length, bytes(size))
