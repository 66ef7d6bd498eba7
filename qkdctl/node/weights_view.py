"""What the word of each node weighs, and why, as a document for the API."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qkdctl.abft.quorum import EXCLUDED_BELOW_PPM
from qkdctl.audit.decision_document import verdict_document
from qkdctl.control.epoch import EpochOutcome
from qkdctl.records.standing import NodeStanding

if TYPE_CHECKING:
    from qkdctl.node.node import Node

Json = dict[str, Any]


def weights_view(node: "Node", history: int) -> Json:
    """Standings after the last decision (`agreement_models.Weights`).

    Args:
        node: the node.
        history: number of epochs to look back over.
    """
    replica = node.agreeing.replica
    chain = node.side.chain if replica is None else replica.chain
    outcomes = list(node.epochs.outcomes)
    state = node.application.state
    now, later = chain.electorate.weights, chain.following.weights
    standings = () if state is None else state.network.standings
    before = _standings(outcomes[-2]) if len(outcomes) > 1 else {}
    verdicts = state.network.verdicts if state is not None else ()
    rules = node.side.terms().table.rules
    return {
        "epoch": 0 if state is None else state.network.epoch,
        "deciding_epoch": chain.epoch,
        "faults": chain.electorate.faults,
        "total_weight": chain.electorate.total,
        "strong_from": chain.electorate.strong_from,
        "rules": rules.to_plain(),
        "nodes": [
            {
                **_standing(standing),
                "member": standing.node in now,
                "vote_weight": now.get(standing.node),
                "next_vote_weight": later.get(standing.node),
                "change": _change(before.get(standing.node), standing),
                "why": [verdict_document(verdict) for verdict in verdicts if verdict.node == standing.node],
            }
            for standing in standings
        ],
        "history": _history(outcomes[-history:] if history else []),
    }


def _standing(standing: NodeStanding) -> Json:
    return {
        "node": standing.node,
        "score_ppm": standing.score_ppm,
        "trust_ppm": standing.trust_ppm,
        "excluded": standing.score_ppm < EXCLUDED_BELOW_PPM,
        "distrusted": standing.trust_ppm < EXCLUDED_BELOW_PPM,
        "score_probation_epochs": standing.score_quiet,
        "trust_probation_epochs": standing.trust_quiet,
        "fidelity_permille": standing.fidelity_permille,
        "data_weight_e6": standing.data_weight_e6,
    }


def _change(before: NodeStanding | None, after: NodeStanding) -> Json | None:
    if before is None:
        return None
    return {
        "score_ppm": after.score_ppm - before.score_ppm,
        "trust_ppm": after.trust_ppm - before.trust_ppm,
        "data_weight_e6": after.data_weight_e6 - before.data_weight_e6,
    }


def _history(outcomes: Sequence[EpochOutcome]) -> Json:
    """Numbers of each node over epochs; null where it had none."""
    names = sorted({standing.node for outcome in outcomes for standing in outcome.state.standings})
    standings = [_standings(outcome) for outcome in outcomes]
    return {
        "epochs": [outcome.epoch for outcome in outcomes],
        "nodes": [
            {
                "node": name,
                "score_ppm": [found[name].score_ppm if name in found else None for found in standings],
                "trust_ppm": [found[name].trust_ppm if name in found else None for found in standings],
                "vote_weight": [outcome.entry.chain.electorate.weights.get(name) for outcome in outcomes],
            }
            for name in names
        ],
    }


def _standings(outcome: EpochOutcome) -> Mapping[str, NodeStanding]:
    return {standing.node: standing for standing in outcome.state.standings}
