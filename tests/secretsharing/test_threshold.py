"""Any k signers make the tag; k - 1 of them cannot, and f liars among those heard change nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.secretsharing.field import GF128, element, element_bytes
from qkdctl.secretsharing.polynomials import lagrange_weights
from qkdctl.secretsharing.recovery import InconsistentSharesError, TooFewSharesError
from qkdctl.secretsharing.shares import Share
from qkdctl.secretsharing.statements import STATEMENT_BLOCKS, Statement
from qkdctl.secretsharing.threshold import (
    KEY_BYTES,
    Threshold,
    VerifierKey,
    combine,
    elements_of,
    linear_tag,
    partial_tag,
)


def said(text="activate", number=3, verifier="node-a"):
    return Statement("act", "ring", number, verifier, text)


@st.composite
def thresholds(draw):
    f = draw(st.integers(0, 2))
    n = draw(st.integers(3 * f + 1, 9))
    return Threshold(n=n, k=draw(st.integers(f + 1, n - 2 * f)), f=f)


@st.composite
def answered(draw):
    """A key, and the partial tags of all its signers for one statement."""
    key = VerifierKey.draw(draw(thresholds()), random.Random(draw(st.integers(0, 2**32))).randbytes)
    statement = said(draw(st.text(max_size=40)))
    return key, statement, {share.index: partial_tag(share.data, statement) for share in key.shares()}


@settings(max_examples=40)
@given(answered(), st.data())
def test_any_k_partial_tags_make_the_tag(case, data):
    key, statement, tags = case
    points = data.draw(st.permutations(sorted(tags)))[: key.threshold.k]
    whole = combine({point: tags[point] for point in points}, key.threshold.k, 0)
    assert whole.tag == key.tag(statement)
    assert key.accepts(statement, whole.tag)
    assert not key.accepts(said("another statement, longer than any drawn one"), whole.tag)


@settings(max_examples=40)
@given(answered())
def test_the_dealer_expects_exactly_what_right_signers_answer(case):
    key, statement, tags = case
    assert key.expected(statement) == tuple(tags[point] for point in sorted(tags))


@settings(max_examples=40)
@given(answered(), st.data())
def test_liars_within_the_assumption_are_corrected_and_named(case, data):
    key, statement, tags = case
    k, f = key.threshold.k, key.threshold.f
    liars = data.draw(st.sets(st.sampled_from(sorted(tags)), max_size=f))
    shift = data.draw(st.integers(1, 2**128 - 1))
    heard = {p: element_bytes(element(t) ^ shift) if p in liars else t for p, t in tags.items()}
    found = combine(heard, k, f)
    assert found.tag == key.tag(statement)
    assert set(found.wrong) == liars


@settings(max_examples=40)
@given(answered(), st.data())
def test_no_tag_is_made_that_fits_less_than_k_plus_f(case, data):
    """Too few of them give no tag; f liars never pass off one that is not the true one."""
    key, statement, tags = case
    k, f = key.threshold.k, key.threshold.f
    heard = dict(data.draw(st.permutations(sorted(tags.items())))[: data.draw(st.integers(1, len(tags)))])
    liars = data.draw(st.sets(st.sampled_from(sorted(heard)), max_size=f))
    heard = {p: bytes(16) if p in liars else t for p, t in heard.items()}
    try:
        found = combine(heard, k, f)
    except TooFewSharesError:
        assert len(heard) < k + f
    except InconsistentSharesError:
        assert len(heard) < k + 2 * f
    else:
        assert found.tag == key.tag(statement)


def test_liars_that_all_fit_another_polynomial_do_not_outvote_the_rest():
    """k - 1 honest partial tags and f + 1 lies on one polynomial: k + f fit, which is why f + 1 liars are too many."""
    key = VerifierKey.draw(Threshold(n=7, k=3, f=2), random.Random(4).randbytes)
    tags = {share.index: element(partial_tag(share.data, said())) for share in key.shares()}

    def through(points, at):
        weights = lagrange_weights(GF128, list(points), at)
        total = 0
        for point, weight in zip(points, weights, strict=True):
            total ^= GF128.multiply(points[point], weight)
        return total

    lie = {1: tags[1], 2: tags[2], 3: tags[3] ^ 1}
    two = {p: element_bytes(through(lie, p) if p in (3, 4) else t) for p, t in tags.items()}
    three = {p: element_bytes(through(lie, p) if p in (3, 4, 5) else t) for p, t in tags.items() if p <= 5}
    assert combine(two, 3, 2).wrong == (3, 4)
    assert combine(three, 3, 2).tag != key.tag(said())


def test_a_bad_dealer_harms_its_own_check_only():
    """Shares on no common polynomial: the combiner notices, and names no tag."""
    key = VerifierKey.draw(Threshold(n=7, k=3, f=2), random.Random(4).randbytes)
    source = random.Random(5)
    bad = [Share(share.index, share.length, source.randbytes(KEY_BYTES)) for share in key.shares()]
    with pytest.raises(InconsistentSharesError):
        combine({share.index: partial_tag(share.data, said()) for share in bad}, 3, 2)


def test_two_statements_under_one_key_give_anybody_the_tags_of_a_whole_line_of_others():
    """Why a key is for one statement, and signers answer once."""
    key = VerifierKey.draw(Threshold(n=4, k=2, f=1), random.Random(9).randbytes)
    one, other = said("activate a"), said("activate b")
    tags = [element(key.tag(statement)) for statement in (one, other)]
    for x in (2, 3, 2**127 + 5):
        mix = [
            GF128.multiply(x, a) ^ GF128.multiply(1 ^ x, b) for a, b in zip(one.blocks(), other.blocks(), strict=True)
        ]
        forged = GF128.multiply(x, tags[0]) ^ GF128.multiply(1 ^ x, tags[1])
        assert forged == linear_tag(GF128, elements_of(key.secret), mix)


def test_a_tag_by_hand():
    # x^127 x = x^7 + x^2 + x + 1
    assert linear_tag(GF128, [1 << 127, 3, 1 << 100], [2, 5]) == 0x87 ^ 0xF ^ (1 << 100)


@pytest.mark.parametrize(("n", "k", "f"), [(4, 1, 1), (4, 3, 1), (3, 2, 1), (1, 0, 0), (256, 1, 0), (1, 1, -1)])
def test_thresholds_that_protect_nobody_are_refused(n, k, f):
    with pytest.raises(ValueError, match="f \\+ 1 <= k <= n - 2f"):
        Threshold(n=n, k=k, f=f)


def test_a_node_alone_signs_for_itself():
    key = VerifierKey.draw(Threshold(n=1, k=1, f=0), random.Random(2).randbytes)
    (share,) = key.shares()
    assert combine({1: partial_tag(share.data, said())}, 1, 0).tag == key.tag(said())


def test_the_key_is_drawn_once_and_the_tag_depends_on_every_part_of_it():
    asked = []

    def source(size):
        asked.append(size)
        return random.Random(1).randbytes(size)

    key = VerifierKey.draw(Threshold(n=4, k=2, f=1), source)
    assert asked == [2 * 528]
    tags = {key.tag(said())}
    telling = [i for i, block in enumerate(said().blocks()) if block] + [STATEMENT_BLOCKS]
    for i in telling:
        changed = bytearray(key.secret)
        changed[16 * i] ^= 1
        tags.add(VerifierKey(key.threshold, bytes(changed), key.tape).tag(said()))
    assert len(tags) == 1 + len(telling)


def test_what_is_no_key_and_no_share_of_one_is_refused():
    with pytest.raises(ValueError, match="got 527 and 528"):
        VerifierKey(Threshold(n=4, k=2, f=1), bytes(527), bytes(528))
    with pytest.raises(ValueError, match="528 bytes, got 16"):
        partial_tag(bytes(16), said())


def test_keys_do_not_show_in_logs():
    key = VerifierKey(Threshold(n=1, k=1, f=0), b"s" * KEY_BYTES, b"")
    assert "s" * 4 not in f"{key} {key!r}"
