"""Arrays of elements give what plain integers give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.blocks import block_bytes, blocks, combine, from_ints, inverse, multiply, square, to_ints
from qkdctl.secretsharing.field import GF128

words = st.one_of(st.integers(0, 255), st.integers(0, GF128.order - 1), st.integers(0, 127).map(lambda i: 1 << i))
pairs = st.lists(st.tuples(words, words), min_size=1, max_size=40)


def columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


@given(pairs)
def test_products_equal_the_reference(rows):
    a, b = columns(rows)
    assert to_ints(multiply(from_ints(a), from_ints(b))) == [GF128.multiply(x, y) for x, y in rows]


@given(st.lists(words, min_size=1, max_size=40))
def test_squares_equal_the_reference(values):
    assert to_ints(square(from_ints(values))) == [GF128.multiply(x, x) for x in values]


@given(st.lists(words.filter(bool), min_size=1, max_size=5))
def test_inverses_equal_the_reference(values):
    assert to_ints(inverse(from_ints(values))) == [GF128.inverse(x) for x in values]


def test_one_zero_among_many_has_no_inverse():
    with pytest.raises(ZeroDivisionError):
        inverse(from_ints([1, 2, 0, 3]))


def test_a_hundred_thousand_random_products_and_inverses():
    draw = np.random.default_rng(1)
    a, b, c = draw.integers(0, 2**64, (3, 100_000, 2), dtype=np.uint64)
    assert np.array_equal(multiply(a, b), multiply(b, a))
    assert np.array_equal(multiply(a, b ^ c), multiply(a, b) ^ multiply(a, c))
    assert np.array_equal(multiply(a, a), square(a))
    few = a[:2000]
    assert np.array_equal(multiply(inverse(few), few), np.broadcast_to(from_ints([1]), few.shape))


def test_leading_axes_broadcast():
    a, b = from_ints([3, 1 << 127, 77]), from_ints([5, 2])
    product = multiply(a[:, np.newaxis], b)
    assert product.shape == (3, 2, 2)
    assert to_ints(product) == [GF128.multiply(x, y) for x in (3, 1 << 127, 77) for y in (5, 2)]
    assert to_ints(multiply(a, from_ints([9])[0])) == [GF128.multiply(x, 9) for x in (3, 1 << 127, 77)]


@given(pairs)
def test_combinations_equal_the_reference(rows):
    coefficients, values = columns(rows)
    expected = 0
    for x, y in rows:
        expected ^= GF128.multiply(x, y)
    assert to_ints(combine(from_ints(coefficients), from_ints(values)[:, np.newaxis])) == [expected]


@given(st.binary(max_size=80))
def test_bytes_come_back(data):
    padded = data.ljust(80, b"\0")
    assert block_bytes(blocks(padded)) == padded


def test_blocks_are_whole():
    with pytest.raises(ValueError, match="got 17 bytes"):
        blocks(bytes(17))
