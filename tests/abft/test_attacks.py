"""Each attack that must be survived, alone and on the heaviest node, against an oracle that sees everything."""

from dataclasses import replace

import pytest

from hil_sim.agreement.checkers.forks import may_split
from hil_sim.agreement.collusion import collude, draw_collusion
from hil_sim.agreement.draw import draw
from hil_sim.agreement.liars.library import BEHAVIOURS
from hil_sim.agreement.result import Result
from hil_sim.agreement.scenario import Lies, Scenario
from hil_sim.agreement.simulation import Simulation
from hil_sim.agreement.weather import Spell
from qkdctl.abft.chain import NOTHING_AGREED
from qkdctl.abft.effects import Halt, Received, SitOut, Tick
from qkdctl.abft.instance import Instance
from qkdctl.abft.messages import (
    ROUND_MAX,
    Content,
    Decided,
    Echo,
    Here,
    Message,
    Proposal,
    Report,
    RoundChange,
    Vote,
    Wanted,
    digest_of,
)
from qkdctl.abft.quorum import Electorate, Member
from qkdctl.abft.value import Value
from tests.abft.round_table import APPLICATION, RoundTable, electorate, report_of

NOBODY = "f" * 64


def attacked(behaviours: tuple[str, ...], nodes: int = 4, faults: int = 1, seed: int = 0, **changes: object) -> Result:
    """Liars on the first nodes, who weigh most, in a network that delays little and loses nothing."""
    scenario = draw(seed, nodes, faults)
    names = scenario.founders.names
    scores = {name: 1_000_000 if index < faults else 900_000 for index, name in enumerate(names)}
    calm = replace(
        scenario,
        epochs=5,
        founders=Electorate(tuple(Member(name, scores[name]) for name in names), faults),
        liars={name: Lies(behaviours) for name in names[:faults]},
        skewed="",
        changes={},
        spares=(),
        crashes=(),
        spells=(Spell(10.0),),
        heal_s=10.0,
    )
    return Simulation(replace(calm, **changes)).run()  # type: ignore[arg-type]


@pytest.mark.parametrize("behaviour", [*sorted(BEHAVIOURS), "twins"])
def test_one_liar_of_four(behaviour: str) -> None:
    assert attacked((behaviour,)).violation == ""


@pytest.mark.parametrize("behaviour", ["equivocator", "withholder", "twins", "forger", "usurper"])
def test_two_liars_of_seven_who_know_of_each_other(behaviour: str) -> None:
    assert attacked((behaviour, "two-reports", "yes-man"), 7, 2, seed=1).violation == ""


def test_behave_then_strike() -> None:
    liars = {"n01": Lies(("equivocator", "forger", "yes-man"), from_epoch=3)}
    assert attacked((), liars=liars).violation == ""


def test_a_node_with_another_policy_never_diverges_and_stops_nobody() -> None:
    assert attacked((), liars={}, skewed="n02").violation == ""


def test_a_fifth_of_all_messages_lost_others_doubled_and_late() -> None:
    spell = Spell(30.0, loss=0.2, duplication=0.2, delay_s=(0.0, 0.5), straggling=0.1)
    assert attacked(("mutator",), spells=(spell,), heal_s=30.0).violation == ""


def test_a_network_in_two_halves_decides_nothing_and_goes_on_when_it_heals() -> None:
    halves = frozenset((a, b) for a in ("n01", "n02") for b in ("n03", "n04"))
    spell = Spell(20.0, cut=halves | {(b, a) for a, b in halves})
    scenario = replace(calm_scenario(), spells=(spell,), heal_s=20.0)
    simulation = Simulation(scenario)
    decided_at = []
    original = simulation.world.did
    simulation.world.did = lambda host, effect: (  # type: ignore[method-assign]
        decided_at.append(simulation.world.scheduler.now) if type(effect).__name__ == "Commit" else None,
        original(host, effect),
    )[1]
    result = simulation.run()
    assert result.violation == ""
    assert min(decided_at) > 20.0
    assert result.decided == scenario.epochs


def calm_scenario() -> Scenario:
    """Four honest nodes and nothing in the way."""
    scenario = draw(0, 4, 1)
    return replace(scenario, liars={}, skewed="", changes={}, spares=(), crashes=(), founders=members_of(scenario))


def members_of(scenario: Scenario) -> Electorate:
    return Electorate.equal(scenario.founders.names, scenario.faults)


