"""Attacks between epochs, told message by message: nodes a, b and c are honest, the test plays d."""

from dataclasses import replace

import pytest

from qkdctl.abft.chain import NOTHING_AGREED
from qkdctl.abft.effects import Halt, Received, SitOut, Tick
from qkdctl.abft.messages import (
    Content,
    Decided,
    Echo,
    Here,
    Message,
    Report,
    RoundChange,
    Vote,
    Wanted,
    digest_of,
)
from tests.abft.round_table import (
    decided_table,
    instance_of,
    report_of,
)

NOBODY = "f" * 64


def test_strangers_are_not_heard() -> None:
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    table.under_way.clear()
    for message in (
        Report(1, context, report_of("x", 1)),
        Echo(1, context, (("a", (NOBODY,)),)),
        RoundChange(1, context, 5),
        Vote(1, context, 0, 1, NOBODY),
        Decided(1, NOBODY),
        Content(1, "{}"),
        Here(9, context),
    ):
        for stranger in ("x", "y", "z"):
            table.say(stranger, message)
    assert not table.under_way
    assert instance_of(table).round == 0


@pytest.mark.parametrize("field", ["context", "epoch"])
def test_words_of_another_history_or_epoch_do_not_count(field: str) -> None:
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    wrong = {"context": NOBODY} if field == "context" else {"epoch": 2}
    for sender in ("b", "c", "d"):
        table.say(sender, replace(RoundChange(1, context, 1), **wrong), "a")
        if field == "context":
            break
    assert instance_of(table).round == 0


def test_a_liar_that_claims_another_decision_is_named_and_two_nodes_that_do_stop_the_node() -> None:
    table = decided_table(epochs=1)
    table.say("d", Decided(1, NOBODY), "a")
    assert [(alarm.code, getattr(alarm, "subject", "")) for alarm in table.alarms["a"]] == [
        ("conflicting-history", "d")
    ]
    table.say("d", Decided(1, NOBODY), "a")
    assert len(table.alarms["a"]) == 1, "one alarm per epoch and liar"
    table.say("c", Decided(1, NOBODY), "a")
    assert isinstance(table.alarms["a"][-1], Halt)
    assert table.replicas["a"].halted
    assert table.step("a", Tick()) == []


def test_two_nodes_of_another_history_stop_the_node() -> None:
    table = decided_table()
    table.tick()
    for sender in ("c", "d"):
        table.say(sender, Here(1, NOBODY), "a")
    assert [type(alarm).__name__ for alarm in table.alarms["a"]] == ["Alarm", "Halt"]


def test_a_word_of_the_past_from_another_history_is_an_alarm() -> None:
    table = decided_table(epochs=3)
    table.say("d", Here(1, NOBODY), "a")
    table.say("d", Decided(2, NOBODY), "b")
    assert [alarm.code for name in "ab" for alarm in table.alarms[name]] == ["conflicting-history"] * 2


def test_one_word_of_a_decision_is_not_believed_and_two_are() -> None:
    table = decided_table()
    table.tick()
    table.say("d", Decided(1, NOBODY), "a")
    table.say("d", Decided(1, digest_of("other")), "a")
    assert not instance_of(table).decided
    table.say("c", Decided(1, NOBODY), "a")
    assert instance_of(table).decided == NOBODY


def test_one_node_ahead_takes_nobody_along_and_two_do() -> None:
    table = decided_table()
    table.say("d", Here(10**6, NOBODY), "a")
    assert table.replicas["a"].instance is None
    table.say("c", Here(1, table.replicas["a"].chain.context), "a")
    assert table.replicas["a"].instance is not None


def test_nobody_makes_a_node_answer_all_the_time() -> None:
    """At most a few answers per repetition, however the questions vary; key is used up by each."""
    table = decided_table(epochs=4)
    table.under_way.clear()
    reports = tuple(digest_of(report_of(name, 1)) for name in "abc")
    for number in range(200):
        epoch = 1 + number % 4
        table.step("a", Received("d", Wanted(epoch, reports[: number % 3 + 1])))
        table.step("a", Received("d", Here(epoch, NOTHING_AGREED)))
    assert len(table.under_way) < 40


def test_nobody_makes_a_node_answer_all_the_time_about_the_epoch_under_way() -> None:
    table = decided_table()
    table.tick()
    table.under_way.clear()
    own = digest_of(report_of("a", 1))
    for number in range(200):
        table.step("a", Received("d", Wanted(1, (own, f"{number:064x}"))))
    assert len(table.under_way) < 10


def test_who_learns_that_it_forgot_something_falls_silent() -> None:
    table = decided_table()
    table.tick()
    table.step("a", SitOut())
    table.under_way.clear()
    table.deliver()
    table.wait(5.0, "a")
    assert {message.kind for sender, _, message in table.under_way if sender == "a"} <= {"here", "wanted"}


def test_messages_that_come_early_count_once_the_epoch_begins() -> None:
    table = decided_table()
    table.tick("bc")
    letters: list[tuple[str, str, Message]] = [letter for letter in table.under_way if letter[1] == "a"]
    for sender, _, message in letters[:3]:
        table.step("a", Received(sender, message))
    table.tick("a")
    assert set(instance_of(table).gathering.first) == {"a", "b", "c"} & {"a", *(sender for sender, _, _ in letters[:3])}
