"""A replica goes on after a crash at any point, and a node with an old backup says nothing twice."""

import pytest

from qkdctl.abft.effects import Collect, Commit, Persist, Received, Send, Tick, Wake
from qkdctl.abft.messages import Content, Decided, Echo, Here, RoundChange, Vote, Wanted
from qkdctl.abft.rejoining import Rejoining
from tests.abft.round_table import RoundTable, electorate, instance_of


def test_replicas_that_all_crash_before_they_have_measured_measure_again() -> None:
    table = RoundTable(electorate())
    table.answers = False
    table.tick()
    table.deliver()
    table.answers = True
    for name in "abcd":
        table.restart(name)
    table.wait(1.0)
    table.deliver()
    assert len({table.decided[name, 1] for name in "abcd"}) == 1


def test_a_report_that_was_sent_is_sent_again_after_a_crash_and_no_other() -> None:
    table = RoundTable(electorate())
    table.tick("a")
    table.restart("a")
    table.wait(1.0)
    assert not [effect for effect in table.step("a", Wake()) if isinstance(effect, Collect)]


@pytest.mark.parametrize("name", ["a", "d"])
def test_the_text_of_a_decision_is_stored_before_the_decision_is_written_down(name: str) -> None:
    """The decision may be known before its text: its digest is stored then, and its text must follow."""
    table = RoundTable(electorate())
    others = [other for other in "abcd" if other != name]
    table.tick()
    table.deliver(lambda _, to, message: to != name and not isinstance(message, Decided))
    for other in others:
        table.say(other, Decided(1, table.decided[other, 1]), to=name)
    assert (name, 1) not in table.decided
    entry = table.disks[others[0]].entry(1)
    assert entry is not None
    for text in (entry.value.text, *entry.reports.values()):
        table.say(others[0], Content(1, text), to=name)
    assert table.decided[name, 1] == entry.value.digest
    for _ in range(2):
        table.restart(name)
        table.step(name, Wake())
    assert table.replicas[name].chain.epoch == 1  # still there for those who are not as far


def test_one_who_only_has_a_decision_to_report_says_where_it_is_and_is_helped_on() -> None:
    table = RoundTable(electorate())
    follower = RoundTable(electorate(), seated="s").replicas["s"]
    table.tick()
    table.deliver()
    entry = table.disks["a"].entry(1)
    assert entry is not None
    table.replicas["s"], table.disks["s"] = follower, table.disks["a"].copy()
    table.disks["s"].ledger.clear()
    table.tick("s")
    for sender in "ab":
        table.say(sender, Decided(1, entry.value.digest), to="s")
    for text in (entry.value.text, *entry.reports.values()):
        table.say("a", Content(1, text), to="s")
    assert table.replicas["s"].chain.epoch == 1
    table.under_way.clear()
    table.wait(3.0, "s")
    assert {message.kind for _, _, message in table.under_way} == {"here", "decided"}
    table.deliver()
    assert table.replicas["s"].chain.epoch == 2


def test_there_is_nothing_to_tell_of_epochs_before_the_first() -> None:
    table = RoundTable(electorate())
    table.say("d", Here(0, "0" * 64), to="a")
    table.say("d", Wanted(0, ("0" * 64,)), to="a")
    assert not table.under_way


def test_a_node_with_an_old_backup_votes_for_nothing_that_it_may_have_voted_on() -> None:
    table = RoundTable(electorate())
    backup = table.disks["a"].copy()
    table.tick()
    table.deliver()
    table.tick()
    table.deliver(lambda _, __, message: not isinstance(message, Vote))
    table.disks["a"] = backup
    table.restart("a", sits_out=True)
    table.tick("a")
    table.under_way.clear()
    for _ in range(4):
        table.wait(0.3)
        table.deliver()
    assert table.replicas["a"].chain.epoch >= 2
    said = [message for sender, _, message in table.under_way if sender == "a"]
    assert {message.kind for message in said} <= {"here", "decided", "wanted"}


def test_a_node_remembers_through_further_crashes_that_its_backup_was_old() -> None:
    table = RoundTable(electorate())
    table.restart("a", sits_out=True)
    table.tick("a")
    table.restart("a")
    effects = table.step("a", Tick())
    assert not [effect for effect in effects if isinstance(effect, Collect)]


def test_rejoining_ends_two_epochs_after_where_a_strong_quorum_was_found() -> None:
    members = electorate()
    rejoining = Rejoining()
    for node, epoch in (("b", 7), ("c", 6), ("d", 900)):
        assert rejoining.may_have_spoken(1000, members) or node == "d"
        rejoining.note(node, epoch)
        rejoining.note(node, epoch + 5)
    assert rejoining.may_have_spoken(901, members)
    rejoining.note("a", 6)
    assert rejoining.may_have_spoken(8, members)
    assert not rejoining.may_have_spoken(9, members)


def test_a_decision_is_stored_before_it_is_written_down_and_told_only_then() -> None:
    table = RoundTable(electorate())
    table.tick()
    done = ["persist"]
    while "commit" not in done:
        sender, to, message = table.under_way.pop(0)
        for effect in table.step(to, Received(sender, message)):
            if isinstance(effect, Persist | Commit):
                done.append(type(effect).__name__.lower())
            elif isinstance(effect, Send):
                done.append(effect.message.kind)
    assert done[done.index("commit") - 1] == "persist"
    assert "decided" not in done[: done.index("commit")]


def test_a_wish_survives_a_crash() -> None:
    """Of seven nodes three take a fourth along in wishing, which is not enough to enter."""
    table = RoundTable(electorate("abcdefg", 2), seated="a")
    table.tick()
    context = table.chain_of("a").context
    for sender in "bcd":
        table.say(sender, RoundChange(1, context, 4))
    assert instance_of(table).round == 0
    table.restart("a")
    table.under_way.clear()
    table.wait(0.3)
    assert {message.round for _, _, message in table.under_way if isinstance(message, RoundChange)} == {4}


def test_echoes_are_said_again_right_after_a_crash() -> None:
    table = RoundTable(electorate())
    table.tick()
    table.deliver(lambda _, __, message: message.kind in {"report", "echo"})
    table.restart("a")
    table.under_way.clear()
    table.wait(0.3, "a")
    echoes = [message for sender, _, message in table.under_way if sender == "a" and isinstance(message, Echo)]
    assert [author for author, _ in echoes[0].seen] == list("abcd")


def test_own_votes_count_after_a_crash() -> None:
    table = RoundTable(electorate())
    table.tick()
    table.deliver(lambda _, __, message: message.kind in {"report", "echo", "proposal"})
    (vote,) = instance_of(table).ballots.highest.values()
    table.restart("a")
    for sender in "bc":
        table.say(sender, Vote(1, table.chain_of("a").context, 0, 1, vote.value), "a")
    assert set(instance_of(table).ballots.highest) == {1, 2}
