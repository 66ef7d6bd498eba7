"""Attacks on leaders, and what leaders do, told message by message: a, b and c are honest, the test plays d."""

from qkdctl.abft.messages import (
    Content,
    Echo,
    Proposal,
    Report,
    Slot,
    Suggest,
    Wanted,
    digest_of,
)
from tests.abft.round_table import (
    RoundTable,
    decided_table,
    enter,
    in_round,
    instance_of,
    report_of,
    value_text,
    votes_of,
)


def before_round_3() -> tuple[RoundTable, str, str]:
    """All reports are certified; a is about to lead and has a value of all four. With an earlier value, of three."""
    table = in_round(0)
    context = table.chain_of("a").context
    table.say("d", Report(1, context, report_of("d", 1)))
    table.say("d", Echo(1, context, tuple((name, (digest_of(report_of(name, 1)),)) for name in "abcd")))
    table.deliver(lambda _, __, message: message.kind in {"report", "echo"})
    enter(table, 3)
    return table, context, value_text("abc")


def proposals(table: RoundTable) -> set[str]:
    return {message.value for _, _, message in table.under_way if isinstance(message, Proposal)}


def test_a_leader_fetches_the_only_safe_value_and_proposes_it() -> None:
    """b and c have given vote 3 for a value that a has never seen."""
    table, context, text = before_round_3()
    slot = Slot(1, digest_of(text))
    for sender in "bc":
        table.say(sender, Suggest(1, context, 3, slot, None, slot), "a")
    asked = {message for sender, _, message in table.under_way if sender == "a" and isinstance(message, Wanted)}
    assert any(digest_of(text) in message.digests for message in asked)
    table.say("d", Content(1, text + " "), "a")
    assert proposals(table) == set()
    table.say("d", Content(1, text), "a")
    assert proposals(table) == {text}


def test_a_leader_proposes_what_is_safe_though_it_has_something_newer() -> None:
    table, context, text = before_round_3()
    instance_of(table).proposals.texts[digest_of(text)] = text
    slot = Slot(1, digest_of(text))
    for sender in "bc":
        table.say(sender, Suggest(1, context, 3, slot, None, slot), "a")
    assert proposals(table) == {text}


def test_a_leader_proposes_something_newer_when_that_is_safe() -> None:
    table, context, _ = before_round_3()
    for sender in "bc":
        table.say(sender, Suggest(1, context, 3, None, None, None), "a")
    assert proposals(table) == {value_text("abcd")}


def test_a_leader_that_learnt_the_decision_proposes_nothing_else() -> None:
    table, context, text = before_round_3()
    votes_of(table, 0, 4, digest_of(text), "a")
    table.say("d", Content(1, text), "a")
    for sender in "bc":
        table.say(sender, Suggest(1, context, 3, None, None, None), "a")
    assert proposals(table) == {text}


def test_a_leader_proposes_nothing_that_is_not_valid_whatever_was_suggested_to_it() -> None:
    """In round 3 a leads, without enough certified reports for a value of its own."""
    table = decided_table()
    table.tick()
    enter(table, 3)
    context = table.chain_of("a").context
    wrong = value_text("abc").replace('"sum":294', '"sum":295')
    table.deliver(lambda _, to, message: message.kind == "suggest" and to == "a")
    table.say("d", Suggest(1, context, 3, Slot(2, digest_of(wrong)), None, None), "a")
    table.say("d", Content(1, wrong), "a")
    assert not [message for _, _, message in table.under_way if isinstance(message, Proposal)]


def test_a_single_late_report_holds_up_a_leader_for_a_quarter_of_its_patience() -> None:
    """In round 0 of epoch 1 b leads; d says nothing."""
    table = decided_table()
    table.tick()
    table.deliver(lambda _, __, message: message.kind in {"report", "echo"})
    table.say("d", Echo(1, table.chain_of("a").context, tuple((n, (digest_of(report_of(n, 1)),)) for n in "abc")))
    for wait_s, proposes in ((1.01, False), (0.2, False), (0.05, True)):
        table.under_way = [letter for letter in table.under_way if letter[2].kind in {"report", "echo"}]
        table.wait(wait_s)
        table.deliver(lambda _, __, message: message.kind in {"report", "echo"}, loses=False)
        found = [sender for sender, _, message in table.under_way if isinstance(message, Proposal)]
        assert bool(found) is proposes


def test_a_leader_proposes_nothing_while_too_few_reports_are_certified() -> None:
    """In round 0 of epoch 1 b leads; c and d say nothing."""
    table = decided_table()
    table.tick("ab")
    table.deliver(lambda _, to, message: message.kind in {"report", "echo"} and to in "ab")
    seen = tuple((name, (digest_of(report_of(name, 1)),)) for name in "ab")
    for sender in "cd":
        table.say(sender, Echo(1, table.chain_of("b").context, seen), "b")
    table.wait(1.5, "ab")
    assert set(instance_of(table, "b").gathering.certified) == {"a", "b"}
    assert proposals(table) == set()
