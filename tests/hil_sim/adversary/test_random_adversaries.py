import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.adversary.adversary import Act
from hil_sim.adversary.duty import Duty
from hil_sim.adversary.random_adversaries import random_adversaries

ACTS = (Act("spy"), Act("slander", 0.5), Act("blinding", 0.1))


def nodes_of(adversaries):
    return [adversary.node for adversary in adversaries]


@given(st.integers(1, 60), st.floats(0, 1), st.integers(0, 9))
def test_as_many_nodes_as_asked_for_are_picked_once_each(nodes, share, seed):
    picked = nodes_of(random_adversaries(nodes, share, ACTS, seed))
    assert len(picked) == round(share * nodes)
    assert picked == sorted({*picked})
    assert all(0 <= node < nodes for node in picked)


@given(st.integers(0, 99))
def test_a_larger_share_adds_nodes_to_the_smaller_one(seed):
    some, more = (nodes_of(random_adversaries(40, share, ACTS, seed)) for share in (0.1, 0.3))
    assert {*some} < {*more}


@given(st.integers(0, 99), st.sets(st.integers(0, 9), max_size=7))
def test_nodes_that_must_stay_honest_do(seed, kept):
    assert not {*nodes_of(random_adversaries(10, 0.3, ACTS, seed, keep_honest=kept))} & kept


def test_every_node_is_picked_by_some_seed():
    assert {node for seed in range(60) for node in nodes_of(random_adversaries(10, 0.2, ACTS, seed))} == {*range(10)}


def test_seeds_and_draws_differ_and_repeat():
    def picks(**more):
        return [nodes_of(random_adversaries(50, 0.2, ACTS, seed, **more)) for seed in range(5)]

    assert picks() == picks()
    assert picks(draw=1) != picks()
    assert len({*map(tuple, picks())}) == 5


def test_what_they_do_is_passed_on():
    duty = Duty(start_epoch=4)
    for adversary in random_adversaries(10, 0.3, ACTS, 1, duty=duty, coalition="red"):
        assert (adversary.acts, adversary.duty, adversary.coalition) == (ACTS, duty, "red")
    single = random_adversaries(40, 1.0, ACTS, 1, one_act_each=True)
    assert {adversary.acts for adversary in single} == {(act,) for act in ACTS}


@pytest.mark.parametrize(("share", "kept", "words"), [(1.1, (), r"\[0, 1\]"), (0.5, range(6), "only 4 may be")])
def test_shares_that_cannot_be_are_refused(share, kept, words):
    with pytest.raises(ValueError, match=words):
        random_adversaries(10, share, ACTS, 0, keep_honest=kept)