@pytest.mark.parametrize(("nodes", "faults", "splits"), [(4, 1, True), (7, 2, True)])
def test_one_liar_too_many_may_split_the_ledger_and_never_in_silence(nodes: int, faults: int, splits: bool) -> None:
    for seed in range(4):
        assert may_split(draw_collusion(seed, nodes, faults)) is splits
        assert collude(seed, nodes, faults).violation == ""


def test_with_a_node_to_spare_and_equal_weights_not_even_one_liar_too_many_splits_the_ledger() -> None:
    for seed in range(12):
        scenario = draw_collusion(seed, 5, 1)
        if len(set(scenario.founders.weights.values())) == 1:
            assert not may_split(scenario)
        assert collude(seed, 5, 1).violation == ""


# What follows is told message by message. Nodes a to d; the test plays d.


def table_of(epochs: int = 0) -> RoundTable:
    """Three honest nodes, after some decisions."""
    table = RoundTable(electorate(), seated="abc")
    for epoch in range(1, epochs + 1):
        decide(table, epoch)
    return table


def decide(table: RoundTable, epoch: int) -> None:
    table.tick()
    table.deliver()
    table.wait(1.1)
    table.deliver()
    for _ in range(8):
        if all((name, epoch) in table.decided for name in "abc"):
            break
        table.wait(1.0)
        table.deliver()
    assert len({table.decided[name, epoch] for name in "abc"}) == 1


def instance_of(table: RoundTable, name: str = "a") -> Instance:
    instance = table.replicas[name].instance
    assert instance is not None
    return instance


def test_two_halves_of_the_votes_are_no_quorum() -> None:
    """Weights 1000, 900, 900, 900: votes of two nodes and a stranger count as two."""
    table = table_of()
    table.tick()
    context = table.replicas["a"].chain.context
    for sender in ("d", "x", "y", "z"):
        table.say(sender, Vote(1, context, 0, 4, NOBODY))
    assert not instance_of(table).decided


def test_strangers_are_not_heard() -> None:
    table = table_of()
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
    table = table_of()
    table.tick()
    context = table.replicas["a"].chain.context
    wrong = {"context": NOBODY} if field == "context" else {"epoch": 2}
    for sender in ("b", "c", "d"):
        table.say(sender, replace(RoundChange(1, context, 1), **wrong), "a")
        if field == "context":
            break
    assert instance_of(table).round == 0


def test_a_liar_that_claims_another_decision_is_named_and_two_nodes_that_do_stop_the_node() -> None:
    table = table_of(epochs=1)
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
    table = table_of()
    table.tick()
    for sender in ("c", "d"):
        table.say(sender, Here(1, NOBODY), "a")
    assert [type(alarm).__name__ for alarm in table.alarms["a"]] == ["Alarm", "Halt"]


def test_a_word_of_the_past_from_another_history_is_an_alarm() -> None:
    table = table_of(epochs=3)
    table.say("d", Here(1, NOBODY), "a")
    table.say("d", Decided(2, NOBODY), "b")
    assert [alarm.code for name in "ab" for alarm in table.alarms[name]] == ["conflicting-history"] * 2


def test_one_word_of_a_decision_is_not_believed_and_two_are() -> None:
    table = table_of()
    table.tick()
    table.say("d", Decided(1, NOBODY), "a")
    table.say("d", Decided(1, digest_of("other")), "a")
    assert not instance_of(table).decided
    table.say("c", Decided(1, NOBODY), "a")
    assert instance_of(table).decided == NOBODY


def test_one_node_ahead_takes_nobody_along_and_two_do() -> None:
    table = table_of()
    table.say("d", Here(10**6, NOBODY), "a")
    assert table.replicas["a"].instance is None
    table.say("c", Here(1, table.replicas["a"].chain.context), "a")
    assert table.replicas["a"].instance is not None


def test_nobody_joins_a_single_wish_and_everybody_the_highest_of_two() -> None:
    table = table_of()
    table.tick()
    context = table.replicas["a"].chain.context
    table.say("d", RoundChange(1, context, ROUND_MAX), "a")
    assert instance_of(table).round == 0
    table.under_way.clear()
    table.say("c", RoundChange(1, context, 7), "a")
    assert RoundChange(1, context, 7) in {message for _, _, message in table.under_way}
    assert instance_of(table).round == 7, "c, d and now a wish it"


