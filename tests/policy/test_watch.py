"""Falling back is a function: it ends, it leads to nothing that was left, and no claim makes its state unreadable."""

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.watch import LAST_RESORT, RULES, PolicyWatch, Term, cause_of, next_policy
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Intervention, LinkPlan, Plan
from tests.policy.states import facts, link, qber, state, table_of
from tests.records.samples import standing

FILES = ["a" * 64, "b" * 64, "c" * 64]
TABLE = table_of(facts("a-b"), facts("c-d"))
LARGEST = 2**63 - 1


def network(key_bits: int, level_ppm: int = 10_000, **changes: object) -> NetworkState:
    row = {"secret_key_bits": key_bits, "qber_z": qber(level_ppm), **changes}
    return state(link("a-b", **row), link("c-d", **row))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", *FILES, *BASELINES]),
        st.sampled_from([0, 1, 250_000, LARGEST]),
        st.sampled_from([10_000, 500_000]),
        st.booleans(),
    ),
    max_size=80,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_comes_it_leads_only_where_acts_or_safety_lead(
    steps: list[tuple[str, int, int, bool]],
) -> None:
    watch, policy = PolicyWatch(), "rule-based"
    for act, key_bits, level_ppm, ejected in steps:
        wanted, before = act or policy, watch
        after, watch = next_policy(before, policy, wanted, network(key_bits, level_ppm), TABLE, ejected=ejected)
        if wanted != policy:
            assert after == wanted
            assert (watch.previous, wanted in watch.rolled_back) == ((policy,), False)
        elif after != policy:
            assert after in (*before.previous, LAST_RESORT)
            assert policy in FILES
            assert policy in watch.rolled_back
            assert (watch.previous, watch.last[0].policy) == ((), policy)
        assert after not in watch.rolled_back
        assert PolicyWatch.from_json(watch.canonical()) == watch
        policy = after


def test_without_acts_it_falls_back_twice_at_most() -> None:
    watch, policy = PolicyWatch(previous=(FILES[1],)), FILES[0]
    seen = [policy]
    for _ in range(10):
        policy, watch = next_policy(watch, policy, policy, network(0), TABLE, ejected=True)
        seen.append(policy)
    assert list(dict.fromkeys(seen)) == [FILES[0], FILES[1], LAST_RESORT]


def counted(**changes: object) -> Term:
    """What is counted of two links in one epoch after the settling."""
    watch = PolicyWatch(current=Term(epochs=RULES.settle_epochs))
    known = network(1_000, **changes)
    return next_policy(watch, FILES[0], FILES[0], known, TABLE, ejected=False)[1].current


def test_which_links_count() -> None:
    assert (counted().link_epochs, counted().key_bits, counted().over_limit) == (2, 2_000, 0)
    assert counted(mode="hold").link_epochs == 0
    silent = counted(valid=0, invalid_epochs=RULES.silent_epochs)
    assert (silent.link_epochs, silent.key_bits) == (2, 0), "a policy may be why nothing is valid"
    assert counted(valid=0, invalid_epochs=RULES.silent_epochs + 1).link_epochs == 0
    assert counted(level_ppm=90_001).over_limit == 2
    assert counted(level_ppm=90_000).over_limit == 0


def test_links_of_a_node_that_is_not_trusted_do_not_count() -> None:
    watch = PolicyWatch(current=Term(epochs=RULES.settle_epochs))
    known = network(1_000)
    doubted = known.model_copy(update={"standings": (standing("bench", trust_ppm=499_999),)})
    _, after = next_policy(watch, FILES[0], FILES[0], doubted, TABLE, ejected=False)
    assert after.current.link_epochs == 0


def touched(epochs: int, known: NetworkState) -> int:
    """What is counted of a plan that the shield has changed on both links, in the n-th epoch of a policy."""
    row = {"action": "hold", "mean_photon_number_e6": 1, "protocol": "bb84", "realign": 0}
    changes = (Intervention(code="thin-margin", text="No raise."),)
    links = tuple(LinkPlan(link=one.link, **row, interventions=changes) for one in known.links)
    plan = Plan(epoch=known.epoch, policy=FILES[0], links=links)
    return PolicyWatch(current=Term(epochs=epochs)).with_plan(plan, known, TABLE).current.touched


def test_what_the_shield_changes_counts_where_and_when_links_count() -> None:
    settled, known = RULES.settle_epochs + 1, network(1_000)
    doubted = known.model_copy(update={"standings": (standing("bench", trust_ppm=499_999),)})
    assert touched(settled, known) == 2
    assert touched(RULES.settle_epochs, known) == 0
    assert touched(settled, doubted) == 0
    assert touched(settled, network(1_000, mode="hold")) == 0


def test_the_epochs_after_an_activation_do_not_count() -> None:
    watch = PolicyWatch()
    for _ in range(RULES.settle_epochs):
        _, watch = next_policy(watch, FILES[0], FILES[0], network(1_000), TABLE, ejected=False)
    assert watch.current == Term(epochs=RULES.settle_epochs)


def test_a_policy_of_a_few_epochs_is_no_standard_for_the_next() -> None:
    good = Term(epochs=700, link_epochs=1_000, key_bits=1_000_000)
    for seen, standard in ((RULES.least_link_epochs - 1, good), (RULES.least_link_epochs, None)):
        short = Term(epochs=30, link_epochs=seen, key_bits=7)
        watch = PolicyWatch(current=short, standard=good)
        _, after = next_policy(watch, FILES[0], FILES[1], network(1_000), TABLE, ejected=False)
        assert after.standard == (standard or short)
        assert after.previous == (FILES[0],)


def test_the_limits_themselves_are_allowed() -> None:
    then = Term(epochs=700, link_epochs=1_000, key_bits=1_000_000, over_limit=0, touched=0)
    for now, cause in (
        (Term(epochs=100, link_epochs=100, key_bits=50_000), None),
        (Term(epochs=100, link_epochs=100, key_bits=49_999), "key-rate"),
        (Term(epochs=100, link_epochs=100, key_bits=100_000, over_limit=10), None),
        (Term(epochs=100, link_epochs=100, key_bits=100_000, over_limit=11), "qber"),
        (Term(epochs=100, link_epochs=100, key_bits=100_000, touched=30), None),
        (Term(epochs=100, link_epochs=100, key_bits=100_000, touched=31), "shield"),
        (Term(epochs=10, link_epochs=RULES.least_link_epochs - 1, key_bits=0), None),
        (Term(epochs=RULES.probation_epochs + 1, link_epochs=900, key_bits=0), None),
    ):
        assert cause_of(PolicyWatch(current=now, standard=then), ejected=False) == cause
