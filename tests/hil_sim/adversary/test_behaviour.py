import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.behaviour import Behaviour
from hil_sim.adversary.cast import cast_of, joined_cast
from hil_sim.adversary.conduct import honest_conduct
from hil_sim.adversary.duty import Duty
from hil_sim.adversary.entries import Network
from hil_sim.adversary.kinds import EFFECTS
from hil_sim.adversary.relay import RelayConduct

A, B, C, D, E = range(5)
AB, BC, CD, DA, BD = range(5)
NETWORK = Network(
    nodes=5,
    ends=np.array([[A, B, C, D, B], [B, C, D, A, D]]),
    relays=np.array([-1, -1, -1, E, E]),
)


def behaviour(*adversaries, seed=7):
    return Behaviour(cast_of(NETWORK, adversaries, seed))


def side_by_side(*casts):
    return Behaviour(joined_cast([cast_of(NETWORK, *cast) for cast in casts]))


def one(kind, node=A, strength=1.0, **more):
    return Adversary((Act(kind, strength),), node=node, **more)


def epochs_acting(planner, node=A, epochs=1000, **more):
    return [epoch for epoch in range(epochs) if planner.plan(epoch, **more).acting[node]]


def test_without_adversaries_all_share_one_honest_conduct():
    assert behaviour().plan(0) is behaviour().plan(5) is honest_conduct(5, 5)
    assert not behaviour().byzantine.any()


def test_attacks_on_states_strike_the_links_of_a_node():
    conduct = behaviour(one("intercept-resend", B, 0.3)).plan(0)
    assert conduct.states.intercept_resend.tolist() == [0.3, 0.3, 0, 0, 0.3]
    assert not conduct.states.blinding.any()
    assert conduct.acting.tolist() == [False, True, False, False, False]


def test_lies_of_a_relay_strike_the_links_that_it_measures():
    conduct = behaviour(one("fabrication", E, 0.05), one("z-measurement", E)).plan(0)
    assert conduct.announcements.fabrication.tolist() == [0, 0, 0, 0.05, 0.05]
    assert conduct.announcements.z_measurement.tolist() == [0, 0, 0, 1, 1]


def test_reports_are_forged_at_the_own_end():
    conduct = behaviour(one("understate-errors", B, 0.8, claimed_error_rate=0.01)).plan(0)
    assert conduct.reports.understate_errors.tolist() == [[0, 0.8, 0, 0, 0.8], [0.8, 0, 0, 0, 0]]
    assert conduct.reports.claimed_error_rate.tolist() == [[0, 0.01, 0, 0, 0.01], [0.01, 0, 0, 0, 0]]


@pytest.mark.parametrize("kind", [kind for kind, effect in EFFECTS.items() if effect.part == "reports"])
def test_every_kind_of_forged_report_is_known(kind):
    conduct = behaviour(one(kind, A, 0.999999, replay_delay=4)).plan(1)
    values = getattr(conduct.reports, EFFECTS[kind].field)
    assert np.argwhere(values).tolist() == [[0, AB], [1, DA]]
    assert values.max() == (4 if kind == "replay" else True if EFFECTS[kind].part_time else 0.999999)


def test_relays_can_do_several_things_at_once():
    conduct = behaviour(one("spy", C), one("corrupt-keys", C), one("withhold-keys", D)).plan(0)
    spy_and_corrupt = RelayConduct.SPY | RelayConduct.CORRUPT
    assert conduct.relaying.tolist() == [0, 0, spy_and_corrupt, RelayConduct.WITHHOLD, 0]


def test_an_eavesdropper_needs_no_node():
    planner = behaviour(Adversary((Act("photon-number-splitting"),), links=(BC,)))
    assert planner.plan(0).states.photon_number_splitting.tolist() == [0, 1, 0, 0, 0]
    assert not planner.byzantine.any()


def test_a_node_may_be_choosy_about_its_links():
    conduct = behaviour(one("overstate-errors", B, links=(BC,))).plan(0)
    assert np.argwhere(conduct.reports.overstate_errors).tolist() == [[0, BC]]


