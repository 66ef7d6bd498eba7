"""What the nodes claimed in one epoch and what was concluded from it, as a document for the API."""

from collections.abc import Iterator, Sequence
from typing import Any

from qkdctl.abft.quorum import Electorate
from qkdctl.audit.decision_document import verdict_document
from qkdctl.control.epoch import EpochOutcome
from qkdctl.evidence.edges import ENDS, Edge, edges
from qkdctl.evidence.relay_audit import KeyAudit, audit_relays
from qkdctl.records.dispute import Dispute
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.report import EndReport, NodeReport

Json = dict[str, Any]


def evidence_view(outcome: EpochOutcome, before: EpochOutcome | None, table: LinkTable) -> Json:
    """The evidence of an epoch (`agreement_models.Evidence`).

    Args:
        outcome: of the epoch.
        before: of the epoch before; without it, sessions of which one end reported late are not seen as pairs.
        table: the agreed static facts.
    """
    reports = [NodeReport.from_json(text) for _, text in sorted(outcome.entry.reports.items())]
    electorate = outcome.entry.chain.electorate
    earlier = None if before is None else before.state
    found = _edges(reports, earlier, table)
    disputes = {entry.link: entry for entry in outcome.state.disputes if entry.link}
    audits = audit_relays(((report.node, view) for report in reports for view in report.relays), electorate.is_weak)
    digests = dict(outcome.entry.value.reports)
    return {
        "epoch": outcome.epoch,
        "ended_ms": outcome.ended_ms,
        "whole": before is not None or outcome.epoch == 1,
        "reports": [_report(report, digests[report.node], electorate) for report in reports],
        "absent": list(outcome.state.absent),
        "late": list(_late(reports, () if earlier is None else earlier.absent, electorate)),
        "links": [_link(edge, disputes.get(edge.facts.link)) for edge in found],
        "relay_disputes": [_dispute(entry) for entry in outcome.state.disputes if not entry.link],
        "accusations": list(_accusations(reports, electorate)),
        "audits": [_audit(audit) for audit in audits],
        "verdicts": [verdict_document(verdict) for verdict in outcome.state.verdicts],
    }


def _edges(reports: Sequence[NodeReport], before: NetworkState | None, table: LinkTable) -> tuple[Edge, ...]:
    pending = {} if before is None else {(entry.link, entry.end): entry.sessions for entry in before.pending}
    accounts = {} if before is None else {(entry.link, entry.end): entry for entry in before.accounts}
    return edges(reports, pending, accounts, table)


def _report(report: NodeReport, digest: str, electorate: Electorate) -> Json:
    return {
        "node": report.node,
        "digest": digest,
        "weight": electorate.weight([report.node]),
        "wall_ms": report.wall_ms,
        "policy": report.policy,
        "late": list(report.late),
    }


def _late(reports: Sequence[NodeReport], absent: Sequence[str], electorate: Electorate) -> Iterator[Json]:
    """Whose report of the epoch before came late, and who says so."""
    for node in sorted({node for report in reports for node in report.late}):
        callers = [report.node for report in reports if node in report.late]
        yield {
            "node": node,
            "callers": callers,
            "weight": electorate.weight(callers),
            "counts": node in absent and electorate.is_strong(callers),
        }


def _link(edge: Edge, dispute: Dispute | None) -> Json:
    return {
        "link": edge.facts.link,
        "alice": edge.facts.alice,
        "bob": edge.facts.bob,
        "claims": {
            end: None if (report := edge.alice if end == "alice" else edge.bob) is None else _claim(report)
            for end in ENDS
        },
        "pairs": len(edge.pairs),
        "differences": [
            {"sequence": pair.alice.sequence, "text": pair.difference} for pair in edge.pairs if not pair.equal
        ],
        "waiting": {end: len(edge.waiting[end]) for end in ENDS},
        "impossible": {end: edge.impossible.get(end, 0) for end in ENDS},
        "dispute": None if dispute is None else _dispute(dispute),
        "row": None if edge.row is None else edge.row.to_plain(),
        "doubt": _doubt(edge),
    }


def _claim(report: EndReport) -> Json:
    """What one end said, its sessions added up."""
    z = [sum(getattr(record.z, name)[0] for record in report.sessions) for name in ("detected", "errors")]
    x = [sum(getattr(record.x, name)[0] for record in report.sessions) for name in ("detected", "errors")]
    return {
        "mode": report.mode,
        "protocol": report.protocol,
        "mean_photon_number_e6": report.mean_photon_number_e6,
        "measured_mean_photon_number_e6": report.measured_mean_photon_number_e6,
        "attenuation_mdb": report.attenuation_mdb,
        "age_ms": report.age_ms,
        "trusted": bool(report.trusted),
        "realigns": report.realigns,
        "sessions": [record.sequence for record in report.sessions],
        "pulses": sum(record.pulses for record in report.sessions),
        "sifted_bits": z[0],
        "test_bits": x[0],
        "qber_z_ppm": z[1] * 1_000_000 // z[0] if z[0] else None,
        "qber_x_ppm": x[1] * 1_000_000 // x[0] if x[0] else None,
        "secret_key_bits": sum(record.secret_key_bits for record in report.sessions),
    }


def _doubt(edge: Edge) -> str:
    """Why the measurements of a row were not used; "" when they were."""
    if edge.row is not None and edge.row.valid:
        return ""
    silent = [edge.facts.node(end) for end, said in zip(ENDS, (edge.alice, edge.bob), strict=True) if said is None]
    if silent:
        return f"{' and '.join(dict.fromkeys(silent))} said nothing of its end"
    if not edge.comparable:
        return "there is no possible session that both ends reported"
    both = [(end, said) for end, said in zip(ENDS, (edge.alice, edge.bob), strict=True) if said is not None]
    for end, said in both:
        if not said.trusted:
            return f"{edge.facts.node(end)} itself found fault with its {end} end"
    return "nothing was detected, or the ends are not set alike, or the records are of an earlier setting"


def _dispute(dispute: Dispute) -> Json:
    return {"one": dispute.one, "other": dispute.other, "agreed_epochs_left": dispute.agreed_epochs_left}


def _accusations(reports: Sequence[NodeReport], electorate: Electorate) -> Iterator[Json]:
    charges = sorted({entry.order: entry for report in reports for entry in report.accusations}.items())
    for order, charge in charges:
        accusers = [report.node for report in reports if any(entry.order == order for entry in report.accusations)]
        yield {
            **charge.to_plain(),
            "accusers": accusers,
            "weight": electorate.weight(accusers),
            "counts": charge.node not in accusers and electorate.is_weak(accusers),
        }


def _audit(audit: KeyAudit) -> Json:
    return {
        "key": audit.key,
        "path": list(audit.path),
        "blamed": [{"node": blame.node, "reason": blame.reason} for blame in audit.blamed],
        "disputes": [{"nodes": list(dispute.nodes), "reason": dispute.reason} for dispute in audit.disputes],
        "silent": list(audit.silent),
        "unheard": list(audit.unheard),
    }
