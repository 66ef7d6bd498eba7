"""Attacks on reports and values, told message by message: a, b and c are honest, the test plays d."""

import pytest

from hil_sim.agreement.standing import StandingApplication
from qkdctl.abft.messages import (
    Echo,
    Report,
    digest_of,
)
from qkdctl.abft.value import Value
from tests.abft.round_table import (
    decided_table,
    instance_of,
    prepared,
    proposed,
    report_of,
    value_text,
)

NOBODY = "f" * 64


def test_a_right_value_gets_votes() -> None:
    assert proposed(prepared(), value_text("abc")) == dict.fromkeys("abc", True)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(lambda: value_text("ab"), id="fewer than N - f reports"),
        pytest.param(lambda: value_text("abcd"), id="a report that nobody has"),
        pytest.param(lambda: value_text("bac"), id="not sorted"),
        pytest.param(lambda: value_text("aabc"), id="one node twice"),
        pytest.param(lambda: value_text("abc", epoch=2), id="another epoch"),
        pytest.param(lambda: value_text("abc", previous=NOBODY), id="another past"),
        pytest.param(lambda: value_text("abc").replace('"sum":294', '"sum":295'), id="another outcome"),
        pytest.param(lambda: value_text("abc").replace('"faults":1', '"faults":0'), id="other liars"),
        pytest.param(lambda: value_text("abc").replace("1000000", "999999", 1), id="other weights"),
        pytest.param(lambda: value_text("abc") + " ", id="another spelling"),
        pytest.param(lambda: value_text("abc").replace('"epoch":1', '"epoch":1e999'), id="a number without end"),
        pytest.param(lambda: "[" * 9999, id="nested without end"),
    ],
)
def test_a_wrong_value_gets_none(text: object) -> None:
    assert proposed(prepared(), text()) == dict.fromkeys("abc", False)  # type: ignore[operator]


def test_what_a_node_could_not_judge_it_judges_with_the_next_tick_once_it_has_the_policy() -> None:
    table = prepared()
    lacking = {"b", "c"}
    for name in "bc":
        proposals = instance_of(table, name).proposals
        proposals._application = StandingApplication(table.application, table.disks[name], lambda n=name: n in lacking)
    text = value_text("abc")
    assert proposed(table, text) == {"a": True, "b": False, "c": False}
    assert "not at hand" in instance_of(table, "b").proposals.failure
    lacking.remove("b")
    table.tick()
    assert {name: instance_of(table, name).ballots.has_voted(1, 2) for name in "abc"} == {
        "a": True,
        "b": True,
        "c": False,
    }
    assert instance_of(table, "b").proposals.failure == ""
    assert instance_of(table, "b").chain.epoch == 1, "a tick begins no epoch while one is under way"


def test_reports_of_nodes_that_are_no_members_count_for_nothing() -> None:
    table = prepared()
    context = table.replicas["a"].chain.context
    stranger = report_of("x", 1)
    for sender in "abcd":
        seen = (("x", (digest_of(stranger),)),)
        table.say(sender, Echo(1, context, seen), {"a", "b", "c"} - {sender})
    assert "x" not in instance_of(table).gathering.certified


def test_a_value_that_counts_a_stranger_is_wrong_even_if_its_report_were_certified() -> None:
    table = prepared()
    for name in "abc":
        gathering = instance_of(table, name).gathering
        gathering.certified["x"] = {digest_of(report_of("x", 1))}
        gathering.hold(digest_of(report_of("x", 1)), report_of("x", 1))
    assert proposed(table, value_text("abcx")) == dict.fromkeys("abc", False)


def test_a_report_that_one_node_holds_is_not_enough_for_it_and_counts_for_all_once_certified() -> None:
    table = prepared()
    context = table.replicas["a"].chain.context
    table.say("d", Report(1, context, report_of("d", 1)), "a")
    text = value_text("abcd")
    assert proposed(table, text) == dict.fromkeys("abc", False)
    seen = tuple((name, (digest_of(report_of(name, 1)),)) for name in "abcd")
    table.say("d", Echo(1, context, seen))
    for _ in range(3):
        table.wait(0.5)
        table.deliver(lambda _, __, m: m.kind in {"report", "echo", "wanted", "content"})
    assert {name for name in "abc" if instance_of(table, name).ballots.has_voted(1, 2)} == set("abc")


def test_the_first_report_of_a_node_counts_and_only_its_own() -> None:
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    for text in (report_of("c", 1), report_of("d", 2), report_of("d", 1, 7), report_of("d", 1, 8)):
        table.say("d", Report(1, context, text), "a")
    assert instance_of(table).gathering.first["d"] == digest_of(report_of("d", 1, 7))


def test_a_second_report_is_echoed_once_two_nodes_have_it_and_two_certified_ones_are_held_against_its_author() -> None:
    table = decided_table()
    table.tick()
    table.deliver(lambda _, __, message: isinstance(message, Report | Echo))
    context = table.replicas["a"].chain.context
    one, other = report_of("d", 1, 7), report_of("d", 1, 8)
    for to, text in (("a", one), ("b", other), ("c", other)):
        table.say("d", Report(1, context, text), to)
    both = (("d", (digest_of(one), digest_of(other))),)
    table.say("d", Echo(1, context, both))
    for _ in range(4):
        table.wait(0.5)
        table.deliver(lambda _, __, message: message.kind in {"report", "echo", "wanted", "content"})
    assert instance_of(table).gathering.equivocators() == ["d"]
    assert len(instance_of(table).gathering.certified["d"]) == 2


def test_nobody_fills_the_memory_with_digests_of_nothing() -> None:
    table = decided_table()
    table.tick()
    context = table.replicas["a"].chain.context
    for number in range(50):
        junk = tuple((author, tuple(digest_of(f"{number} {author} {n}") for n in range(20))) for author in "abcdxyz")
        table.say("d", Echo(1, context, junk), "a")
    assert len(instance_of(table).gathering._echoes._tally) <= 4 * 4 + 4
    assert instance_of(table).gathering.lacking() == []


@pytest.mark.parametrize("spelling", ["{} ", " {}", "{}\n"])
def test_a_value_has_one_spelling(spelling: str) -> None:
    text = value_text("abc")
    assert Value.parse(text).text == text
    with pytest.raises(ValueError, match="canonical"):
        Value.parse(spelling.replace("{}", text))
