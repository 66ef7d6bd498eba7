"""Whatever liars on a path say, an honest node is never blamed, and no two honest nodes are in dispute."""

import functools
import hashlib
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.evidence.relay_audit import Blame, KeyAudit, NodeDispute, audit_relays
from qkdctl.records.relay import MOST_NODES, MOST_VIEWED_NODES, MOST_VIEWS, RelayView, xor_hex

NODES = ("s", "r1", "r2", "d")


def key_of(seed: object) -> str:
    return hashlib.sha256(repr(seed).encode()).hexdigest()[:32]


class Story:
    """One key over a path: true hop keys, what relays really announced to whom, and what nodes say later.

    Attributes:
        hops: true hop keys.
        heard: relay -> hearer -> what reached it.
    """

    def __init__(self, path: tuple[str, ...] = NODES, faults: int = 1) -> None:
        self.path = path
        self.faults = faults
        self.hops = [key_of(i) for i in range(len(path) - 1)]
        self.heard = {r: dict.fromkeys(path, self.right(r)) for r in path[1:-1]}
        self.views: dict[str, RelayView] = {}

    def right(self, relay: str) -> str:
        i = self.path.index(relay)
        return xor_hex(self.hops[i - 1], self.hops[i])

    def announce(self, relay: str, value: str, to: Iterable[str] | None = None) -> None:
        for hearer in self.path if to is None else to:
            self.heard[relay][hearer] = value

    def truth(self, node: str, **changes: Any) -> RelayView:
        i = self.path.index(node)
        values: dict[str, Any] = {
            "key": "ab/1/7/0",
            "path": self.path,
            "position": i,
            "before": self.hops[i - 1] if i else "",
            "after": self.hops[i] if i < len(self.hops) else "",
            "announced": tuple(self.heard[relay][node] for relay in self.path[1:-1]),
        }
        return RelayView(**(values | changes))

    def says(self, node: str, **changes: Any) -> None:
        self.views[node] = self.truth(node, **changes)

    def at_destination(self) -> str:
        """What the destination computes from what it heard; empty when something is missing."""
        heard = [self.heard[relay][self.path[-1]] for relay in self.path[1:-1]]
        return functools.reduce(xor_hex, heard, self.hops[-1]) if all(heard) else ""

    def honest_nodes_open(self, liars: frozenset[str]) -> bool:
        """They do once an end says that the hashes are unequal; honest ends say so when they are."""
        return bool(liars.intersection((self.path[0], self.path[-1]))) or self.at_destination() not in (
            "",
            self.hops[0],
        )

    def is_weak(self, nodes: Iterable[str]) -> bool:
        return len(set(nodes)) > self.faults

    def audit(self) -> KeyAudit:
        told = [(node, self.views.get(node) or self.truth(node)) for node in self.path]
        (found,) = audit_relays(told, self.is_weak)
        return found


WRONG = key_of("wrong")


def test_a_relay_that_owns_up_to_a_wrong_announcement_contradicts_itself() -> None:
    story = Story()
    story.announce("r1", WRONG)
    assert story.audit().blamed == (Blame("r1", "contradiction"),)
    assert story.audit().disputes == ()


def test_a_relay_that_denies_what_a_weak_quorum_heard_is_blamed() -> None:
    story = Story()
    story.announce("r1", WRONG)
    story.says("r1", announced=(story.right("r1"), story.right("r2")))
    assert story.audit().blamed == (Blame("r1", "announced-otherwise"),)


def test_a_relay_that_opens_a_false_key_is_in_dispute_with_its_neighbour() -> None:
    story = Story()
    story.announce("r1", WRONG)
    story.says("r1", after=xor_hex(story.hops[0], WRONG))
    assert story.audit().blamed == ()
    assert story.audit().disputes == (NodeDispute(("r1", "r2"), "hop"),)


def test_a_relay_that_deceives_the_destination_alone_is_in_dispute_with_it() -> None:
    story = Story()
    story.announce("r1", WRONG, to=["d"])
    assert story.audit().disputes == (NodeDispute(("d", "r1"), "announcement"),)


def test_the_guilt_of_a_relay_explains_its_disputes() -> None:
    story = Story()
    story.announce("r1", WRONG)
    story.says("r1", before=WRONG)
    assert story.audit().blamed == (Blame("r1", "contradiction"),)
    assert story.audit().disputes == ()


def test_an_end_that_denies_an_equal_key_is_in_dispute_with_the_other_end() -> None:
    assert Story().audit().disputes == (NodeDispute(("d", "s"), "ends"),)


def test_slander_by_f_nodes_moves_no_honest_relay() -> None:
    story = Story()
    story.says("s", announced=(WRONG, story.right("r2")))
    assert story.audit().blamed == ()
    assert story.audit().disputes == (NodeDispute(("r1", "s"), "announcement"),)


def test_an_account_from_the_place_of_another_blames_its_author() -> None:
    story = Story()
    story.announce("r1", WRONG)
    (found,) = audit_relays([("d", story.truth("r1"))], story.is_weak)
    assert found.blamed == (Blame("d", "another-place"),)


def test_two_accounts_of_one_key_blame_their_author() -> None:
    story = Story()
    (found,) = audit_relays([("s", story.truth("s")), ("s", story.truth("s", after=WRONG))], story.is_weak)
    assert found.blamed == (Blame("s", "two-accounts"),)


