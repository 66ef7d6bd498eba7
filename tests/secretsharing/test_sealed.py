"""With tags, n = 2 e + 1 shares survive e liars, which no decoder could."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.recovery import InconsistentSharesError, Recovered, TooFewSharesError, recover
from qkdctl.secretsharing.sealed import recover_sealed, seal
from qkdctl.secretsharing.shares import split
from qkdctl.secretsharing.tags import OneTimeKey

SECRET = b"thirty-two bytes of a secret key"


def keys_for(n, source):
    return {i: OneTimeKey(source(16), source(16)) for i in range(1, n + 1)}


@given(st.integers(1, 4), st.integers(0, 2**32), st.data())
def test_a_bare_majority_of_right_shares_is_enough(e, seed, data):
    source = random.Random(seed).randbytes
    n, k = 2 * e + 1, e + 1
    keys = keys_for(n, source)
    sealed = [seal(share, keys[share.index]) for share in split(SECRET, k, n, source)]
    conspired = split(b"what e liars would rather see...", k, n, source)
    liars = data.draw(st.sets(st.integers(1, n), max_size=e))
    received = [replace(s, share=conspired[i]) if i + 1 in liars else s for i, s in enumerate(sealed)]
    assert recover_sealed(received, keys, k) == Recovered(SECRET, tuple(sorted(liars)))


def test_without_tags_the_same_shares_cannot_be_told_apart():
    source = random.Random(4).randbytes
    honest, conspired = split(SECRET, 2, 3, source), split(SECRET[::-1], 2, 3, source)
    with pytest.raises(InconsistentSharesError):
        recover([conspired[0], *honest[1:]], 2, most_wrong=1)


def test_a_share_under_another_index_or_length_has_a_wrong_tag():
    source = random.Random(4).randbytes
    keys = {i: OneTimeKey(b"p" * 16, b"s" * 16) for i in (1, 2, 3)}
    one, two, _ = (seal(share, keys[share.index]) for share in split(SECRET, 2, 3, source))
    renamed = replace(one, share=replace(one.share, index=3))
    shortened = replace(two, share=replace(two.share, length=31))
    with pytest.raises(TooFewSharesError):
        recover_sealed([renamed, shortened, two], keys, 2)
    assert recover_sealed([renamed, one, two], keys, 2) == Recovered(SECRET, (3,))


def test_a_sender_who_deals_badly_is_noticed():
    source = random.Random(4).randbytes
    keys = keys_for(3, source)
    shares = [*split(SECRET, 2, 3, source)[:2], split(SECRET, 2, 3, source)[2]]
    with pytest.raises(InconsistentSharesError):
        recover_sealed([seal(share, keys[share.index]) for share in shares], keys, 2)


def test_missing_shares_do_no_harm_down_to_the_threshold():
    source = random.Random(4).randbytes
    keys = keys_for(4, source)
    sealed = [seal(share, keys[share.index]) for share in split(SECRET, 2, 4, source)]
    assert recover_sealed(sealed[2:], keys, 2).secret == SECRET
    with pytest.raises(TooFewSharesError, match="got 1"):
        recover_sealed(sealed[3:], keys, 2)
