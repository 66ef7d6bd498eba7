"""Attacks on votes and rounds, told message by message: a, b and c are honest, the test plays d."""

import pytest

from qkdctl.abft.messages import (
    ROUND_MAX,
    Proof,
    Proposal,
    RoundChange,
    Slot,
    Suggest,
    Vote,
    digest_of,
)
from qkdctl.abft.timing import Timing
from tests.abft.round_table import (
    RoundTable,
    decided_table,
    enter,
    in_round,
    instance_of,
    value_text,
    votes_of,
)

NOBODY = "f" * 64


def test_two_halves_of_the_votes_are_no_quorum() -> None:
    """Weights 1000, 900, 900, 900: votes of two nodes and a stranger count as two."""
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    for sender in ("d", "x", "y", "z"):
        table.say(sender, Vote(1, context, 0, 4, NOBODY))
    assert not instance_of(table).decided


def test_nobody_joins_a_single_wish_and_everybody_the_highest_of_two() -> None:
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    table.say("d", RoundChange(1, context, ROUND_MAX), "a")
    assert instance_of(table).round == 0
    table.under_way.clear()
    table.say("c", RoundChange(1, context, 7), "a")
    assert RoundChange(1, context, 7) in {message for _, _, message in table.under_way}
    assert instance_of(table).round == 7, "c, d and now a wish it"


def given(table: RoundTable, name: str) -> dict[int, Slot]:
    """Highest votes."""
    return instance_of(table, name).ballots.highest


def test_a_quorum_of_votes_of_a_later_round_takes_a_node_there_with_all_it_voted_before() -> None:
    table = in_round(0)
    value = digest_of(value_text("abc"))
    votes_of(table, 0, 1, value, "a")
    votes_of(table, 3, 2, NOBODY, "a")
    table.under_way.clear()
    table.wait(5.0, "a")
    said = {message for _, _, message in table.under_way}
    context = table.chain_of("a").context
    assert instance_of(table).round == 3
    assert Vote(1, context, 3, 3, NOBODY) in said
    assert [message.highest for message in said if isinstance(message, Suggest)] == []
    assert [message.round for message in said if isinstance(message, Proof)] == [3]
    assert instance_of(table).ballots.for_leader.highest == Slot(0, value)


def test_votes_of_a_round_that_was_left_are_followed_no_more() -> None:
    table = in_round(0)
    enter(table, 1)
    for phase in (1, 2, 3):
        votes_of(table, 0, phase, NOBODY, "a")
    assert given(table, "a") == {}


def test_votes_4_of_a_round_that_was_left_decide() -> None:
    table = in_round(0)
    enter(table, 1)
    votes_of(table, 0, 4, NOBODY, "a")
    assert instance_of(table).decided == NOBODY


def test_votes_count_in_the_last_round_of_their_sender_only() -> None:
    table = in_round(0)
    context = table.chain_of("a").context
    votes_of(table, 0, 3, NOBODY, "a", "bc")
    table.say("c", Vote(1, context, 1, 1, digest_of("x")), "a")
    votes_of(table, 0, 3, NOBODY, "a", "d")
    assert given(table, "a") == {}
    table.say("c", Vote(1, context, 0, 3, NOBODY), "a")
    assert given(table, "a") == {}, "what is older than the round of its sender does not count"


def test_a_quorum_that_fell_apart_counts_no_more() -> None:
    table = in_round(0)
    context = table.chain_of("a").context
    votes_of(table, 2, 1, NOBODY, "b")
    assert instance_of(table, "b").round == 2
    instance = instance_of(table)
    for sender in "bcd":
        instance.notes.take(sender, Vote(1, context, 0, 2, NOBODY))
    instance.notes.take("b", Vote(1, context, 1, 1, digest_of("x")))
    assert instance.notes.strong_votes(2, 0) == []


