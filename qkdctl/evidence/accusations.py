"""Claims that no photon numbers explain: a test with floats, run by every node for itself.

Its outcome may differ in the last bit from computer to computer, so it is no part of the agreed state: it crosses as an
accusation in the node's next report, and counts once nodes that contain an honest one make it.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from qkdctl.physics.consistency.decoy_yields import check_yields
from qkdctl.physics.consistency.tally import Tally
from qkdctl.records.accusation import Accusation
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.session import End, SessionRecord

ACCUSING = 1e-12
"""Probability of accusing an honest claim, per setting of the source in one report of one end."""
OWN = 1e-9
"""The same when a node tests its own records: larger, so that what it reports no other node's rounding condemns."""
TESTED_PER_EPOCH = 2
"""Ends whose records are tested in one epoch, the same at all nodes and in turn: a test takes tens of milliseconds."""
_LEAST_TOLERANCE_PPM, _MOST_TOLERANCE_PPM = 10_000, 50_000
_BRIGHTEST_E6 = 10_000_000
_DECOY_PROTOCOLS = ("bb84",)


def in_turn(epoch: int, table: LinkTable) -> frozenset[tuple[str, End]]:
    """Ends, as (link, end), whose records of an epoch every node tests."""
    ends: list[tuple[str, End]] = []
    for facts in table.links:
        ends += [(facts.link, "alice"), (facts.link, "bob")]
    turns = max(1, -(-len(ends) // TESTED_PER_EPOCH))
    return frozenset(end for number, end in enumerate(ends) if number % turns == epoch % turns)


def accusations(me: str, reports: Iterable[NodeReport], table: LinkTable) -> tuple[Accusation, ...]:
    """What a node has to accuse others of after an agreed snapshot, sorted.

    Ends that do not vouch for their records are not accused of them.

    Args:
        me: the node, which does not accuse itself.
        reports: of the snapshot, one per node.
        table: the agreed static facts.
    """
    facts = {entry.link: entry for entry in table.links}
    found = {
        Accusation(node=report.node, kind="impossible-claim", epoch=report.epoch, subject=end.link)
        for report in reports
        if report.node != me
        for end in report.ends
        if (end.link, end.end) in in_turn(report.epoch, table)
        and _is_vouched_for(report, end, facts)
        and contradiction(facts[end.link], end.sessions, ACCUSING)
    }
    return tuple(sorted(found, key=lambda entry: entry.order))


def contradiction(facts: LinkFacts, records: Sequence[SessionRecord], significance: float) -> str:
    """Why no photon-number yields in [0, 1] explain the decoy counts of these records; "" when some do.

    It means a forged report, or intensities that are not the claimed ones: no eavesdropper can cause it. The true
    intensities may differ from the claimed ones by the uncertainty of the calibration, 1 % at least and 5 % at most.

    Args:
        facts: of the link.
        records: of one end in one epoch.
        significance: probability of a false alarm, per setting of the source.
    """
    tolerance = min(max(facts.calibration_uncertainty_ppm, _LEAST_TOLERANCE_PPM), _MOST_TOLERANCE_PPM) / 1e6
    for of_setting in _by_setting(records):
        mean_photon_numbers = np.array(of_setting[0].mean_photon_numbers_e6) / 1e6
        check = check_yields(mean_photon_numbers, _tally(of_setting), significance=significance, tolerance=tolerance)
        if finding := check.finding():
            return finding.sentence
    return ""


def _is_vouched_for(report: NodeReport, end: EndReport, facts: dict[str, LinkFacts]) -> bool:
    return end.trusted == 1 and end.link in facts and facts[end.link].node(end.end) == report.node


def _by_setting(records: Iterable[SessionRecord]) -> Iterator[list[SessionRecord]]:
    """Records of one setting together, without those whose shape or light the integer tests judge."""
    groups: dict[tuple[int, ...], list[SessionRecord]] = {}
    for record in records:
        mus = record.mean_photon_numbers_e6
        if record.protocol in _DECOY_PROTOCOLS and len(mus) == len(record.z.sent) == len(record.x.sent):
            groups.setdefault(mus, []).append(record)
    return (group for mus, group in groups.items() if len(mus) > 1 and max(mus) <= _BRIGHTEST_E6)


def _tally(records: Sequence[SessionRecord]) -> Tally:
    """Sums of shape (2 bases, intensities)."""

    def total(name: str) -> np.ndarray:
        return np.array(
            [
                [float(sum(column)) for column in zip(*(getattr(basis, name) for basis in bases), strict=True)]
                for bases in ([record.z for record in records], [record.x for record in records])
            ]
        )

    return Tally(total("sent"), total("detected"), total("errors"))
