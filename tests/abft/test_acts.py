"""An act takes effect everywhere at once, and only with the word of k nodes, whatever f of them do."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.abft.act_book import lifted
from qkdctl.abft.act_messages import KeyShare, PartialTag, SharesWanted
from qkdctl.abft.act_verifier import SENT_MOST
from qkdctl.abft.acts import ActError
from qkdctl.records.act import (
    ActivatePolicy,
    ActReport,
    AdmitMember,
    Finding,
    LiftQuarantine,
    RemoveMember,
    SetFaults,
    WithdrawAct,
)
from tests.abft.act_network import ActNetwork, book, wrong_share, wrong_tag

POLICY = ActivatePolicy(policy="ab" * 32)
OTHER = ActivatePolicy(policy="cd" * 32)


def running(n=4, faults=1, **options):
    """A network that has dealt its first keys."""
    changes = options.pop("changes", {})
    network = ActNetwork(book(n, faults, **changes), **options)
    network.decide()
    return network


def test_an_act_that_k_nodes_approve_takes_effect_two_decisions_later():
    network = running()
    number = network.file("a", POLICY)
    network.approve(number, ["b"])
    assert network.book.policy == "rule-based"
    after = network.decide()
    assert after.policy == POLICY.policy
    assert [(state.outcome, state.accepted) for state in after.closed] == [("effective", ("a", "b", "c", "d"))]
    assert after.open == ()
    assert network.decide().closed == ()


def test_an_act_that_was_only_decided_has_no_effect_and_lapses():
    """To be decided takes one report of one node, which may lie; to take effect takes k operators."""
    network = running(changes={"lifetime_epochs": 5})
    number = network.file("a", POLICY)
    for _ in range(4):
        assert network.decide().open != ()
    assert network.decide().open == ()
    assert network.outcomes() == {number: "lapsed"}
    assert network.book.policy == "rule-based"


def test_used_keys_are_destroyed_at_signers_with_the_answer_and_at_verifiers_with_the_acceptance():
    network = running()
    number = network.file("a", POLICY)
    assert len([entry for entry in network.secrets_of(number) if entry.startswith("b: act-share")]) == 4
    network.approve(number, ["b"])
    assert [entry for entry in network.secrets_of(number) if entry.startswith(("a", "b"))] == []
    assert not any("act-key" in entry for entry in network.secrets_of(number))
    network.decide()
    assert network.secrets_of(number) == []


def test_nothing_is_left_of_an_act_that_is_over_and_a_network_at_rest_neither_writes_nor_speaks():
    network = running()
    before = {name: set(host.stored) for name, host in network.hosts.items()}
    number = network.file("a", POLICY)
    assert "act-filed" not in network.hosts["a"].stored, "else it would be filed again after a restart"
    network.approve(number, "b")
    for _ in range(3):
        network.decide()
    for name, host in network.hosts.items():
        assert host.acts.decided(network.book) == []
        gone = {key for key in before[name] if key.endswith("/0")}
        come = {key.removesuffix("/0") + "/4" for key in gone}
        assert set(host.stored) == (before[name] - gone) | come | {"act-floor"}


def test_keys_for_the_next_acts_lie_ready():
    network = running()
    assert all(len(network.secrets_of(number)) == 4 + 16 for number in range(4))
    assert network.secrets_of(4) == []
    network.file("a", POLICY)
    assert len(network.secrets_of(4)) == 4 + 16


@given(st.data())
@settings(max_examples=20)
def test_f_nodes_that_say_anything_need_the_word_of_k_minus_f_others(data):
    """They approve, forge tags, deal rubbish, claim acceptance, and call others wrong."""
    n, faults = data.draw(st.sampled_from([(4, 1), (7, 2)]))
    k = data.draw(st.integers(faults + 1, n - 2 * faults))
    liars = data.draw(st.permutations("abcdefg"[:n]))[:faults]
    network = running(n, faults, changes={"threshold_wish": k}, seed=data.draw(st.integers(0, 999)), liars=liars)
    honest = [node for node in network.book.members if node not in liars]
    moods = data.draw(st.lists(st.sampled_from(["right", "wrong", "silent"]), min_size=n, max_size=n))
    towards = dict(zip(network.book.members, moods, strict=True))

    def tamper(_sender, to, message):
        if isinstance(message, KeyShare):
            return wrong_share(message, network.source) if towards[to] != "right" else message
        if not isinstance(message, PartialTag) or towards[to] == "right":
            return message
        return None if towards[to] == "silent" else wrong_tag(message)

    def lie(node, report):
        wrong = tuple(other for other in network.book.members if other != node and towards[other] == "wrong")
        findings = tuple(Finding(number=state.number, accepted=1, wrong=wrong) for state in network.book.open)
        return ActReport(filed=report.filed, findings=findings)

    network.tamper, network.lie = tamper, lie
    number = network.file(liars[0], POLICY)
    network.approve(number, liars)
    approving = data.draw(st.permutations(honest))[: data.draw(st.integers(0, len(honest)))]
    network.approve(number, approving)
    for _ in range(3):
        state = network.decide()
        for entry in (*state.open, *state.closed):
            assert all({dispute.verifier, dispute.signer} & set(liars) for dispute in entry.disputes)
    if len(approving) < k - faults:
        assert network.book.policy == "rule-based"
    if len(approving) >= k:
        assert network.book.policy == POLICY.policy, "f liars cannot hold up what k honest nodes want"


def test_faulty_signers_that_satisfy_some_verifiers_only_do_not_split_the_network():
    """With k - f honest approvals liars choose who accepts; nothing happens before a strong quorum has."""
    network = running(liars="d")
    network.tamper = lambda _, to, message: message if to in "ad" or not isinstance(message, PartialTag) else None
    number = network.file("d", POLICY)
    network.approve(number, "a")
    after = network.decide()
    assert after.by_number[number].accepted == ("a", "d")
    assert network.decide().policy == "rule-based"
    network.approve(number, "b")
    after = network.decide()
    assert after.policy == POLICY.policy
    assert after.closed[0].accepted == ("a", "b", "c", "d")


def test_acceptances_add_up_over_decisions_that_leave_out_different_reports():
    network = running()
    number = network.file("a", POLICY)
    network.approve(number, "b")
    assert network.decide("ab").by_number[number].accepted == ("a", "b")
    assert network.decide("ab").policy == "rule-based"
    assert network.decide("acd").policy == POLICY.policy


def test_a_bad_dealer_loses_its_own_check_and_puts_only_its_own_edges_in_dispute():
    network = ActNetwork(book(), liars="c")
    network.tamper = lambda _, to, message: (
        wrong_share(message, network.source) if isinstance(message, KeyShare) and to != "c" else message
    )
    network.decide()
    number = network.file("a", POLICY)
    network.approve(number, "bd")
    after = network.decide()
    assert after.policy == POLICY.policy
    assert after.closed[0].accepted == ("a", "b", "d")
    disputes = {(dispute.verifier, dispute.signer) for dispute in after.closed[0].disputes}
    assert disputes == {("c", "a"), ("c", "b"), ("c", "d")}
    assert {alarm.code for alarm in network.hosts["c"].alarms} == {"partial-tag-wrong"}


def test_a_wrong_partial_tag_cannot_be_replaced_by_a_right_one():
    """One answer per signer, or f forgers could try as often as they like."""
    network = running(liars="d")
    network.tamper = lambda _, __, message: wrong_tag(message) if isinstance(message, PartialTag) else message
    number = network.file("a", POLICY)
    network.approve(number, "d")
    network.tamper = lambda _, __, message: message
    network.decide()
    assert network.decide().by_number[number].accepted == ("d",), "d knows its own key"
    network.hosts["a"].start()
    assert network.hosts["a"].acts.report().findings == (Finding(number=number, accepted=0, wrong=("d",)),)


def test_lost_messages_come_again_until_they_arrive():
    network = ActNetwork(book(), seed=5)
    network.lost = 0.5
    network.decide()
    number = network.file("a", POLICY)
    network.approve(number, "b")
    for _ in range(20):
        network.decide()
    assert network.outcomes() == {number: "effective"}
    assert all(len(tags) == 1 for tags in network.said.values()), "a repetition is byte-identical"


def test_replays_change_nothing():
    network = running()
    tags = []
    network.liars, network.tamper = frozenset("b"), lambda *seen: tags.append(seen) or seen[2]
    number = network.file("a", POLICY)
    network.approve(number, "b")
    network.decide()
    second = network.file("a", OTHER)
    before = {name: dict(host.stored) for name, host in network.hosts.items()}
    assert any(isinstance(message, PartialTag) and message.number == number for _, _, message in tags)
    network.queue += [entry for entry in tags if not isinstance(entry[2], KeyShare)]
    network.deliver()
    assert {name: dict(host.stored) for name, host in network.hosts.items()} == before
    assert network.decide().by_number[second].accepted == ()


def test_a_tag_for_one_act_is_none_for_another():
    network = running(liars="b")
    network.tamper = lambda _, __, message: (
        PartialTag(message.number + 1, message.tag) if isinstance(message, PartialTag) else message
    )
    network.hosts["a"].do(lambda acts: acts.file(POLICY))
    network.hosts["c"].do(lambda acts: acts.file(OTHER))
    network.decide()
    network.approve(0, "b")
    after = network.decide().by_number
    assert after[0].accepted == ("b",), "towards itself b did not lie"
    assert after[1].accepted == ()
    assert {(dispute.verifier, dispute.signer) for dispute in after[1].disputes} == {(v, "b") for v in "acd"}


def test_an_operator_approves_a_number_and_not_for_ever():
    """The same act filed again needs approval again: a liar cannot file what was wanted a year ago."""
    network = running()
    network.approve(network.file("a", POLICY), "b")
    network.decide()
    network.approve(network.file("c", OTHER), "b")
    network.decide()
    assert network.book.policy == OTHER.policy
    again = network.file("d", POLICY)
    network.decide()
    assert network.decide().by_number[again].accepted == ()
    assert not any("act-approved" in key for name in "abc" for key in network.hosts[name].stored)


def test_what_operators_cannot_have_is_refused_with_the_reason():
    network = running()
    acts = network.hosts["a"].acts
    for act, reason in (
        (AdmitMember(node="b"), "b is a member already"),
        (RemoveMember(node="b"), "3 members are fewer than 3f \\+ 1 = 4 with f = 1"),
        (RemoveMember(node="x"), "there is no member x"),
        (LiftQuarantine(node="x"), "there is no member x"),
        (SetFaults(faults=1), "f is 1 already"),
        (SetFaults(faults=2), "4 members are fewer than 3f \\+ 1 = 7 with f = 2"),
        (ActivatePolicy(policy="rule-based"), "policy rule-based is in force already"),
    ):
        with pytest.raises(ActError, match=f"does not fit: {reason} \\(members: a, b, c, d\\)"):
            acts.file(act)
    with pytest.raises(ActError, match="not open"):
        acts.approve(0)
    network.hosts["a"].do(lambda acts: acts.file(POLICY))
    with pytest.raises(ActError, match="under way"):
        acts.file(OTHER)
    network.decide()
    with pytest.raises(ActError, match="under way"):
        acts.file(OTHER)


def test_a_withdrawn_act_never_takes_effect_although_k_nodes_approved_it_and_all_verifiers_accepted():
    network = running()
    number = network.file("a", POLICY)
    network.approve(number, "bcd")
    network.withdraw("a")
    after = network.decide()
    assert (after.policy, after.by_number[number].accepted) == ("rule-based", ("a", "b", "c", "d"))
    for _ in range(5):
        network.decide()
    assert network.outcomes() == {number: "withdrawn"}
    assert (network.book.policy, network.secrets_of(number)) == ("rule-based", [])


def test_a_withdrawal_is_said_until_it_is_decided_and_then_forgotten():
    network = running()
    number = network.file("a", POLICY)
    before = set(network.hosts["a"].stored)
    network.withdraw("a")
    network.hosts["a"].start()
    assert network.hosts["a"].acts.report().filed == (WithdrawAct(number=number),), "also after a restart"
    assert network.hosts["a"].acts.withdrawn() == {number}
    assert network.decide("bcd").by_number[number].withdrawn == 0, "its report did not count"
    assert network.decide().by_number[number].withdrawn == 1
    assert network.hosts["a"].acts.report().filed == ()
    assert network.hosts["b"].acts.withdrawn() == {number}
    assert set(network.hosts["a"].stored) < before, "its approval has gone, and nothing else has come"


def test_what_is_withdrawn_before_it_has_a_number_is_withdrawn_also_when_a_report_under_way_opens_it():
    network = running()
    acts = network.hosts["a"].acts
    network.hosts["a"].do(lambda acts: acts.file(POLICY))
    under_way = acts.report()
    network.withdraw("a")
    assert (acts.filed(), acts.report().filed) == ((), ())
    network.hosts["a"].do(lambda acts: acts.file(OTHER))
    network.liars, network.lie = frozenset("a"), lambda _node, _report: under_way
    (state,) = network.decide().open
    assert (state.act, acts.approved()) == (POLICY, frozenset()), "opened, approved by nobody"
    network.liars = frozenset()
    assert network.decide().by_number[state.number].withdrawn == 1
    for _ in range(5):
        network.decide()
    assert [state.act for state in network.book.open] == [OTHER], "what was wanted in its place comes next"


def test_what_was_withdrawn_in_time_is_never_opened_and_may_be_filed_again():
    network = running()
    for _ in range(2):
        network.hosts["a"].do(lambda acts: acts.file(POLICY))
        network.withdraw("a")
        assert network.decide().open == ()
    number = network.file("a", POLICY)
    network.approve(number, "b")
    assert network.decide().policy == POLICY.policy
    assert not any("withdrawn" in key for key in network.hosts["a"].stored)


def test_an_operator_hears_why_an_act_cannot_be_withdrawn_approved_or_followed_by_another_one():
    network = running()
    number = network.file("a", POLICY)
    with pytest.raises(ActError, match="only the node that filed an act can withdraw it"):
        network.hosts["b"].acts.withdraw()
    network.withdraw("a")
    acts = network.hosts["a"].acts
    with pytest.raises(ActError, match="act 0 of this node is being withdrawn"):
        acts.withdraw()
    network.decide()
    with pytest.raises(ActError, match="act 0 of this node was withdrawn and keeps its place until epoch 7"):
        acts.file(OTHER)
    with pytest.raises(ActError, match="act 0 was withdrawn by a, who filed it; whoever wants it files it anew"):
        network.hosts["b"].acts.approve(number)


def test_an_act_that_others_file_too_is_one_act():
    network = running()
    for node in "ac":
        network.hosts[node].do(lambda acts: acts.file(POLICY))
    after = network.decide()
    assert [(state.number, state.filer) for state in after.open] == [(0, "a")]
    assert network.hosts["c"].acts.report().filed == ()
    assert network.decide().policy == POLICY.policy, "both have approved it"


def test_what_does_not_fit_any_more_is_dropped_with_an_alarm():
    network = running(5)
    number = network.file("a", RemoveMember(node="d"))
    network.hosts["c"].do(lambda acts: acts.file(RemoveMember(node="e")))
    network.approve(number, "b")
    network.decide("abde")
    assert network.book.members == ("a", "b", "c", "e")
    assert [alarm.code for alarm in network.hosts["c"].alarms] == ["act-obsolete"]
    assert network.hosts["c"].acts.report().filed == ()


def test_new_members_get_keys_and_the_old_keys_are_destroyed():
    network = running()
    number = network.file("a", AdmitMember(node="e"))
    network.approve(number, "b")
    after = network.decide()
    assert after.members == ("a", "b", "c", "d", "e")
    assert after.committee == 1
    network.decide()
    second = network.file("e", POLICY)
    assert second == 1
    assert len(network.secrets_of(second)) == 5 + 20, "e has used its five shares"
    assert len(network.secrets_of(second + 1)) == 5 + 25
    network.approve(second, "b")
    assert network.decide().closed[0].accepted == ("a", "b", "c", "d", "e")


def test_a_node_that_left_keeps_no_keys_and_signs_nothing():
    network = running(5)
    number = network.file("a", RemoveMember(node="e"))
    known_to_e = {key: network.hosts["a"].stored[key] for key in ("act-key/1", "act-key/2")}
    network.approve(number, "b")
    network.decide()
    stored = network.hosts["a"].stored
    assert all(json.loads(stored[key])["secret"] not in text for key, text in known_to_e.items())
    assert not any(key.startswith(("act-key", "act-share")) for key in network.hosts["e"].stored)
    with pytest.raises(ActError, match="no member"):
        network.hosts["e"].acts.file(POLICY)


def test_a_quarantine_is_lifted_for_the_node_that_the_act_names():
    network = running()
    network.approve(network.file("a", LiftQuarantine(node="d")), "b")
    assert lifted(network.decide()) == ("d",)
    assert lifted(network.decide()) == ()


def test_who_asks_for_shares_for_ever_gets_them_a_few_times_only():
    """Each share costs as many bits of pairwise key as it has."""
    network = running()
    sent = []
    for _ in range(3 * SENT_MOST):
        sent += network.hosts["a"].acts.received("b", SharesWanted((0, 1, 99)))
    assert len(sent) == 2 * (SENT_MOST - 1)
    assert network.hosts["a"].acts.received("stranger", SharesWanted((0,))) == []


def test_shares_for_other_members_or_for_acts_far_ahead_are_not_kept():
    acts = running().hosts["a"].acts
    assert acts.received("b", KeyShare(1, 1, "00" * 528)) == []
    assert acts.received("b", KeyShare(4, 0, "00" * 528)) == []
    assert acts.received("b", KeyShare(3, 0, "00" * 528)) != [], "in place of one that was not used"


def test_strangers_are_not_heard():
    network = running()
    number = network.file("a", POLICY)
    share = KeyShare(1, 0, "00" * 528)
    assert network.hosts["a"].acts.received("stranger", share) == []
    assert network.hosts["a"].acts.received("stranger", PartialTag(number, "00" * 16)) == []


def test_a_node_alone_decides_alone():
    network = running(1, 0)
    network.file("a", POLICY)
    assert network.decide().policy == POLICY.policy