def test_a_coalition_says_the_same_at_both_ends_of_its_links():
    conduct = behaviour(
        one("understate-errors", A, 0.9, coalition="red"), one("overstate-detected", B, 2.0, coalition="red")
    ).plan(0)
    assert conduct.reports.understate_errors[:, AB].tolist() == [0.9, 0.9]
    assert conduct.reports.overstate_detected[:, AB].tolist() == [2.0, 2.0]
    assert conduct.reports.understate_errors[:, DA].tolist() == [0, 0.9]
    assert conduct.reports.overstate_detected[:, BC].tolist() == [2.0, 0]


def test_strangers_do_not():
    conduct = behaviour(one("understate-errors", A, 0.9), one("overstate-detected", B, 2.0)).plan(0)
    assert conduct.reports.understate_errors[:, AB].tolist() == [0.9, 0]
    assert conduct.reports.overstate_detected[:, AB].tolist() == [0, 2.0]


def test_a_coalition_slanders_only_others():
    conduct = behaviour(one("slander", A, coalition="red"), one("slander", B, coalition="red")).plan(0)
    assert not conduct.reports.overstate_errors[:, AB].any()
    assert conduct.reports.overstate_errors.tolist() == [[0, 1, 0, 0, 1], [0, 0, 0, 1, 0]]


def test_a_coalition_acts_in_the_same_epochs_and_is_known_by_one_number():
    duty = Duty(share=0.3)
    planner = behaviour(
        one("spy", C, duty=duty, coalition="red"), one("slander", B, duty=duty, coalition="red"), one("spy", D)
    )
    assert epochs_acting(planner, B) == epochs_acting(planner, C) != epochs_acting(planner, D)
    assert planner.plan(0).coalition.tolist() == [A, B, B, D, E]


