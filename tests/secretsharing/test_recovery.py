"""Wrong shares: corrected and blamed exactly where that is certain, noticed where it is not, never believed."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.recovery import InconsistentSharesError, Recovered, TooFewSharesError, join, recover
from qkdctl.secretsharing.shares import Share, split

SECRET = b"a key of forty bytes, three blocks long."


def dealt(k, n, seed=1, secret=SECRET):
    return split(secret, k, n, random.Random(seed).randbytes)


def spoilt(share, block=0, mask=1):
    data = bytearray(share.data)
    data[16 * block] ^= mask
    return replace(share, data=bytes(data))


def subset_search(shares, k, most_wrong):
    """Every secret that fits all but `most_wrong` of the shares, with the shares it calls wrong, by trying all sets."""
    found = set()
    for size in range(len(shares) - most_wrong, len(shares) + 1):
        for kept in itertools.combinations(shares, size):
            try:
                secret = join(kept, k)
            except InconsistentSharesError:
                continue
            dropped = {share.index for share in shares} - {share.index for share in kept}
            if not any(secret == other and blamed <= dropped for other, blamed in found):
                found = {(s, b) for s, b in found if not (s == secret and dropped < b)}
                found.add((secret, frozenset(dropped)))
    return found


@st.composite
def attacks(draw):
    """A dealing, and liars of which each spoils some blocks, all, or the length."""
    k, e, more = draw(st.integers(1, 4)), draw(st.integers(0, 3)), draw(st.integers(0, 2))
    n = k + 2 * e + more
    seed = draw(st.integers(0, 2**32))
    shares = list(dealt(k, n, seed))
    liars = draw(st.lists(st.integers(0, n - 1), max_size=e, unique=True))
    for liar in liars:
        kind = draw(st.sampled_from(["one block", "two blocks", "all", "length", "longer"]))
        share = shares[liar]
        shares[liar] = {
            "one block": lambda share=share: spoilt(share, draw(st.integers(0, 2)), draw(st.integers(1, 255))),
            "two blocks": lambda share=share: spoilt(spoilt(share, 0), 2),
            "all": lambda share=share: replace(share, data=bytes(b ^ 0x55 for b in share.data)),
            "length": lambda share=share: replace(share, length=41),
            "longer": lambda share=share: Share(share.index, 64, share.data + bytes(16)),
        }[kind]()
    return k, e, draw(st.permutations(shares)), tuple(sorted(liar + 1 for liar in liars))


@given(attacks())
def test_up_to_e_wrong_shares_are_always_corrected_and_blamed_exactly(attack):
    k, e, shares, liars = attack
    assert recover(shares, k, most_wrong=e) == Recovered(SECRET, liars)


@given(attacks())
def test_liars_who_agree_on_another_polynomial_are_blamed_all_the_same(attack):
    k, e, shares, _ = attack
    honest, conspired = dealt(k, len(shares), 5), dealt(k, len(shares), 6, b"what they would like the key to be......")
    received = [*conspired[:e], *honest[e:]]
    assert recover(received, k, most_wrong=e) == Recovered(SECRET, tuple(range(1, e + 1)))


@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_between_k_plus_e_and_k_plus_2e_no_wrong_secret_is_ever_returned(k, e, data):
    """Whatever e liars do, the answer is the secret with the right blame, or that it cannot be told."""
    m = data.draw(st.integers(k + e, k + 2 * e - 1))
    honest, conspired = dealt(k, m, 5), dealt(k, m, 6, b"what they would like the key to be......")
    wrong = data.draw(st.sets(st.integers(1, m), max_size=e))
    received = [conspired[i - 1] if i in wrong else honest[i - 1] for i in range(1, m + 1)]
    try:
        found = recover(received, k, most_wrong=e)
    except InconsistentSharesError:
        assert len(wrong) > m - k - e
    else:
        assert found == Recovered(SECRET, tuple(sorted(wrong)))


def test_with_k_plus_e_shares_a_lie_is_noticed_and_not_corrected():
    shares = dealt(3, 5)
    assert recover(shares, 3, most_wrong=2) == Recovered(SECRET, ())
    with pytest.raises(InconsistentSharesError, match="0 can be corrected"):
        recover([spoilt(shares[0]), *shares[1:]], 3, most_wrong=2)


def test_search_over_all_subsets_agrees():
    draw = random.Random(8)
    for _ in range(40):
        k, e = draw.randint(1, 3), draw.randint(0, 2)
        m = k + e + draw.randint(0, e + 1)
        shares = list(dealt(k, m, draw.random()))
        for i in draw.sample(range(m), draw.randint(0, e)):
            shares[i] = spoilt(shares[i], draw.randrange(3), draw.randint(1, 255))
        possible = subset_search(shares, k, e)
        try:
            found = recover(shares, k, most_wrong=e)
        except InconsistentSharesError:
            assert m < k + 2 * e
        else:
            assert possible == {(found.secret, frozenset(found.wrong))}


def test_liars_in_different_blocks_share_one_budget():
    shares = list(dealt(2, 6))
    received = [spoilt(shares[0], 0), spoilt(shares[1], 1), *shares[2:]]
    assert recover(received, 2, most_wrong=2).wrong == (1, 2)
    with pytest.raises(InconsistentSharesError):
        recover([*received[:2], spoilt(shares[2], 2), *shares[3:]], 2, most_wrong=2)


def test_the_budget_holds_although_there_are_shares_to_spare():
    shares = list(dealt(2, 9))
    received = [spoilt(shares[0], 0), spoilt(shares[1], 1), spoilt(shares[2], 2), *shares[3:]]
    assert recover(received, 2, most_wrong=3).wrong == (1, 2, 3)
    with pytest.raises(InconsistentSharesError):
        recover(received, 2, most_wrong=2)


def test_what_was_found_wrong_in_one_block_leaves_room_in_the_next():
    shares = list(dealt(1, 4))
    apart = [spoilt(shares[0], 0), spoilt(shares[1], 1), *shares[2:]]
    assert recover(apart, 1, most_wrong=2) == Recovered(SECRET, (1, 2))
    with pytest.raises(InconsistentSharesError):
        recover([spoilt(shares[0], 0), spoilt(shares[1], 0), *shares[2:]], 1, most_wrong=2)


def test_two_lengths_with_as_many_shares_each_are_inconsistent():
    honest, conspired = dealt(1, 4), dealt(1, 4, 6, SECRET + b"!")
    with pytest.raises(InconsistentSharesError, match="lengths"):
        recover([*honest[:2], *conspired[2:]], 1, most_wrong=2)


def test_more_shares_than_the_threshold_must_agree_to_be_joined():
    shares = dealt(2, 3)
    assert join(shares[1:], 2) == SECRET
    with pytest.raises(InconsistentSharesError):
        join([*shares[:2], spoilt(shares[2], 2)], 2)


def test_different_lengths_without_a_majority_that_is_certain_are_inconsistent():
    shares = dealt(2, 4)
    with pytest.raises(InconsistentSharesError, match="lengths"):
        recover([replace(shares[0], length=41), replace(shares[1], length=42), *shares[2:]], 2, most_wrong=1)


def test_too_few_shares_say_how_many_would_do():
    with pytest.raises(TooFewSharesError, match="at least 4 shares, got 3; 6 would"):
        recover(dealt(2, 3), 2, most_wrong=2)
    with pytest.raises(TooFewSharesError):
        join([], 1)


def test_a_share_counts_once():
    share = dealt(2, 3)[0]
    with pytest.raises(ValueError, match="given once"):
        join([share, share], 2)


@pytest.mark.parametrize(("k", "most_wrong"), [(0, 0), (2, -1)])
def test_impossible_assumptions_are_refused(k, most_wrong):
    with pytest.raises(ValueError, match="k >= 1 and most_wrong >= 0"):
        recover(dealt(2, 4), k, most_wrong=most_wrong)