def proposed(table: RoundTable, text: str) -> dict[str, bool]:
    """Who votes for what the leader of round 1 proposes; d leads it."""
    context = table.replicas["a"].chain.context
    table.wait(1.01)
    table.deliver(lambda _, __, message: isinstance(message, Report | Echo))
    for turn in (1, 2):
        for sender in "abcd":
            table.say(sender, RoundChange(1, context, turn), {"a", "b", "c"} - {sender})
    table.under_way.clear()
    table.wait(3.0)
    table.deliver(lambda _, __, message: message.kind in {"proof", "suggest"})
    table.say("d", Proposal(1, context, 2, text))
    return {name: instance_of(table, name).ballots.has_voted(1, 2) for name in "abc"}


def value_text(authors: str, **changes: object) -> str:
    """A value that follows from these reports, with something changed."""
    table = RoundTable(electorate(), seated="")
    chain = table.chain_of("a")
    reports = {author: report_of(author, 1) for author in authors}
    named = tuple((author, digest_of(reports[author])) for author in authors)
    outcome = APPLICATION.decide(chain, reports)
    value = Value(1, chain.previous, named, outcome)
    return replace(value, **changes).text  # type: ignore[arg-type]


def prepared() -> RoundTable:
    """Everybody's report is certified, except that of d, which a holds."""
    table = table_of()
    table.tick()
    context = table.replicas["a"].chain.context
    table.deliver(lambda _, __, message: isinstance(message, Report | Echo))
    seen = tuple((name, (digest_of(report_of(name, 1)),)) for name in "abc")
    table.say("d", Echo(1, context, seen))
    return table


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


def test_reports_of_nodes_that_are_no_members_count_for_nothing() -> None:
    table = prepared()
    context = table.replicas["a"].chain.context
    stranger = report_of("x", 1)
    for sender in "abcd":
        seen = (("x", (digest_of(stranger),)),)
        table.say(sender, Echo(1, context, seen), {"a", "b", "c"} - {sender})
    assert "x" not in instance_of(table).gathering.certified


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
    table = table_of()
    table.tick()
    context = table.replicas["a"].chain.context
    for text in (report_of("c", 1), report_of("d", 2), report_of("d", 1, 7), report_of("d", 1, 8)):
        table.say("d", Report(1, context, text), "a")
    assert instance_of(table).gathering.first["d"] == digest_of(report_of("d", 1, 7))


def test_a_second_report_is_echoed_once_two_nodes_have_it_and_two_certified_ones_are_held_against_its_author() -> None:
    table = table_of()
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
    table = table_of()
    table.tick()
    context = table.replicas["a"].chain.context
    for number in range(50):
        junk = tuple((author, tuple(digest_of(f"{number} {author} {n}") for n in range(20))) for author in "abcdxyz")
        table.say("d", Echo(1, context, junk), "a")
    assert len(instance_of(table).gathering._echoes._tally) <= 4 * 4 + 4
    assert instance_of(table).gathering.lacking() == []


def test_nobody_makes_a_node_answer_all_the_time() -> None:
    """At most a few answers per repetition, however the questions vary; key is used up by each."""
    table = table_of(epochs=4)
    table.under_way.clear()
    reports = tuple(digest_of(report_of(name, 1)) for name in "abc")
    for number in range(200):
        epoch = 1 + number % 4
        table.step("a", Received("d", Wanted(epoch, reports[: number % 3 + 1])))
        table.step("a", Received("d", Here(epoch, NOTHING_AGREED)))
    assert len(table.under_way) < 40


def test_nobody_makes_a_node_answer_all_the_time_about_the_epoch_under_way() -> None:
    table = table_of()
    table.tick()
    table.under_way.clear()
    own = digest_of(report_of("a", 1))
    for number in range(200):
        table.step("a", Received("d", Wanted(1, (own, f"{number:064x}"))))
    assert len(table.under_way) < 10


def test_who_learns_that_it_forgot_something_falls_silent() -> None:
    table = table_of()
    table.tick()
    table.step("a", SitOut())
    table.under_way.clear()
    table.deliver()
    table.wait(5.0, "a")
    assert {message.kind for sender, _, message in table.under_way if sender == "a"} <= {"here", "wanted"}


def test_messages_that_come_early_count_once_the_epoch_begins() -> None:
    table = table_of()
    table.tick("bc")
    letters: list[tuple[str, str, Message]] = [letter for letter in table.under_way if letter[1] == "a"]
    for sender, _, message in letters[:3]:
        table.step("a", Received(sender, message))
    table.tick("a")
    assert set(instance_of(table).gathering.first) == {"a", "b", "c"} & {"a", *(sender for sender, _, _ in letters[:3])}
