"""What may be voted for and proposed in later rounds: vectors, the definition over all quorums, and a story."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.abft.messages import (
    Echo,
    Message,
    Proof,
    Proposal,
    Report,
    RoundChange,
    Slot,
    Suggest,
    Vote,
    digest_of,
)
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.safety import NO_PAST, Past, is_safe_to_propose, is_safe_to_vote
from qkdctl.abft.value import Value
from tests.abft.round_table import APPLICATION, RoundTable, electorate, report_of

FOUR = electorate("1234")
A, B, C = "a", "b", "c"


def past(*slots: tuple[int, str] | None) -> Past:
    """Highest, other and last."""
    highest, other, last = (None if slot is None else Slot(*slot) for slot in slots)
    return Past(highest, other, last)


NOTHING = NO_PAST
VOTED = past((0, A), None, (0, A))
DESIGN = {
    "1": past((1, B), (0, A), None),
    "2": past((2, A), (1, B), None),
    "3": past((2, A), None, (0, A)),
}


@pytest.mark.parametrize(
    ("pasts", "value", "turn", "is_safe"),
    [
        pytest.param({}, A, 0, True, id="round 0 has no past"),
        pytest.param({}, A, 1, False, id="nobody has spoken"),
        pytest.param({"1": NOTHING, "2": NOTHING}, A, 1, False, id="two are no strong quorum"),
        pytest.param(dict.fromkeys("123", NOTHING), A, 1, True, id="nobody voted"),
        pytest.param(
            {**dict.fromkeys("12", NOTHING), "3": past((0, A), None, (0, A))}, A, 1, True, id="the same value"
        ),
        pytest.param(
            {**dict.fromkeys("12", NOTHING), "3": past((0, A), None, (0, A))}, B, 1, False, id="another value"
        ),
        pytest.param({**dict.fromkeys("123", NOTHING), "4": past((0, A), None, (0, A))}, B, 1, True, id="one of four"),
        pytest.param(
            {"1": past((1, B), (0, A), (0, A)), "2": past((1, B), None, None), "3": past((0, A), None, (0, A))},
            B,
            2,
            True,
            id="a weak quorum moved on after the last vote 4",
        ),
        pytest.param(
            {"1": past((1, B), (0, A), (0, A)), "2": past((0, A), None, None), "3": past((0, A), None, (0, A))},
            B,
            2,
            False,
            id="one alone cannot vouch for having moved on",
        ),
        pytest.param(
            {"1": past((1, B), None, (1, B)), "2": past((1, A), None, None), "3": past((1, A), None, None)},
            A,
            2,
            False,
            id="a vote 4 of that very round for another value",
        ),
        pytest.param(
            {"1": past((1, B), (0, A), (0, A)), "2": past((1, B), (0, A), (0, A)), "3": past((2, C), None, (2, C))},
            B,
            3,
            False,
            id="a later vote 4 stands against it",
        ),
        pytest.param(
            {**dict.fromkeys("12", past((1, C), None, None)), "3": past((2, B), None, (1, B))},
            C,
            3,
            False,
            id="votes below the round claim nothing",
        ),
        pytest.param(dict.fromkeys("123", past((5, B), None, (5, B))), B, 3, False, id="rounds to come say nothing"),
        pytest.param(DESIGN, C, 3, True, id="two values are each safe, so nothing was decided before"),
        pytest.param({**DESIGN, "2": past((2, A), None, None)}, C, 3, False, id="without the other vote of node 2"),
        pytest.param(DESIGN, A, 3, True, id="one of the two"),
        pytest.param(DESIGN, B, 3, True, id="the other of the two"),
    ],
)
def test_votes(pasts: Mapping[str, Past], value: str, turn: int, is_safe: bool) -> None:
    assert is_safe_to_vote(pasts, value, turn, FOUR) is is_safe


def test_a_leader_needs_more_than_two_values_that_are_each_safe() -> None:
    assert not is_safe_to_propose(DESIGN, C, 3, FOUR)
    assert is_safe_to_propose(DESIGN | {"4": past((2, C), (1, A), None)}, C, 3, FOUR)


def test_weight_decides_and_not_the_number_of_nodes() -> None:
    """Nodes 1 to 4 of score 1 and three of a twentieth: the four heavy ones are a strong quorum, and no six others."""
    members = electorate("1234567", 2, dict.fromkeys("567", 50_000))
    pasts = {**dict.fromkeys("12567", NOTHING), "3": past((0, A), None, (0, A)), "4": past((0, A), None, (0, A))}
    assert members.is_strong("12567") is is_safe_to_vote(pasts, B, 1, members)


@st.composite
def pasts_of_a_round(draw: st.DrawFn) -> tuple[Electorate, dict[str, Past], int]:
    """Any pasts, of liars too, for a round of up to 4."""
    size = draw(st.integers(4, 6))
    names = "123456"[:size]
    scores = {name: draw(st.sampled_from([50_000, 300_000, 1_000_000])) for name in names}
    members = electorate(names, 1, scores)
    turn = draw(st.integers(1, 4))
    slots = st.none() | st.builds(Slot, st.integers(0, turn - 1), st.sampled_from([A, B, C]))
    pasts = draw(st.dictionaries(st.sampled_from(names), st.builds(Past, slots, slots, slots), min_size=2))
    return members, pasts, turn


@settings(max_examples=300, deadline=None)
@given(pasts_of_a_round(), st.sampled_from([A, B, C]), st.booleans())
def test_weighing_all_who_meet_the_condition_equals_a_search_over_all_quorums(
    drawn: tuple[Electorate, dict[str, Past], int], value: str, votes: bool
) -> None:
    members, pasts, turn = drawn
    rule = is_safe_to_vote if votes else is_safe_to_propose
    assert rule(pasts, value, turn, members) is defined_safe(pasts, value, turn, members, votes=votes)


def defined_safe(pasts: Mapping[str, Past], value: str, turn: int, members: Electorate, *, votes: bool) -> bool:
    """The definition, word by word."""
    for quorum in strong_quorums(pasts, members):
        last = [pasts[node].last for node in quorum]
        if all(slot is None for slot in last):
            return True
        for at in range(turn):
            given_until = all(slot is None or slot.round <= at for slot in last)
            for_value = all(slot is None or slot.round < at or slot.value == value for slot in last)
            if not (given_until and for_value):
                continue
            claimed = [one for one in (A, B, C, "d") if members.is_weak(claimants(pasts, one, at))]
            if value in claimed or (votes and len(claimed) > 1):
                return True
    return False


def claimants(pasts: Mapping[str, Past], value: str, at: int) -> list[str]:
    """Nodes that claim a value safe at a round."""

    def claims(one: Past) -> bool:
        if at == 0:
            return True
        if one.highest is None or one.highest.round < at:
            return False
        return one.highest.value == value or (one.other is not None and one.other.round >= at)

    return [node for node, one in pasts.items() if claims(one)]


def strong_quorums(pasts: Mapping[str, Past], members: Electorate) -> Iterator[tuple[str, ...]]:
    """All of them among those who spoke."""
    for size in range(1, len(pasts) + 1):
        yield from (quorum for quorum in combinations(pasts, size) if members.is_strong(quorum))


def test_what_contradicts_itself_is_no_past() -> None:
    context = "0" * 64

    def told(*slots: Slot | None) -> Past | None:
        return Past.told_by(Proof(1, context, 2, *slots))

    assert told(Slot(1, A), Slot(0, B), Slot(1, A)) == past((1, A), (0, B), (1, A))
    assert told(Slot(2, A), None, None) is None, "a vote of the very round that is being entered"
    assert told(None, None, Slot(2, A)) is None, "likewise in phase 4"
    assert told(None, Slot(0, A), None) is None, "another vote than none"
    assert told(Slot(1, A), Slot(0, A), None) is None, "another vote for the same value"
    assert told(Slot(0, A), Slot(1, B), None) is None, "another vote above the highest"
    assert told(Slot(1, A), Slot(1, B), None) is None, "two votes in one round"


class Story:
    """Replicas a, b and d of four; the test plays c, and with it the leader of round 1."""

    def __init__(self) -> None:
        self.table = RoundTable(electorate(), seated="abd")
        self.context = self.table.replicas["a"].chain.context
        self.table.tick()

    def hear(self, kind: type[Message], to: str, sender: str = "abd") -> None:
        """Deliver what is under way of one kind; all else waits."""
        self.table.deliver(lambda one, other, m: isinstance(m, kind) and other in to and one in sender, loses=False)

    def votes(self, turn: int, value: str, phases: Mapping[int, str]) -> None:
        """Phase by phase, those named hear each other's votes and that of c."""
        for phase, to in phases.items():
            self.table.say("c", Vote(1, self.context, turn, phase, value), to)
            self.table.deliver(
                lambda sender, other, m, phase=phase, to=to: (
                    isinstance(m, Vote) and m.round == turn and m.phase == phase and {sender, other} <= set(to)
                ),
                loses=False,
            )

    def gather(self, authors: str) -> None:
        """All reports are heard and certified, with the help of c."""
        for kind in (Report, Echo):
            self.hear(kind, "abd")
        seen = tuple((name, (digest_of(report_of(name, 1)),)) for name in authors)
        self.table.say("c", Echo(1, self.context, seen))
        self.hear(Echo, "abd")

    def enter(self, turn: int) -> None:
        """Time passes until all enter a round; what was not heard of earlier ones is lost."""
        while any(self.round_of(name) < turn for name in "abd"):
            self.table.wait(1.0)
            self.table.say("c", RoundChange(1, self.context, turn))
            self.hear(RoundChange, "abd")
        self.table.deliver(lambda *letter: False, rounds=1)
        self.table.wait(2.0)

    def round_of(self, name: str) -> int:
        instance = self.table.replicas[name].instance
        return 0 if instance is None else instance.round

    def value_of(self, *authors: str) -> str:
        """Text of the value of these reports."""
        chain = self.table.replicas["a"].chain
        reports = {author: report_of(author, 1) for author in authors}
        named = tuple((author, digest_of(text)) for author, text in reports.items())
        return Value(1, chain.previous, named, APPLICATION.decide(chain, reports)).text


