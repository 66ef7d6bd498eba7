"""One decision ready for JSON and for people."""

from collections.abc import Mapping
from typing import Any

from qkdctl.abft.quorum import Electorate
from qkdctl.agreement.ledger_entries import place_of
from qkdctl.agreement.state import AgreedState
from qkdctl.audit.recorded import Recorded
from qkdctl.audit.words import verdict_text
from qkdctl.records.decision import Decision
from qkdctl.records.standing import Verdict

Json = dict[str, Any]


def decision_document(recorded: Recorded, state: AgreedState | None = None) -> Json:
    """What an entry of the ledger says that was decided.

    Who proposed it is not known: any leader may have, and what counts is who would have voted for it. The verdicts are
    not in the ledger, which has the digest of the state only; they are null without the state.

    Args:
        recorded: the entry.
        state: after it, computed again.

    Raises:
        NotADecisionError: it holds no decision.
        pydantic.ValidationError: the outcome is none.
    """
    chain, value = place_of(recorded.entry.payload)
    decision = Decision.model_validate(dict(value.outcome.payload), strict=False)
    return {
        "epoch": value.epoch,
        "sequence": recorded.entry.sequence,
        "wall_ms": recorded.entry.wall_ms,
        "digest": value.digest,
        "previous": value.previous,
        "state": decision.state,
        "book": decision.book,
        "policy": decision.policy,
        "policy_failed": bool(decision.failed),
        "electorate": electorate_document(chain.electorate),
        "reports": [
            {"node": author, "digest": digest, "kept": digest in recorded.reports} for author, digest in value.reports
        ],
        "absent": sorted(set(chain.electorate.names) - {author for author, _ in value.reports}),
        "plan": decision.plan.to_plain(),
        "routes": [route.to_plain() for route in decision.routes],
        "electorate_after_next": electorate_document(value.outcome.electorate),
        "verdicts": None if state is None else [verdict_document(entry) for entry in state.network.verdicts],
    }


def electorate_document(electorate: Electorate) -> Json:
    """Who decides, and what makes a quorum."""
    weights: Mapping[str, int] = electorate.weights
    return {
        "digest": electorate.digest,
        "faults": electorate.faults,
        "slack": electorate.slack,
        "total_weight": electorate.total,
        "strong_from": electorate.strong_from,
        "weak_from": electorate.weak_from,
        "members": [
            {"node": member.node, "score_ppm": member.score_ppm, "weight": weights[member.node]}
            for member in electorate.members
        ],
    }


def verdict_document(verdict: Verdict) -> Json:
    """A verdict with the reason in words."""
    return {**verdict.to_plain(), "text": verdict_text(verdict)}