kinds = st.sampled_from([kind for kind, effect in EFFECTS.items() if effect.part == "reports"])
strong = st.floats(0.01, 1)
duties = st.builds(
    lambda start, share, period: Duty(start_epoch=start, share=share, period=period, burst=1 + period // 2),
    st.integers(0, 5),
    strong,
    st.integers(1, 4),
)


@given(st.lists(st.tuples(kinds, strong), min_size=2, max_size=4), duties, st.integers(0, 600), st.integers(0, 99))
def test_coalitions_are_consistent_at_both_ends_whatever_they_do(acts, duty, epoch, seed):
    members = [Adversary((Act(*act),), node=(A, B, D)[i % 3], duty=duty, coalition="red") for i, act in enumerate(acts)]
    reports = behaviour(*members, seed=seed).plan(epoch).reports
    nodes = {member.node for member in members}
    for link in (AB, BD, DA):
        if set(NETWORK.ends[:, link].tolist()) <= nodes:
            for name in type(reports).__dataclass_fields__:
                first, second = getattr(reports, name)[:, link].tolist()
                assert first == second


@given(st.permutations(range(0, 1200, 100)), duties, st.integers(0, 99))
def test_no_epoch_depends_on_those_planned_before(order, duty, seed):
    cast = (one("freeze", A, 0.5, duty=duty), one("corrupt-keys", C, 0.5, duty=duty))
    shuffled = behaviour(*cast, seed=seed)
    plans = {epoch: shuffled.plan(epoch) for epoch in order}
    ordered = behaviour(*cast, seed=seed)
    for epoch in sorted(order):
        again = ordered.plan(epoch)
        assert np.array_equal(plans[epoch].acting, again.acting)
        assert np.array_equal(plans[epoch].reports.freeze, again.reports.freeze)
        assert np.array_equal(plans[epoch].relaying, again.relaying)


def test_further_adversaries_do_not_shift_those_before_them():
    first = one("spy", A, duty=Duty(share=0.5))
    assert epochs_acting(behaviour(first)) == epochs_acting(behaviour(first, one("freeze", C, 0.4)))


def test_other_seeds_give_other_epochs():
    cast = one("spy", A, duty=Duty(share=0.5))
    assert epochs_acting(behaviour(cast, seed=1)) == epochs_acting(behaviour(cast, seed=1))
    assert epochs_acting(behaviour(cast, seed=1)) != epochs_acting(behaviour(cast, seed=2))


def test_a_share_of_the_epochs_is_that_share():
    acting = epochs_acting(behaviour(one("spy", A, duty=Duty(share=0.2))), epochs=5000)
    assert len(acting) == pytest.approx(1000, abs=120)


def test_a_sleeper_strikes_late_and_may_stop():
    assert epochs_acting(behaviour(one("spy", duty=Duty(start_epoch=40, end_epoch=43)))) == [40, 41, 42]


def test_bursts_are_periodic():
    acting = epochs_acting(behaviour(one("spy", duty=Duty(start_epoch=3, period=5, burst=2))), epochs=15)
    assert acting == [3, 4, 8, 9, 13, 14]


def test_the_wary_behave_while_their_trust_is_low():
    planner = behaviour(one("spy", A, duty=Duty(wary_below=0.7)), one("spy", B))
    trust = np.array([0.6, 0.1, 1.0, 1.0, 1.0])
    assert planner.plan(0, trust).acting.tolist() == [False, True, False, False, False]
    trust[A] = 0.7
    assert planner.plan(1, trust).acting.tolist() == [True, True, False, False, False]
    assert planner.plan(2).acting[A]


def test_a_coalition_is_as_wary_as_its_least_trusted_member():
    duty = Duty(wary_below=0.7)
    planner = behaviour(one("spy", A, duty=duty, coalition="red"), one("spy", B, duty=duty, coalition="red"))
    assert not planner.plan(0, np.array([1.0, 0.5, 1.0, 1.0, 1.0])).acting.any()


@pytest.mark.parametrize("kind", ["freeze", "withhold-report", "corrupt-keys"])
def test_what_happens_or_not_happens_in_its_share_of_the_epochs(kind):
    planner = behaviour(one(kind, A, 0.1))
    plans = [planner.plan(epoch) for epoch in range(5000)]
    happened = [bool(p.relaying[A] or p.reports.freeze[0, AB] or p.reports.withhold[0, AB]) for p in plans]
    assert sum(happened) == pytest.approx(500, abs=90)
    assert all(plan.acting[A] for plan in plans)


def test_a_node_may_do_one_thing_always_and_another_late():
    planner = behaviour(one("spy", A), one("slander", A, duty=Duty(start_epoch=9)))
    assert [bool(planner.plan(epoch).reports.overstate_errors.any()) for epoch in (8, 9)] == [False, True]
    assert planner.plan(8).relaying[A] == RelayConduct.SPY


def test_no_strength_is_no_misbehaviour():
    assert behaviour(one("slander", A, 0.0)).plan(0) is honest_conduct(5, 5)


def test_how_far_back_reports_reach():
    assert cast_of(NETWORK, (one("replay", A, replay_delay=30), one("freeze", B)), 0).history_depth == 30
    assert cast_of(NETWORK, (one("freeze", A),), 0).history_depth == 1
    assert cast_of(NETWORK, (one("slander", A),), 0).history_depth == 0


def test_conduct_cannot_be_written_to():
    conduct = behaviour(one("slander", A), one("blinding", B)).plan(0)
    for values in (conduct.reports.overstate_errors, conduct.states.blinding, conduct.states.one_basis):
        with pytest.raises(ValueError, match="read-only"):
            values[..., 0] = 1


@pytest.mark.parametrize(
    ("cast", "words"),
    [
        ([one("spy", 5)], "nodes 0 to 4, got 5"),
        ([one("spy", -1)], "nodes 0 to 4, got -1"),
        ([one("blinding", A, links=(9,))], "links 0 to 4, got 9"),
        ([one("slander", A, links=(BC,))], "node 0 ends none of the links"),
        ([one("fabrication", E, links=(BC,))], "node 4 measures none of the links"),
        ([one("spy", A, coalition="red"), one("slander", A, coalition="blue")], "both 'red' and 'blue'"),
        ([one("spy", A, coalition="x"), one("spy", B, coalition="x", duty=Duty(share=0.5))], "one duty"),
    ],
)
def test_impossible_casts_are_refused(cast, words):
    with pytest.raises(ValueError, match=words):
        behaviour(*cast)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Adversary((), node=A), "no acts"),
        (lambda: one("slander", A, 1.1), r"slander must lie in \[0, 1\], got 1.1"),
        (lambda: one("overstate-detected", A, -1.0), r"\[0, 1000\], got -1"),
        (lambda: Adversary((Act("blinding"),)), "needs a node, or links"),
        (lambda: Adversary((Act("spy"),), links=(AB,)), "'spy' needs a node"),
        (lambda: Adversary((Act("blinding"),), links=(AB,), coalition="red"), "cannot join coalition"),
        (lambda: one("replay", A, replay_delay=0), "1 to 10000 epochs"),
        (lambda: one("understate-errors", A, claimed_error_rate=0.6), r"\[0, 1/2\]"),
        (lambda: Duty(share=0), r"\(0, 1\]"),
        (lambda: Duty(period=3, burst=4), "4 of 3"),
        (lambda: Duty(start_epoch=5, end_epoch=5), "start < end"),
        (lambda: Duty(wary_below=1.5), r"\[0, 1\]"),
    ],
)
def test_impossible_adversaries_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_networks_side_by_side_keep_their_conduct():
    duty = Duty(share=0.5)
    red = (one("spy", B, coalition="red", duty=duty), one("slander", C, 0.5, coalition="red", duty=duty))
    first = cast_of(NETWORK, (*red, one("blinding", D, 0.25)), 1)
    second = cast_of(NETWORK, (*red, one("freeze", E, 0.5), one("corrupt-keys", D, 0.5)), 2)
    honest = cast_of(Network(3, np.array([[0, 1], [1, 2]]), np.full(2, -1)), (), 3)
    joint = Behaviour(joined_cast([honest, first, joined_cast([honest, second])]))
    apart = Behaviour(first), Behaviour(second)
    assert joint.byzantine.tolist() == [*[False] * 3, *apart[0].byzantine, *[False] * 3, *apart[1].byzantine]
    for epochs in ((0, 0, 0, 0), (5, 5, 5, 5), (9, 300, 2, 700), (9, 301, 2, 44)):
        conduct = joint.plan(np.array(epochs))
        for part, epoch, node, link in ((apart[0], epochs[1], 3, 2), (apart[1], epochs[3], 11, 9)):
            alone = part.plan(epoch)
            nodes, links = slice(node, node + 5), slice(link, link + 5)
            assert np.array_equal(conduct.states.blinding[links], alone.states.blinding)
            assert np.array_equal(conduct.reports.overstate_errors[:, links], alone.reports.overstate_errors)
            assert np.array_equal(conduct.reports.freeze[:, links], alone.reports.freeze)
            assert np.array_equal(conduct.relaying[nodes], alone.relaying)
            assert np.array_equal(conduct.acting[nodes], alone.acting)
        assert not conduct.acting[:3].any()
        assert not conduct.reports.freeze[:, :2].any()


def test_coalitions_of_different_networks_stay_apart():
    red = (one("spy", B, coalition="red"), one("slander", C, coalition="red")), 0
    assert side_by_side(red, red).plan(0).coalition.tolist() == [0, 1, 1, 3, 4, 5, 6, 6, 8, 9]


def test_trust_is_that_of_all_nodes_side_by_side():
    wary = (one("spy", B, duty=Duty(wary_below=0.5)),), 0
    trust = np.ones(10)
    trust[5 + B] = 0.4
    assert np.flatnonzero(side_by_side(wary, wary).plan(0, trust).acting).tolist() == [B]


def test_honest_networks_side_by_side_are_one_honest_network():
    assert side_by_side(((), 0), ((), 1)).plan(0) is honest_conduct(10, 10)


def test_the_longest_memory_serves_all():
    casts = [cast_of(NETWORK, (one("replay", A, replay_delay=delay),), 0) for delay in (3, 8, 5)]
    assert joined_cast(casts).history_depth == 8


def test_the_same_conduct_is_not_made_twice():
    planner = behaviour(one("slander", A, duty=Duty(start_epoch=3)))
    assert planner.plan(3) is planner.plan(8)
    assert planner.plan(2) is honest_conduct(5, 5)
