"""The decoder against exhaustive search over all polynomials of a small field."""

import itertools

import numpy as np
import pytest

from qkdctl.secretsharing.decoding import decode
from qkdctl.secretsharing.field import BinaryField
from qkdctl.secretsharing.polynomials import add, evaluate

FIELD = BinaryField(degree=4, tail=0b0011)
TABLE = np.array([[FIELD.multiply(a, b) for b in range(16)] for a in range(16)])


def all_codewords(points, k):
    """Values of every polynomial of degree below k, shape (16^k, m), and its coefficients."""
    coefficients = np.array(list(itertools.product(range(16), repeat=k)))
    values = np.zeros((len(coefficients), len(points)), dtype=int)
    for column in reversed(range(k)):
        values = TABLE[values, np.array(points)] ^ coefficients[:, column, np.newaxis]
    return coefficients, values


def nearest(codewords, word, radius):
    """The codeword within the radius, by looking at all of them."""
    coefficients, values = codewords
    close = np.flatnonzero((values != word).sum(axis=1) <= radius)
    assert len(close) <= 1
    return add([int(c) for c in coefficients[close[0]]], []) if len(close) else None


@pytest.mark.parametrize(("k", "m"), [(1, 3), (1, 4), (2, 4), (2, 5), (2, 6), (3, 5), (3, 6), (3, 7), (3, 9)])
def test_random_words_decode_as_exhaustive_search_does(k, m):
    draw = np.random.default_rng(100 * k + m)
    for _ in range(60):
        points = [int(x) for x in draw.permutation(15)[:m] + 1]
        codewords = all_codewords(points, k)
        word = draw.integers(0, 16, m)
        if draw.random() < 0.7:
            word = codewords[1][draw.integers(16**k)].copy()
            word[draw.permutation(m)[: draw.integers(0, m + 1)]] ^= draw.integers(1, 16)
        assert decode(FIELD, points, [int(y) for y in word], k) == nearest(codewords, word, (m - k) // 2)


def test_every_word_of_a_tiny_code_decodes_as_exhaustive_search_does():
    points = [1, 2, 3, 4]
    codewords = all_codewords(points, 2)
    for word in itertools.product(range(16), range(4), range(4), range(4)):
        assert decode(FIELD, points, word, 2) == nearest(codewords, np.array(word), 1)


def test_the_zero_polynomial_is_found_behind_errors():
    assert decode(FIELD, [1, 2, 3, 4, 5], [0, 7, 0, 0, 0], 3) == []
    assert decode(FIELD, [1, 2, 3], [0, 0, 0], 1) == []


def test_all_positions_of_two_errors_are_corrected():
    points, polynomial = [1, 2, 3, 4, 5, 6], [9, 14]
    for wrong in itertools.combinations(range(6), 2):
        for lies in itertools.product((1, 6, 15), repeat=2):
            word = [evaluate(FIELD, polynomial, x) for x in points]
            for position, lie in zip(wrong, lies, strict=True):
                word[position] ^= lie
            assert decode(FIELD, points, word, 2) == polynomial
