"""Which relayed keys that failed are opened next.

Views that are missing prove nothing, so all nodes of a path have to speak of the same key in reports of the same epoch,
however their clocks and epochs stand to each other. Hence a decision says which keys: an end of the path names one that
failed, the decision asks, and every node of the path opens it in its next report. Whoever's report or router is late is
asked again, all others with it: a key looks the same however often it is opened.

Only an end names keys of a path, and each only with a number above those opened before: nobody has to answer for the
same key again and again. A liar at an end can name keys that did not fail, which honest routers do not open; it keeps
the keys of its own demand from being opened, and those it could deny anyway.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from qkdctl.evidence.relay_audit import IsWeak, audit_relays
from qkdctl.records.path_tally import PathTally
from qkdctl.records.relay import MOST_VIEWED_NODES, MOST_VIEWS, number_of
from qkdctl.records.relay_audits import MOST_ASKED, AuditMark, KeyCase, RelayAudits
from qkdctl.records.report import NodeReport
from qkdctl.records.route import RoutePlan

_Told = Mapping[str, Mapping[tuple[str, int, int], PathTally]]


def next_audits(
    before: RelayAudits, reports: Sequence[NodeReport], plans: Sequence[RoutePlan], epoch: int, is_weak: IsWeak
) -> RelayAudits:
    """What to open in the next reports: one key of each demand at most, and no more than a node may report.

    Args:
        before: what these reports had to open.
        reports: of one epoch, one per node.
        plans: in force while the keys were made, sorted by demand.
        epoch: of the reports; demands take turns to be first.
        is_weak: whether some nodes contain an honest one (`Electorate.is_weak`).
    """
    open_cases = _unsettled(before.cases, reports, is_weak)
    since = {plan.demand: plan.since for plan in plans}
    marks = {mark.demand: mark for mark in before.marks if since.get(mark.demand) == mark.since}
    load = Counter(node for case in open_cases for node in case.path)
    length: Counter[str] = Counter()
    for case in open_cases:
        length.update(dict.fromkeys(case.path, len(case.path)))
    busy = {_demand(case) for case in open_cases}
    told = {report.node: {tally.path: tally for tally in report.tallies} for report in reports}
    turn = epoch % len(plans) if plans else 0
    for plan in (*plans[turn:], *plans[:turn]):
        if plan.demand in busy:
            continue
        mark = marks.get(plan.demand)
        for case in _named(plan, told, -1 if mark is None else mark.number):
            size = len(case.path)
            if all(load[node] < MOST_VIEWS and length[node] + size <= MOST_VIEWED_NODES for node in case.path):
                open_cases.append(case)
                load.update(case.path)
                length.update(dict.fromkeys(case.path, size))
                marks[plan.demand] = AuditMark(demand=plan.demand, since=plan.since, number=number_of(case.key))
                break
    return RelayAudits(
        cases=tuple(sorted(open_cases, key=lambda case: case.key)),
        marks=tuple(mark for _, mark in sorted(marks.items())),
    )


def _unsettled(cases: Iterable[KeyCase], reports: Sequence[NodeReport], is_weak: IsWeak) -> list[KeyCase]:
    """Cases that are asked of again: not everybody spoke, nothing was found, and there is patience left."""
    told = [(report.node, view) for report in reports for view in report.relays]
    audits = {(audit.key, audit.path): audit for audit in audit_relays(told, is_weak)}
    spoke = {(view.key, view.path, author) for author, view in told if view.node == author}
    left = []
    for case in cases:
        found = audits.get((case.key, case.path))
        settled = found is not None and (found.blamed or found.disputes)
        silent = [node for node in case.path if (case.key, case.path, node) not in spoke]
        if silent and not settled and case.asked < MOST_ASKED:
            left.append(case.model_copy(update={"asked": case.asked + 1}))
    return left


def _named(plan: RoutePlan, told: _Told, above: int) -> Iterator[KeyCase]:
    """Keys of a route that its ends name, those of the source first."""
    for share, path in enumerate(plan.paths, start=1):
        for end in (path.nodes[0], path.nodes[-1]):
            tally = told.get(end, {}).get((plan.demand, share, plan.since))
            if tally is not None and tally.unequal and number_of(tally.unequal) > above:
                yield KeyCase(key=tally.unequal, path=path.nodes, asked=1)


def _demand(case: KeyCase) -> str:
    return case.key.partition("/")[0]
