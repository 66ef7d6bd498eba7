"""Keys that failed are opened by all nodes of their path at once, a few at a time, and never because a liar says so."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from qkdctl.evidence.key_cases import next_audits
from qkdctl.records.path_tally import PathTally
from qkdctl.records.relay import MOST_NODES, MOST_VIEWED_NODES, MOST_VIEWS, RelayView, path_of, xor_hex
from qkdctl.records.relay_audits import MOST_ASKED, KeyCase, RelayAudits
from qkdctl.records.report import NodeReport
from qkdctl.records.route import RoutePath, RoutePlan
from tests.records.samples import report

ONE, TWO = "00" * 16, "0f" * 16
SAID = xor_hex(ONE, TWO)


def plan(demand: str = "st", *paths: Sequence[str], since: int = 7) -> RoutePlan:
    """A route over paths of nodes, which may be of one letter."""
    ways = [
        RoutePath(nodes=tuple(path), links=tuple(f"{one}-{two}" for one, two in pairwise(path)))
        for path in paths or ("sat",)
    ]
    return RoutePlan(demand=demand, since=since, challenged=0, distrusted=(), bits=1000, threshold=1, paths=tuple(ways))


def tally(unequal: str = "", *, failed: int = 1, equal: int = 0, **changes: Any) -> PathTally:
    demand, share, since = path_of(unequal) or ("st", 1, 7)
    values = {"demand": demand, "share": share, "since": since} | changes
    return PathTally(equal=equal, failed=failed, unequal=unequal, **values)


def told(views: Iterable[RelayView] = (), epoch: int = 9, **tallies: PathTally) -> list[NodeReport]:
    """Reports of the nodes that have anything to say."""
    speaking = {view.node for view in views} | tallies.keys()
    return [
        report(
            epoch,
            node=node,
            relays=tuple(view for view in views if view.node == node),
            tallies=tuple(tally for name, tally in tallies.items() if name == node),
        )
        for node in sorted(speaking)
    ]


def view(node: str, key: str = "st/1/7/3", *, said: str = SAID) -> RelayView:
    """What an honest node of the path s-a-t says of a key; another announcement makes the relay a liar."""
    position = "sat".index(node)
    before, after = ("", ONE, TWO)[position], (ONE, TWO, "")[position]
    return RelayView(key=key, path=("s", "a", "t"), position=position, before=before, after=after, announced=(said,))


def audits(
    reports: list[NodeReport], *plans: RoutePlan, before: RelayAudits | None = None, epoch: int = 9
) -> RelayAudits:
    return next_audits(before or RelayAudits(), reports, plans or (plan(),), epoch, lambda nodes: len(set(nodes)) > 1)


def keys(found: RelayAudits) -> list[str]:
    return [case.key for case in found.cases]


def asked(times: int = 1) -> RelayAudits:
    """One key that was asked of so often."""
    found = audits(told(s=tally("st/1/7/3")))
    return found.model_copy(update={"cases": (found.cases[0].model_copy(update={"asked": times}),)})


@pytest.mark.parametrize("end", ["s", "t"])
def test_either_end_names_a_key_and_all_of_the_path_are_asked(end: str) -> None:
    found = audits(told(**{end: tally("st/1/7/3")}))
    assert found.cases == (KeyCase(key="st/1/7/3", path=("s", "a", "t"), asked=1),)


@pytest.mark.parametrize(
    "tallies",
    [{"a": tally("st/1/7/3")}, {"s": tally("st/2/7/3")}, {"s": tally("st/1/6/3")}, {"s": tally()}],
    ids=["a relay", "no such path", "an old route", "no key"],
)
def test_nothing_else_is_opened(tallies: dict[str, PathTally]) -> None:
    assert audits(told(**tallies)) == RelayAudits()


def test_ends_that_name_different_keys_open_one() -> None:
    assert keys(audits(told(s=tally("st/1/7/3"), t=tally("st/1/7/4")))) == ["st/1/7/3"]


def test_nobody_has_to_open_a_key_again_that_was_opened_once() -> None:
    settled = audits(told([view("s"), view("a"), view("t")]), before=asked())
    assert settled.cases == ()
    assert keys(audits(told(t=tally("st/1/7/3")), before=settled)) == []
    assert keys(audits(told(t=tally("st/1/7/2")), before=settled)) == []
    assert keys(audits(told(t=tally("st/1/7/4")), before=settled)) == ["st/1/7/4"]
    changed = plan(since=8)
    assert keys(audits(told(t=tally("st/1/8/0")), changed, before=settled)) == ["st/1/8/0"]


def test_who_was_late_is_asked_again_with_all_others_until_there_is_no_patience_left() -> None:
    found = asked()
    for times in range(2, MOST_ASKED + 1):
        found = audits(told([view("s"), view("t")]), before=found)
        assert [(case.key, case.asked) for case in found.cases] == [("st/1/7/3", times)]
    assert audits(told([view("s"), view("t")]), before=found).cases == ()


def test_a_case_in_which_somebody_is_found_guilty_is_over_though_not_everybody_spoke() -> None:
    wrong = xor_hex(SAID, "01" * 16)
    assert audits(told([view("a", said=wrong)]), before=asked()).cases == ()
    assert audits(told([view("a")]), before=asked()).cases != ()


def test_a_view_of_another_place_does_not_stand_for_the_node_that_should_speak() -> None:
    stolen = told([view("s"), view("t")])
    stolen = [one.model_copy(update={"relays": (*one.relays, view("a", "st/1/7/9"))}) for one in stolen]
    assert keys(audits(stolen, before=asked())) == ["st/1/7/3"]


def test_each_demand_opens_one_key_at_a_time() -> None:
    found = audits(told(s=tally("st/1/7/9"), t=tally("st/1/7/8")), before=asked())
    assert [(case.key, case.asked) for case in found.cases] == [("st/1/7/3", 2)]


def test_no_node_has_more_to_say_than_a_report_holds_and_demands_take_turns() -> None:
    demands = [f"d{number:02}" for number in range(MOST_VIEWS + 4)]
    plans = [plan(demand) for demand in demands]
    reports = [report(9, node="s", tallies=tuple(tally(f"{demand}/1/7/0") for demand in demands))]
    seen: set[str] = set()
    for epoch in (1, 17):
        found = audits(reports, *plans, epoch=epoch)
        assert len(found.cases) == MOST_VIEWS
        seen |= {*keys(found)}
    assert len(seen) == len(demands)


def test_long_paths_are_opened_fewer_at_a_time() -> None:
    path = ("s", *(f"n{number:02}" for number in range(MOST_NODES - 2)), "t")
    demands = [f"d{number:02}" for number in range(MOST_VIEWS)]
    plans = [plan(demand, path) for demand in demands]
    reports = [report(9, node="s", tallies=tuple(tally(f"{demand}/1/7/0") for demand in demands))]
    found = audits(reports, *plans)
    assert len(found.cases) == MOST_VIEWED_NODES // MOST_NODES
    assert len(audits(reports, *plans, before=found).cases) == MOST_VIEWED_NODES // MOST_NODES, "those still open count"