def test_an_honest_leader_is_heard_although_two_earlier_rounds_half_succeeded() -> None:
    """Without the added clause nobody could vote in round 3, whatever safe value its honest leader proposes."""
    story = Story()
    table, context = story.table, story.context
    first, second, third = story.value_of(*"abd"), story.value_of(*"abc"), story.value_of(*"abcd")
    one, other = digest_of(first), digest_of(second)
    story.gather("abd")
    table.wait(1.01)
    story.gather("abd")
    # Round 0: b leads; b and d vote for the first value in phases 1 to 3, d in phase 4; a hears nothing of it.
    table.wait(0.3)
    assert {letter[2].value for letter in table.under_way if isinstance(letter[2], Proposal)} == {first}
    story.hear(Proposal, "d")
    story.votes(0, one, {1: "bd", 2: "bd", 3: "d"})
    table.say("b", Vote(1, context, 0, 3, one), "d")
    table.say("c", Report(1, context, report_of("c", 1)))
    story.gather("abcd")
    # Round 1: c leads; a and b vote for a second value, a twice.
    story.enter(1)
    table.say("c", Proof(1, context, 1, None, None, None))
    story.hear(Proof, "ab")
    table.say("c", Proposal(1, context, 1, second), "ab")
    story.votes(1, other, {1: "a"})
    table.say("b", Vote(1, context, 1, 1, other), "a")
    # Round 2: d leads, and only the first value is safe; a and d vote for it, a twice.
    story.enter(2)
    story.hear(Proof, "ad")
    table.say("c", Suggest(1, context, 2, None, None, None), "d")
    story.hear(Suggest, "d", "bd")
    story.hear(Proposal, "a")
    story.votes(2, one, {1: "a"})
    table.say("d", Vote(1, context, 2, 1, one), "a")
    given = {name: table.replicas[name].instance.ballots for name in "abd"}  # type: ignore[union-attr]
    assert given["b"].highest == {1: Slot(1, other), 2: Slot(0, one), 3: Slot(0, one)}
    assert given["a"].highest == {1: Slot(2, one), 2: Slot(2, one)}
    assert given["a"].other == {1: Slot(1, other), 2: Slot(1, other)}
    assert given["d"].highest == {1: Slot(2, one), 2: Slot(0, one), 3: Slot(0, one), 4: Slot(0, one)}
    # Round 3: a leads, and c helps it to a third value, but helps no voter.
    story.enter(3)
    table.say("c", Suggest(1, context, 3, Slot(2, digest_of(third)), Slot(1, other), None), "a")
    for kind in (Suggest, Proof, Proposal, Vote):
        story.hear(kind, "abd")
    assert {table.decided.get((name, 1)) for name in "abd"} == {digest_of(third)}
