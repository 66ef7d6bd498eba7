"""Attacks between epochs, told message by message: nodes a, b and c are honest, the test plays d."""

from dataclasses import replace

import pytest

from hil_sim.agreement.application import SimulatedApplication
from qkdctl.abft.chain import NOTHING_AGREED, Chain
from qkdctl.abft.effects import Halt, OwnReport, Received, SitOut, Tick
from qkdctl.abft.history import History
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
from qkdctl.abft.quorum import Electorate
from tests.abft.round_table import (
    RoundTable,
    decided_table,
    electorate,
    instance_of,
    report_of,
    value_text,
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


def test_the_context_tells_epochs_histories_and_weights_apart() -> None:
    chain = Chain.beginning(electorate())
    others = (
        replace(chain, epoch=2),
        replace(chain, previous=NOBODY),
        replace(chain, electorate=electorate(scores={"a": 900_000})),
        replace(chain, electorate=electorate("abcde")),
    )
    assert len({chain.context, *(other.context for other in others)}) == 5


def test_a_node_goes_on_once_others_have() -> None:
    """Of seven, three say what was decided, which is enough to know it and too little to leave, and then are ahead."""
    table = RoundTable(electorate("abcdefg", 2), seated="a")
    table.tick()
    text = value_text("abcdefg", table.members)
    for sender in "bcd":
        table.say(sender, Decided(1, digest_of(text)))
    for wanted in (text, *(report_of(name, 1) for name in "bcdefg")):
        table.say("b", Content(1, wanted))
    assert table.decided["a", 1] == digest_of(text)
    assert table.replicas["a"].chain.epoch == 1
    following = table.disks["a"].chain
    for sender in "bcd":
        table.say(sender, Here(2, following.context))
    assert table.replicas["a"].chain.epoch == 2
    assert instance_of(table).chain == following


def test_a_tick_during_an_epoch_begins_no_other() -> None:
    table = decided_table()
    table.tick()
    table.tick()
    for _ in range(6):
        table.wait(1.0)
        table.deliver()
    assert [table.replicas[name].chain.epoch for name in "abc"] == [2, 2, 2]
    assert [table.replicas[name].instance for name in "abc"] == [None, None, None]


def test_what_was_measured_for_an_epoch_is_not_reported_in_another() -> None:
    class Lenient(SimulatedApplication):
        def admissible(self, epoch: int, author: str, content: str) -> bool:
            return True

    table = RoundTable(electorate(), seated="a", application=Lenient({}, "kept", frozenset()))
    table.answers = False
    table.tick()
    table.step("a", OwnReport(2, report_of("a", 2)))
    assert instance_of(table).gathering.first == {}
    table.step("a", OwnReport(1, report_of("a", 1)))
    assert set(instance_of(table).gathering.first) == {"a"}


def test_early_words_are_kept_though_their_sender_speaks_of_later_epochs_too() -> None:
    table = decided_table()
    context = table.chain_of("a").context
    table.say("d", Report(1, context, report_of("d", 1)), "a")
    table.say("d", Report(7, context, report_of("d", 7)), "a")
    table.tick("a")
    assert set(instance_of(table).gathering.first) == {"a", "d"}


def test_one_liar_claims_one_decision_however_often_it_speaks() -> None:
    table = decided_table()
    table.tick()
    for number in range(50):
        table.say("d", Decided(1, f"{number:064x}"), "a")
    assert list(table.replicas["a"]._witness.decisions()) == [f"{0:064x}"]


def test_another_decision_of_the_epoch_under_way_is_an_alarm() -> None:
    table = decided_table()
    table.tick()
    for sender in "bcd":
        table.say(sender, Vote(1, table.chain_of("a").context, 0, 4, digest_of("one")), "a")
    table.say("d", Decided(1, digest_of("other")), "a")
    assert [(alarm.code, getattr(alarm, "subject", "")) for alarm in table.alarms["a"]] == [
        ("conflicting-history", "d")
    ]


def test_the_same_question_is_answered_once_per_repetition() -> None:
    table = decided_table(epochs=1)
    table.under_way.clear()
    for after_s in (0.0, 0.1, 0.1, 0.1):
        table.now += after_s
        table.step("a", Received("d", Here(1, table.disks["a"].genesis.context)))
    assert [message for _, _, message in table.under_way] == [Decided(1, table.decided["a", 1])] * 2


def test_the_last_sixty_four_epochs_are_remembered() -> None:
    chain = Chain.beginning(electorate())
    history = History(chain)
    for epoch in range(1, 101):
        history.leave(replace(chain, epoch=epoch), digest_of(str(epoch)))
    assert [bool(history.contradiction(Decided(epoch, NOBODY))) for epoch in (36, 37, 100)] == [False, True, True]
    assert history.contradiction(Decided(100, digest_of("100"))) == ""


def test_the_members_that_a_decision_names_decide_two_epochs_later() -> None:
    founders, named, later = (Electorate.equal(names, 0) for names in ("ab", "bc", "cd"))
    chain = Chain.beginning(founders)
    deciders = []
    for members in (named, later, later):
        deciders.append(chain.electorate)
        chain = chain.after("1" * 64, members)
    assert deciders == [founders, founders, named]
    assert chain.electorate == later