def test_the_first_vote_proof_and_suggestion_of_a_node_count_and_another_one_is_held_against_it() -> None:
    table = in_round(1, heard="")
    context = table.chain_of("a").context
    instance = instance_of(table)
    one, other = digest_of("one"), digest_of("other")
    for value in (one, other):
        table.say("d", Vote(1, context, 1, 1, value), "a")
        for form in (Proof, Suggest):
            table.say("d", form(1, context, 1, Slot(0, value), None, None), "a")
    words = instance.notes.of("d")
    assert words.votes == {1: one}
    assert words.for_voters is not None
    assert words.for_voters.highest == Slot(0, one)
    assert words.for_leader is not None
    assert words.for_leader.highest == Slot(0, one)
    assert instance.notes.contradicting == {"d"}


def test_the_first_proposal_of_a_leader_counts_and_another_one_is_held_against_it() -> None:
    table = in_round(2, heard="")
    context = table.chain_of("a").context
    for text in (value_text("abc"), value_text("abcd")):
        table.say("d", Proposal(1, context, 2, text), "a")
    instance = instance_of(table)
    assert instance.notes.of("d").proposal == value_text("abc")
    assert instance.notes.contradicting == {"d"}


def test_proofs_and_suggestions_of_other_rounds_do_not_count() -> None:
    """Two proofs of round 2 and one of round 3: too few for a value to be safe."""
    table = in_round(2, heard="b")
    context = table.chain_of("a").context
    table.say("d", Proof(1, context, 3, None, None, None), "a")
    table.say("d", Suggest(1, context, 3, None, None, None), "a")
    assert set(instance_of(table).notes.pasts_for_voters(2)) == {"a", "b"}
    assert set(instance_of(table).notes.pasts_for_leader(2)) <= {"a", "b"}


def test_nobody_votes_for_what_is_not_the_leaders() -> None:
    table = in_round(1)
    context = table.chain_of("a").context
    table.say("d", Proposal(1, context, 1, value_text("abc")))
    assert not any(instance_of(table, name).ballots.has_voted(1, 1) for name in "ab")


def test_nobody_votes_for_a_proposal_of_another_round() -> None:
    table = in_round(2)
    context = table.chain_of("a").context
    table.say("d", Proposal(1, context, 6, value_text("abc")), "a")
    assert given(table, "a") == {}


def test_patience_doubles_with_each_round() -> None:
    table = in_round(0)
    for turn, patience_s in ((1, 2.0), (2, 4.0), (3, 8.0)):
        enter_at = table.now
        context = table.chain_of("a").context
        for sender in "abcd":
            table.say(sender, RoundChange(1, context, turn), {"a", "b", "c"} - {sender})
        assert instance_of(table).wake_at() == pytest.approx(enter_at + patience_s)
        table.now += patience_s - 0.5


def test_nobody_waits_longer_than_32_times_the_patience_however_many_rounds_have_passed() -> None:
    timing = Timing(round_s=2.0)
    assert timing.of_round(5, 0) == timing.of_round(60, 60) == timing.of_round(0, 99) == 64.0
    assert timing.strain_after(9, 5) == 5


def test_a_wish_for_a_high_round_counts_for_a_lower_one_and_never_falls() -> None:
    table = in_round(0)
    context = table.chain_of("a").context
    for sender, turn in (("b", 5), ("b", 1), ("c", 5), ("d", 3)):
        table.say(sender, RoundChange(1, context, turn), "a")
    assert instance_of(table).round == 5


def test_an_own_vote_survives_a_crash_and_is_not_given_again_for_something_else() -> None:
    table = in_round(2)
    context = table.chain_of("a").context
    table.say("d", Proposal(1, context, 2, value_text("abc")), "a")
    table.restart("a")
    table.deliver(lambda _, to, message: to == "a" and message.kind in {"report", "echo", "proof"})
    table.say("d", Proposal(1, context, 2, value_text("abcd")), "a")
    assert given(table, "a") == {1: Slot(2, digest_of(value_text("abc")))}
    assert instance_of(table).round == 2


def test_two_rounds_of_one_value_leave_no_other_vote() -> None:
    ballots = instance_of(in_round(0)).ballots
    ballots.cast(1, 0, "a")
    ballots.cast(1, 1, "a")
    assert ballots.other == {}
    ballots.cast(1, 2, "b")
    ballots.cast(1, 3, "b")
    assert (ballots.highest[1], ballots.other[1]) == (Slot(3, "b"), Slot(1, "a"))
    with pytest.raises(AssertionError):
        ballots.cast(1, 3, "c")
