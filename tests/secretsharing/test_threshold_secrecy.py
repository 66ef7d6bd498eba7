"""Counted over all keys of small fields: k - 1 signers who saw one tag know nothing about the tag of another statement.

The code is that of the daemon, in GF(4) and GF(8) in place of GF(2^128): a key of L + 1 elements has a polynomial of
degree below k for each of them, and every choice of all coefficients is visited once.
"""

import functools
import itertools
from collections import Counter, defaultdict

import pytest

from qkdctl.secretsharing.field import BinaryField
from qkdctl.secretsharing.polynomials import evaluate
from qkdctl.secretsharing.threshold import linear_tag

GF4 = BinaryField(degree=2, tail=0b11)
GF8 = BinaryField(degree=3, tail=0b011)

MOST_POINTS = 4
"""The points of GF(4); 0 is the verifier."""

CASES = [
    pytest.param(GF4, 2, (1,), (1, 3), id="two blocks, k = 2, signer 1"),
    pytest.param(GF4, 2, (3,), (0, 2), id="two blocks, k = 2, signer 3"),
    pytest.param(GF4, 3, (1, 2), (2,), id="one block, k = 3, signers 1 and 2"),
    pytest.param(GF4, 3, (2, 3), (0,), id="one block, k = 3, signers 2 and 3"),
    pytest.param(GF8, 2, (3,), (6,), id="one block, k = 2, signer 3, GF(8)"),
]


@functools.cache
def keys(field, blocks, k):
    """Every key there is, as the elements that each point x holds, x = 0 being the verifier's own."""
    found = []
    for coefficients in itertools.product(range(field.order), repeat=(blocks + 1) * k):
        polynomials = [coefficients[i : i + k] for i in range(0, len(coefficients), k)]
        found.append([[evaluate(field, polynomial, x) for polynomial in polynomials] for x in range(MOST_POINTS)])
    return found


def counted(field, k, coalition, seen, wanted):
    """View of the coalition (its shares, the tag of `seen`) -> how often each answer of `wanted(key)` goes with it."""
    counts = defaultdict(Counter)
    for key in keys(field, len(seen), k):
        view = tuple(tuple(key[x]) for x in coalition), linear_tag(field, key[0], seen)
        counts[view][wanted(key)] += 1
    return counts


def outsider(coalition):
    """A signer that does not belong to it."""
    return next(x for x in itertools.count(1) if x not in coalition)


def statements(field, seen):
    return [other for other in itertools.product(range(field.order), repeat=len(seen)) if other != seen]


@pytest.mark.parametrize(("field", "k", "coalition", "seen"), CASES)
def test_every_tag_of_every_other_statement_is_equally_likely(field, k, coalition, seen):
    """So a forger is right with probability one in the order of the field, whatever he tries."""
    assert len(coalition) == k - 1
    others = statements(field, seen)
    counts = counted(field, k, coalition, seen, lambda key: tuple(linear_tag(field, key[0], other) for other in others))
    for found in counts.values():
        for place in range(len(others)):
            tags = Counter()
            for answers, number in found.items():
                tags[answers[place]] += number
            assert len(tags) == field.order
            assert len(set(tags.values())) == 1


@pytest.mark.parametrize(("field", "k", "coalition", "seen"), CASES)
def test_so_is_every_partial_tag_that_an_honest_signer_could_have_sent(field, k, coalition, seen):
    """The dealer checks partial tags one by one: the coalition lacks one, and guesses it no better."""
    for other in statements(field, seen):
        counts = counted(
            field, k, coalition, seen, lambda key, other=other: linear_tag(field, key[outsider(coalition)], other)
        )
        assert all(len(tags) == field.order and len(set(tags.values())) == 1 for tags in counts.values())


@pytest.mark.parametrize(("field", "k", "coalition", "seen"), CASES)
def test_the_partial_tags_of_honest_signers_say_no_more_than_the_tag(field, k, coalition, seen):
    counts = counted(field, k, coalition, seen, lambda key: linear_tag(field, key[outsider(coalition)], seen))
    assert all(len(tags) == 1 for tags in counts.values())


@pytest.mark.parametrize(("field", "k", "coalition", "seen"), CASES)
def test_one_signer_more_knows_every_tag(field, k, coalition, seen):
    """The count can fail: with k shares nothing is left to guess."""
    larger = (*coalition, outsider(coalition))
    other = statements(field, seen)[0]
    counts = counted(field, k, larger, seen, lambda key: linear_tag(field, key[0], other))
    assert all(len(tags) == 1 for tags in counts.values())


def test_a_second_statement_under_one_key_leaves_nothing_of_a_line_of_others():
    one, other, x = (1, 3), (2, 2), 2
    mixed = tuple(GF4.multiply(x, a) ^ GF4.multiply(1 ^ x, b) for a, b in zip(one, other, strict=True))
    assert mixed not in (one, other)
    tags = defaultdict(set)
    for key in keys(GF4, 2, 2):
        view = tuple(key[1]), linear_tag(GF4, key[0], one), linear_tag(GF4, key[0], other)
        tags[view].add(linear_tag(GF4, key[0], mixed))
    assert all(len(found) == 1 for found in tags.values())
