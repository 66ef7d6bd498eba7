"""Records of both ends meet by sequence number, once, and at most one epoch late."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.evidence.matching import Matched, Pair, match
from qkdctl.records.session import End, SessionRecord
from tests.records.samples import session


def records(end: End, *numbers: int) -> tuple[SessionRecord, ...]:
    return tuple(session(number, end) for number in numbers)


def met(matched: Matched) -> list[int]:
    return [pair.alice.sequence for pair in matched.pairs]


def test_equal_numbers_meet_in_their_order() -> None:
    found = match((), records("alice", 4, 5, 6), (), records("bob", 4, 5, 6))
    assert met(found) == [4, 5, 6]
    assert all(pair.equal for pair in found.pairs)
    assert found.waiting_alice == found.waiting_bob == ()


def test_a_record_waits_one_epoch_for_its_counterpart_and_is_then_dropped() -> None:
    first = match((), records("alice", 4), (), ())
    assert [record.sequence for record in first.waiting_alice] == [4]
    assert met(match(first.waiting_alice, records("alice", 5), (), records("bob", 4, 5))) == [4, 5]
    second = match(first.waiting_alice, records("alice", 5), (), records("bob", 5))
    assert second.waiting_alice == ()
    assert met(match(second.waiting_alice, (), second.waiting_bob, records("bob", 6))) == []


def test_an_engine_that_counts_anew_meets_none_of_the_other_ends_old_numbers() -> None:
    found = match(records("alice", 900), records("alice", 1), records("bob", 2), records("bob", 3))
    assert met(found) == []
    assert [record.sequence for record in (*found.waiting_alice, *found.waiting_bob)] == [1, 3]


def test_names_of_ends_and_clocks_may_differ_and_nothing_else() -> None:
    mine = session(1)
    for field, value in mine:
        if field in ("end", "started_ms", "link", "sequence", "z", "x", "mean_photon_numbers_e6"):
            continue
        changed: Any = value + 1 if isinstance(value, int) else "tf"
        pair = Pair(mine, session(1, "bob", **{field: changed}))
        assert not pair.equal, field
        assert pair.difference == f"{field} {value} against {changed}"
    assert Pair(mine, session(1, "bob", started_ms=77)).equal
    worse = mine.z.model_copy(update={"errors": (4_001, 200, 1)})
    assert not Pair(mine, session(1, "bob", z=worse)).equal


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20))
def test_every_pair_is_delivered_once_and_whatever_both_ends_report_within_an_epoch_of_each_other_is(
    story: Sequence[tuple[bool, bool, int, int]],
) -> None:
    """One record an epoch; each end may lose it, or report it so many epochs late, in order."""
    alice, bob = _deliveries(story, 0), _deliveries(story, 1)
    waiting = Matched()
    seen: list[int] = []
    for epoch in range(len(story) + 3):
        mine = records("alice", *(n for n, at in alice.items() if at == epoch))
        theirs = records("bob", *(n for n, at in bob.items() if at == epoch))
        waiting = match(waiting.waiting_alice, mine, waiting.waiting_bob, theirs)
        seen += met(waiting)
    assert sorted(seen) == sorted(n for n in alice if n in bob and abs(alice[n] - bob[n]) <= 1)
    assert len(seen) == len(set(seen))


def _deliveries(story: Sequence[tuple[bool, bool, int, int]], end: int) -> dict[int, int]:
    """Epoch in which each record arrives; none overtakes another."""
    arrival: dict[int, int] = {}
    latest = 0
    for number, epoch in enumerate(story):
        latest = max(latest, number + epoch[2 + end])
        if not epoch[end]:
            arrival[number] = latest
    return arrival
