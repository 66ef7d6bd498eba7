"""What every threshold of the agreement promises: by brute force for small committees, by chance beyond."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qkdctl.abft.quorum import Electorate, Member, capped, heaviest

SCORES = (50_000, 400_000, 700_000, 1_000_000)


def electorate(scores: Sequence[int], faults: int) -> Electorate:
    return Electorate(tuple(Member(f"n{number:02}", score) for number, score in enumerate(scores)), faults)


def groups(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All sets of nodes."""
    for size in range(len(names) + 1):
        yield from combinations(names, size)


def small_committees() -> Iterator[Electorate]:
    """Every multiset of four scores for up to eight members, and every f that they can bear."""
    for count in range(1, 9):
        seen = {tuple(sorted(scores)) for scores in product(SCORES, repeat=min(count, 5))}
        for scores in sorted(seen):
            padded = (*scores, *([1_000_000] * (count - len(scores))))
            for faults in range((count - 1) // 3 + 1):
                yield electorate(padded, faults)


COMMITTEES = list(small_committees())
DISTINCT = list({(tuple(e.weights.values()), e.faults): e for e in COMMITTEES}.values())


def test_the_f_heaviest_stay_below_a_third_whatever_the_scores() -> None:
    for found in COMMITTEES:
        assert 3 * found.byzantine < found.total
        assert all(50 <= weight <= 1000 for weight in found.weights.values())


@pytest.mark.parametrize("part", range(4))
def test_properties_of_quorums_by_brute_force(part: int) -> None:
    for found in DISTINCT[part::4]:
        strong = [frozenset(group) for group in groups(found.names) if found.is_strong(group)]
        assert strong
        assert min(len(group) for group in strong) >= 2 * found.faults + 1
        faulty = [frozenset(group) for group in combinations(found.names, found.faults)]
        for group in strong:
            assert all(found.is_weak(group - liars) for liars in faulty)
        smallest = [group for group in strong if not any(found.is_strong(group - {node}) for node in group)]
        for one, other in product(smallest, repeat=2):
            assert found.weight(one & other) > found.byzantine
        for liars in faulty:
            assert found.is_strong(set(found.names) - liars)
            assert not found.is_weak(liars)


@st.composite
def committees(draw: st.DrawFn) -> Electorate:
    count = draw(st.integers(1, 40))
    scores = draw(st.lists(st.integers(50_000, 1_000_000), min_size=count, max_size=count))
    return electorate(scores, draw(st.integers(0, (count - 1) // 3)))


@given(committees(), st.randoms(use_true_random=False))
def test_properties_of_quorums_beyond(found: Electorate, random: object) -> None:
    names = sorted(found.names, key=lambda _: random.random())  # type: ignore[attr-defined]
    heavy = sorted(found.names, key=lambda node: found.weights[node], reverse=True)[: found.faults]
    assert 3 * found.byzantine < found.total
    assert found.is_strong(set(found.names) - set(heavy))
    assert not found.is_weak(heavy)

    def smallest(order: Sequence[str]) -> set[str]:
        taken: set[str] = set()
        for node in order:
            if not found.is_strong(taken):
                taken.add(node)
        return taken

    one, other = smallest(names), smallest(names[::-1])
    assert found.weight(one & other) > found.byzantine
    assert found.is_weak(one - set(heavy))
    assert len(smallest(sorted(found.names, key=lambda node: -found.weights[node]))) >= 2 * found.faults + 1


@given(committees(), st.data())
def test_raising_a_score_never_lowers_that_nodes_weight(found: Electorate, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(found.members) - 1))
    old = found.members[number]
    higher = Member(old.node, data.draw(st.integers(old.score_ppm, 1_000_000)))
    raised = Electorate((*found.members[:number], higher, *found.members[number + 1 :]), found.faults)
    assert raised.weights[old.node] >= found.weights[old.node]


def test_raising_a_score_never_lowers_that_nodes_weight_in_any_small_committee() -> None:
    for found in DISTINCT:
        for number, member in enumerate(found.members):
            for score in SCORES:
                if score > member.score_ppm:
                    members = (*found.members[:number], Member(member.node, score), *found.members[number + 1 :])
                    raised = Electorate(members, found.faults)
                    assert raised.weights[member.node] >= found.weights[member.node]


def test_raising_a_score_may_lower_the_weight_of_others_because_the_cap_follows_the_f_heaviest() -> None:
    before = electorate([900_000, 300_000, 300_000, 300_000, 300_000, 300_000, 300_000], 2)
    after = electorate([900_000, 900_000, 300_000, 300_000, 300_000, 300_000, 300_000], 2)
    assert before.weights["n00"] == 449
    assert after.weights["n00"] == 374


@given(committees(), st.randoms(use_true_random=False))
def test_the_order_of_scores_has_no_effect(found: Electorate, random: object) -> None:
    scores = [member.score_ppm for member in found.members]
    order = sorted(range(len(scores)), key=lambda _: random.random())  # type: ignore[attr-defined]
    shuffled = electorate([scores[number] for number in order], found.faults)
    assert [shuffled.weights[f"n{place:02}"] for place in range(len(order))] == [
        found.weights[f"n{number:02}"] for number in order
    ]


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=12),
    st.integers(0, 4),
    st.sampled_from([2, 3]),
)
@example([1000, 0, 0, 0], 1, 2)
@example([5, 4, 3, 2, 1], 1, 3)
def test_the_cap_is_the_largest_that_fulfils_the_condition(weights: list[int], faults: int, share: int) -> None:
    def admissible(cap: int) -> bool:
        cut = [min(weight, cap) for weight in weights]
        return share * heaviest(cut, faults) < sum(cut)

    fulfilling = [cap for cap in range(1, 1001) if admissible(cap)]
    best = max(fulfilling, default=1)
    assert fulfilling == list(range(1, len(fulfilling) + 1))
    assert capped(weights, faults, share=share, limit=1000) == [min(weight, best) for weight in weights]


def test_without_slack_weights_are_nearly_equal_and_status_can_say_so() -> None:
    tight = electorate([1_000_000, 50_000, 50_000, 50_000], 1)
    assert (tight.slack, sorted(tight.weights.values())) == (0, [50, 50, 50, 74])
    assert electorate([1_000_000] * 7, 1).slack == 3


def test_a_node_that_is_no_member_has_no_weight_and_nobody_counts_twice() -> None:
    found = electorate([1_000_000] * 4, 1)
    assert found.weight(["n00", "n00", "stranger"]) == 1000
    assert not found.is_weak(["n00"] * 5)
    assert found.is_strong(["n00", "n01", "n02"])
    assert not found.is_strong(["n00", "n01"])


def test_a_single_node_decides_alone() -> None:
    alone = Electorate.equal(("bench",), 0)
    assert (alone.is_strong(["bench"]), alone.is_weak(["bench"]), alone.is_strong([])) == (True, True, False)
    assert alone.leader(5, 3) == "bench"


def test_excluded_nodes_do_not_lead_unless_too_few_are_left() -> None:
    three = electorate([499_999, 500_000, 1_000_000, 1_000_000], 1)
    assert three.leaders == ("n01", "n02", "n03")
    assert electorate([499_999, 499_999, 1_000_000, 1_000_000], 1).leaders == ("n00", "n01", "n02", "n03")


@pytest.mark.parametrize(
    ("members", "faults", "words"),
    [
        ((Member("b"), Member("a")), 0, "sorted by name and unique, got b, a"),
        ((Member("a"), Member("a")), 0, "sorted by name and unique"),
        ((Member("a"), Member("b"), Member("c")), 1, r"3 members cannot bear f = 1: at least 3f \+ 1"),
        ((Member("a"),), -1, "cannot bear"),
        ((Member("a", 49_999),), 0, "score of a is 49999: expected 50000 to 1000000"),
        ((Member("a", 1_000_001),), 0, "score of a is 1000001"),
    ],
)
def test_impossible_electorates_are_refused(members: tuple[Member, ...], faults: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Electorate(members, faults)


@given(committees())
def test_an_electorate_survives_its_plain_form(found: Electorate) -> None:
    again = Electorate.from_plain(found.to_plain())
    assert again == found
    assert again.digest == found.digest