def test_silence_and_lost_announcements_are_named_and_prove_nothing() -> None:
    story = Story()
    story.announce("r2", "", to=["s", "r1"])
    found = audit_relays([(n, story.truth(n)) for n in ("s", "r1", "r2")], story.is_weak)
    assert [(f.blamed, f.disputes, f.silent, f.unheard) for f in found] == [((), (), ("d",), ("r2",))]


@st.composite
def conspiracies(draw: st.DrawFn) -> tuple[Story, frozenset[str], list[tuple[str, RelayView]]]:
    """Up to f liars anywhere on a path announce, open and claim what they like, in few values so that lies meet."""
    path = tuple(f"n{i}" for i in range(draw(st.integers(2, 6))))
    faults = draw(st.integers(0, 3))
    liars = frozenset(draw(st.permutations(path))[:faults])
    story = Story(path, faults)
    value = st.sampled_from([*story.hops, *map(story.right, path[1:-1]), WRONG])
    for relay in path[1:-1]:
        for hearer in path:
            if relay in liars:
                story.announce(relay, draw(value), to=[hearer])
            if hearer != relay and not draw(st.integers(0, 9)):
                story.announce(relay, "", to=[hearer])
    told = [(node, story.truth(node)) for node in path if node not in liars and story.honest_nodes_open(liars)]
    for liar in sorted(liars):
        told += [(liar, draw(lies(story, liar, value))) for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2])))]
    return story, liars, draw(st.permutations(told))


@st.composite
def lies(draw: st.DrawFn, story: Story, liar: str, value: st.SearchStrategy[str]) -> RelayView:
    """Anything that is a view, near the truth: true parts are mixed with false ones."""
    true_path, place = story.path, liar if draw(st.integers(0, 5)) else draw(st.sampled_from(story.path))
    path = true_path if draw(st.integers(0, 5)) else true_path[::-1]
    i = path.index(place)
    truth = story.truth(place) if path == true_path else None
    announced = tuple(draw(value if relay == place else value | st.just("")) for relay in path[1:-1])
    return RelayView(
        key="ab/1/7/0",
        path=path,
        position=i,
        before="" if i == 0 else truth.before if truth and draw(st.booleans()) else draw(value),
        after="" if i == len(path) - 1 else truth.after if truth and draw(st.booleans()) else draw(value),
        announced=truth.announced if truth and draw(st.booleans()) else announced,
    )


@given(conspiracies())
def test_honest_nodes_are_never_blamed_and_never_in_dispute_with_each_other(
    case: tuple[Story, frozenset[str], list[tuple[str, RelayView]]],
) -> None:
    story, liars, told = case
    for found in audit_relays(told, story.is_weak):
        assert {blame.node for blame in found.blamed} <= liars
        assert all(liars.intersection(dispute.nodes) for dispute in found.disputes)
        silent_honest = set(found.silent) - liars
        assert not silent_honest, "every honest node spoke of the true path"


@given(conspiracies())
def test_the_order_of_reports_changes_nothing(case: tuple[Story, frozenset[str], list[tuple[str, RelayView]]]) -> None:
    story, _, told = case
    assert audit_relays(sorted(told, key=repr), story.is_weak) == audit_relays(told, story.is_weak)


@given(conspiracies())
def test_a_key_that_relays_spoilt_between_honest_ends_hits_a_liar(
    case: tuple[Story, frozenset[str], list[tuple[str, RelayView]]],
) -> None:
    story, liars, told = case
    whole = {node for node, view in told if view.path == story.path and view.node == node}
    if liars.intersection((story.path[0], story.path[-1])) or whole != set(story.path):
        return
    assert any(found.blamed or found.disputes for found in audit_relays(told, story.is_weak))


def test_f_liars_put_an_honest_node_in_dispute_with_f_nodes_at_most() -> None:
    path = ("s", "a", "r", "b", "d")
    story = Story(path, faults=2)
    story.announce("a", xor_hex(story.hops[0], WRONG))
    story.announce("b", xor_hex(WRONG, story.hops[3]))
    story.says("a", after=WRONG)
    story.says("b", before=WRONG)
    found = story.audit()
    assert found.blamed == ()
    assert {dispute.nodes for dispute in found.disputes if "r" in dispute.nodes} == {("a", "r"), ("b", "r")}


@pytest.mark.parametrize("nodes", [2, MOST_VIEWED_NODES // MOST_VIEWS, MOST_NODES])
def test_a_report_has_room_for_all_its_views(nodes: int) -> None:
    path = tuple(f"{i:02}" + 61 * "n" for i in range(nodes))
    view = RelayView(
        key="k" * 127,
        path=path,
        position=nodes - 1,
        before="a" * 64,
        after="",
        announced=("c" * 64,) * (nodes - 2),
    )
    views = min(MOST_VIEWS, MOST_VIEWED_NODES // nodes)
    assert views * (len(view.canonical()) + 66) < 24 * 1024


@pytest.mark.parametrize(
    ("node", "changes"),
    [
        ("r1", {"path": ("s", "r1", "s")}),
        ("r1", {"position": 4}),
        ("s", {"before": WRONG}),
        ("r1", {"after": ""}),
        ("r1", {"announced": (WRONG,)}),
        ("r1", {"announced": ("", WRONG)}),
        ("r1", {"announced": (2 * WRONG, WRONG)}),
        ("r1", {"before": "XY" * 16}),
        ("r1", {"key": "no spaces"}),
    ],
)
def test_what_is_no_view_is_refused(node: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Story().truth(node, **changes)
