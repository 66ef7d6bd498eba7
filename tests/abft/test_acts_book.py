"""What a decision makes of acts: equal on every node, because it follows from the decided reports alone."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from qkdctl.abft.act_book import electorate_of, fits, next_book, threshold_of
from qkdctl.abft.act_messages import ActMessage, KeyShare, PartialTag, SharesWanted
from qkdctl.abft.quorum import Electorate, Member
from qkdctl.records.act import (
    ActBook,
    ActivatePolicy,
    ActReport,
    AdmitMember,
    Finding,
    LiftQuarantine,
    RemoveMember,
    SetFaults,
    WithdrawAct,
)
from qkdctl.secretsharing.statements import TEXT_BYTES
from tests.abft.act_network import book

POLICY = ActivatePolicy(policy="ab" * 32)
OTHER = ActivatePolicy(policy="cd" * 32)
EQUAL = Electorate.equal("abcd", 1)


def filed(act):
    return ActReport(filed=(act,))


def accepted(*numbers):
    return ActReport(findings=tuple(Finding(number=number, accepted=1, wrong=()) for number in numbers))


def everyone(report, nodes="abcd"):
    return dict.fromkeys(nodes, report)


def after(start: ActBook, *decisions, electorate=EQUAL):
    for epoch, reports in enumerate(decisions, start=1):
        start = next_book(start, epoch, reports, electorate)
    return start


def test_numbers_rise_in_the_order_of_filers_and_are_never_given_twice():
    found = after(book(), {"c": filed(OTHER), "a": filed(POLICY)}, everyone(accepted(0)), {"b": filed(POLICY)})
    assert [(state.number, state.filer) for state in found.open] == [(1, "c")], "the policy is active already"
    found = after(found, everyone(accepted(1)))
    found = after(found, {"b": filed(POLICY)})
    assert [(state.number, state.filer) for state in found.open] == [(2, "b")]


def test_a_node_has_one_open_act_at_a_time_so_f_liars_use_up_f_keys_per_lifetime():
    found = after(book(), {"a": filed(POLICY)}, {"a": filed(OTHER)}, {"a": filed(SetFaults(faults=0))})
    assert [state.act for state in found.open] == [POLICY]
    assert found.next_number == 1


def test_whoever_is_no_member_files_nothing_and_accepts_nothing():
    found = after(book(), {"x": filed(POLICY), "a": filed(OTHER)}, {"x": accepted(0)})
    assert [(state.act, state.accepted) for state in found.open] == [(OTHER, ())]


def test_acceptance_counts_by_weight():
    light = Electorate((Member("a", 50_000), Member("b", 50_000), *(Member(node) for node in "cdefghij")), 1)
    start = after(book(10), {"a": filed(POLICY)}, electorate=light)
    six = everyone(accepted(0), "abcdef")
    assert Electorate.equal("abcdefghij", 1).is_strong(six)
    assert after(start, six, electorate=light).open != ()
    assert after(start, six | {"g": accepted(0)}, electorate=light).policy == POLICY.policy


def test_findings_on_unknown_and_closed_acts_are_ignored():
    found = after(book(), {"a": filed(POLICY)}, everyone(accepted(0)), everyone(accepted(0, 7)))
    assert found.open == found.closed == ()
    assert found.policy == POLICY.policy


def test_disputes_name_members_other_than_the_verifier():
    wrong = ActReport(findings=(Finding(number=0, accepted=0, wrong=("a", "b", "x")),))
    found = after(book(), {"a": filed(POLICY)}, {"a": wrong}, {"d": wrong})
    pairs = [(dispute.verifier, dispute.signer) for dispute in found.open[0].disputes]
    assert pairs == [("a", "b"), ("d", "a"), ("d", "b")]


def test_an_act_lapses_at_the_end_of_its_lifetime_and_not_before():
    start = after(book(lifetime_epochs=3), {"a": filed(POLICY)})
    assert next_book(start, 3, {}, EQUAL).open != ()
    gone = next_book(start, 4, {}, EQUAL)
    assert [state.outcome for state in gone.closed] == ["lapsed"]
    assert next_book(start, 4, everyone(accepted(0)), EQUAL).policy == POLICY.policy, "the last decision still counts"


def withdrawn(number, findings=()):
    return ActReport(filed=(WithdrawAct(number=number),), findings=findings)


def test_an_act_that_its_filer_withdraws_has_no_effect_even_where_all_have_accepted_it():
    start = after(book(), {"a": filed(POLICY)})
    all_accept = everyone(accepted(0))
    found = next_book(start, 2, all_accept | {"a": withdrawn(0, accepted(0).findings)}, EQUAL)
    assert (found.policy, found.open[0].withdrawn) == ("rule-based", 1)
    assert after(found, *[all_accept] * 9).policy == "rule-based", "whatever is reported later"


def test_only_the_filer_can_withdraw_and_only_its_open_act():
    start = after(book(), {"a": filed(POLICY), "b": filed(OTHER)})
    found = next_book(start, 2, {"b": withdrawn(0), "a": withdrawn(7), "x": withdrawn(0)}, EQUAL)
    assert [state.withdrawn for state in found.open] == [0, 0]
    assert next_book(found, 3, everyone(accepted(0)), EQUAL).policy == POLICY.policy
    over = next_book(found, 3, everyone(accepted(0)), EQUAL)
    assert next_book(over, 4, {"a": withdrawn(0)}, EQUAL).policy == POLICY.policy, "what is decided stays"


def test_a_withdrawn_act_keeps_its_place_for_a_tenth_of_a_lifetime_so_keys_are_not_drained():
    """Else a liar that files and withdraws would use up a key of every verifier with every other decision."""
    found = book(lifetime_epochs=50)
    for epoch in range(1, 51):
        report = withdrawn(found.open[0].number) if found.open else filed(POLICY)
        found = next_book(found, epoch, {"a": report}, EQUAL)
    assert found.next_number == 9


def test_a_withdrawn_act_is_in_nobody_elses_way():
    start = next_book(after(book(), {"a": filed(POLICY)}), 2, {"a": withdrawn(0)}, EQUAL)
    found = next_book(start, 3, {"b": filed(POLICY)}, EQUAL)
    assert [(state.number, state.filer, state.withdrawn) for state in found.open] == [(0, "a", 1), (1, "b", 0)]
    assert next_book(found, 4, everyone(accepted(1)), EQUAL).policy == POLICY.policy
    gone = next_book(start, 6, {}, EQUAL)
    assert [(state.number, state.outcome) for state in gone.closed] == [(0, "withdrawn")]
    moved = after(found, {"c": filed(SetFaults(faults=0))}, everyone(accepted(2)))
    assert {state.number: state.outcome for state in moved.closed} == {0: "withdrawn", 1: "void", 2: "effective"}


def test_an_act_that_was_open_for_long_is_closed_by_the_decision_that_withdraws_it():
    start = after(book(), {"a": filed(POLICY)})
    found = next_book(start, 20, {"a": withdrawn(0)}, EQUAL)
    assert (found.open, [state.outcome for state in found.closed]) == ((), ["withdrawn"])


def test_a_change_of_members_voids_all_other_acts_because_their_keys_were_dealt_to_others():
    reports = {
        "a": filed(POLICY),
        "b": filed(AdmitMember(node="e")),
        "c": filed(OTHER),
        "d": filed(SetFaults(faults=0)),
    }
    start = after(book(), reports)
    found = after(start, everyone(accepted(1, 3)))
    assert [(state.number, state.outcome) for state in found.closed] == [
        (0, "void"),
        (1, "effective"),
        (2, "void"),
        (3, "void"),
    ]
    assert (found.members, found.faults, found.committee) == (("a", "b", "c", "d", "e"), 1, 4)


def test_of_acts_that_exclude_each_other_the_first_counts():
    start = after(book(), {"a": filed(POLICY), "b": filed(LiftQuarantine(node="c"))}, {"c": filed(OTHER)})
    found = after(start, everyone(accepted(0, 1, 2)))
    assert [state.outcome for state in found.closed] == ["effective"] * 3
    assert found.policy == OTHER.policy, "in the order of numbers"


@pytest.mark.parametrize(
    ("act", "n", "faults", "does"),
    [
        (ActivatePolicy(policy="rule-based"), 4, 1, False),
        (POLICY, 4, 1, True),
        (AdmitMember(node="e"), 4, 1, True),
        (AdmitMember(node="a"), 4, 1, False),
        (RemoveMember(node="a"), 4, 1, False),
        (RemoveMember(node="a"), 5, 1, True),
        (RemoveMember(node="x"), 5, 1, False),
        (RemoveMember(node="a"), 1, 0, False),
        (SetFaults(faults=1), 4, 1, False),
        (SetFaults(faults=2), 6, 1, False),
        (SetFaults(faults=2), 7, 1, True),
        (SetFaults(faults=0), 4, 1, True),
        (LiftQuarantine(node="a"), 4, 1, True),
        (LiftQuarantine(node="x"), 4, 1, False),
    ],
)
def test_acts_that_fit(act, n, faults, does):
    assert fits(act, book(n, faults)) is does


@given(st.integers(0, 5), st.integers(0, 8), st.integers(0, 30))
def test_the_threshold_is_the_wish_moved_to_where_it_protects(faults, slack, wish):
    n = 3 * faults + 1 + slack
    members = tuple(f"n{i:02}" for i in range(n))
    found = threshold_of(book().model_copy(update={"members": members, "faults": faults, "threshold_wish": wish}))
    assert found.k == sorted((faults + 1, wish, n - 2 * faults))[1]


def test_joiners_begin_at_the_bottom():
    found = electorate_of(book(), {"a": 1_000_000, "b": 700_000, "c": 1_000_000})
    assert [member.score_ppm for member in found.members] == [1_000_000, 700_000, 1_000_000, 50_000]


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.data())
def test_the_order_in_which_reports_stand_is_irrelevant_and_the_book_round_trips(order, data):
    acts = st.sampled_from([POLICY, OTHER, AdmitMember(node="e"), SetFaults(faults=0), LiftQuarantine(node="a")])
    filings = acts | st.builds(WithdrawAct, number=st.integers(0, 5))
    findings = st.builds(
        Finding,
        number=st.integers(0, 5),
        accepted=st.just(1),
        wrong=st.sets(st.sampled_from("abcd")).map(lambda s: tuple(sorted(s))),
    )
    reports = st.builds(
        ActReport,
        filed=st.lists(filings, max_size=1).map(tuple),
        findings=st.lists(findings, max_size=3, unique_by=lambda f: f.number).map(
            lambda fs: tuple(sorted(fs, key=lambda f: f.number))
        ),
    )
    one = other = book(lifetime_epochs=4)
    for epoch in range(1, 7):
        said = data.draw(st.dictionaries(st.sampled_from("abcd"), reports, min_size=3))
        turned = list(said.items())
        order.shuffle(turned)
        one = next_book(one, epoch, said, EQUAL)
        other = next_book(ActBook.from_json(other.canonical()), epoch, dict(turned), EQUAL)
        assert one == other
        numbers = [state.number for state in (*one.open, *one.closed)]
        assert len(set(numbers)) == len(numbers)
        assert all(number < one.next_number for number in numbers)
        assert len(one.members) >= 3 * one.faults + 1
        assert len({state.filer for state in one.open}) == len(one.open)


def test_every_act_fits_into_a_statement():
    longest = "n" * 63
    acts = [POLICY, ActivatePolicy(policy=longest), AdmitMember(node=longest), SetFaults(faults=2**63 - 1)]
    assert all(len(act.canonical()) <= TEXT_BYTES for act in acts)


@pytest.mark.parametrize(
    "text",
    [
        '{"filed":[{"kind":"activate-policy","policy":"x y"}],"findings":[]}',
        '{"filed":[{"kind":"open-shutter","node":"a"}],"findings":[]}',
        '{"filed":[{"kind":"withdraw-act","number":-1}],"findings":[]}',
        '{"filed":[],"findings":[{"number":0,"accepted":0,"wrong":[]}]}',
        '{"filed":[],"findings":[{"number":0,"accepted":1,"wrong":["b","a"]}]}',
        '{"filed":[],"findings":[{"number":1,"accepted":1,"wrong":[]},{"number":0,"accepted":1,"wrong":[]}]}',
        '{"filed":[{"kind":"admit-member","node":"a"},{"kind":"admit-member","node":"b"}],"findings":[]}',
    ],
)
def test_reports_that_are_none_are_refused(text):
    with pytest.raises(ValidationError):
        ActReport.from_json(text)


def test_messages_cross_the_wire_and_keys_do_not_show():
    adapter = TypeAdapter(ActMessage)
    draw = random.Random(3)
    for message in (
        PartialTag(7, draw.randbytes(16).hex()),
        SharesWanted((1, 2)),
        KeyShare(3, 1, draw.randbytes(528).hex()),
    ):
        assert adapter.validate_json(adapter.dump_json(message), strict=True) == message
    assert "abab" not in repr(KeyShare(3, 1, "ab" * 528))
    with pytest.raises(ValidationError):
        adapter.validate_json('{"number":1,"tag":"00","kind":"partial-tag"}', strict=True)
