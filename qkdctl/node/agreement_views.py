"""How the agreement stands, as documents for the API in the shapes of `qkdctl.api.agreement_models`."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qkdctl.auth.authenticator import Authenticator
from qkdctl.bus.pairwise import PathStatus
from qkdctl.node.conditions import conditions
from qkdctl.node.standstill import standstill_view
from qkdctl.node.views import alarm_view
from qkdctl.records.base import Name

if TYPE_CHECKING:
    from qkdctl.abft.chain import Chain
    from qkdctl.node.node import Node

Json = dict[str, Any]
CODES = frozenset(
    {
        "act-obsolete",
        "acts-failing",
        "agreement-store-failing",
        "conflicting-history",
        "damaged-store",
        "divergence",
        "false-claim",
        "fork",
        "no-plan",
        "policy-skew",
        "restored-store",
        "wrong-tags",
    }
)
"""Of alarms that concern the agreement."""


def summary_view(node: "Node") -> Json:
    """The agreement in one line of the status (`models.AgreementSummary`)."""
    chain = _chain(node)
    last = node.epochs.outcomes[-1] if node.epochs.outcomes else None
    return {
        "network": node.side.name,
        "members": len(chain.electorate.members),
        "faults": chain.electorate.faults,
        "slack": chain.electorate.slack,
        "epoch": chain.epoch,
        "round": _round(node),
        "decided_s": None if last is None else round(node.clock.monotonic() - last.ended_at, 3),
        "levels": dict(sorted(Counter(peer["level"] for peer in _peers(node)).items())),
        "conditions": sorted({condition["code"] for condition in _conditions(node)}),
    }


def agreement_view(node: "Node") -> Json:
    """Who decides and how far they are, the last decision, peers (`agreement_models.Agreement`)."""
    chain = _chain(node)
    electorate, replica = chain.electorate, node.agreeing.replica
    instance = None if replica is None else replica.instance
    peers = _peers(node)
    return {
        "node": node.config.node.name,
        "network": node.side.name,
        "description": node.side.chain.previous,
        "members": list(electorate.names),
        "faults": electorate.faults,
        "slack": electorate.slack,
        "total_weight": electorate.total,
        "strong_from": electorate.strong_from,
        "weak_from": electorate.weak_from,
        "electorate": electorate.digest,
        "epoch": chain.epoch,
        "under_way": instance is not None,
        "round": _round(node),
        "leader": electorate.leader(chain.epoch, _round(node)),
        "decisions": node.figures.decisions,
        "last": _last(node),
        "standstill": standstill_view(node, peers),
        "peers": peers,
        "paths": []
        if node.agreeing.peers is None
        else [_path(path) for path in node.agreeing.peers.transport.status()],
        "conditions": list(_conditions(node)),
    }


def _chain(node: "Node") -> "Chain":
    replica = node.agreeing.replica
    return node.side.chain if replica is None else replica.chain


def _round(node: "Node") -> int:
    replica = node.agreeing.replica
    return 0 if replica is None or replica.instance is None else replica.instance.round


def _last(node: "Node") -> Json | None:
    if not node.epochs.outcomes:
        return None
    outcome = node.epochs.outcomes[-1]
    value = outcome.entry.value
    return {
        "epoch": outcome.epoch,
        "ended_ms": outcome.ended_ms,
        "age_s": round(node.clock.monotonic() - outcome.ended_at, 3),
        "round": dict(node.figures.rounds).get(outcome.epoch, 0),
        "digest": value.digest,
        "reports": [author for author, _ in value.reports],
        "absent": list(outcome.state.absent),
        "policy": outcome.decision.policy,
        "electorate": value.outcome.electorate.digest,
    }


def _peers(node: "Node") -> list[Json]:
    side = node.agreeing.peers
    if side is None:
        return []
    paths = side.transport.status()
    return [_peer(node, side.authenticator, peer, paths) for peer in sorted(side.authenticator.peers)]


def _peer(node: "Node", authenticator: Authenticator, peer: Name, paths: tuple[PathStatus, ...]) -> Json:
    figures = authenticator.figures(peer)
    by_path = [(path, status) for path in paths for status in path.peers if status.peer == peer]
    heard = [status.silent_s for _, status in by_path if status.silent_s is not None]
    return {
        "peer": peer,
        "level": str(node.security.level(peer, authenticator.level(peer))),
        "in_step": authenticator.in_step(peer),
        "silent_s": round(min(heard), 3) if heard else None,
        "pads": authenticator.pads(peer),
        "key_bits": {
            "sent": figures.sent_bits,
            "received": figures.received_bits,
            "wasted": figures.wasted_bits,
        },
        "sent": {
            "one_time": figures.pad_tags,
            "hmac": figures.hmac_tags,
            "repeated": figures.retransmissions,
            "unsealed": figures.unsealed,
        },
        "accepted": {"all": figures.accepted, "hmac": figures.accepted_hmac, "greetings": figures.greetings},
        "refused": {
            "duplicates": figures.duplicates,
            "replayed": figures.replayed,
            "forged": figures.forged,
            "malformed": figures.malformed,
            "downgraded": figures.downgraded,
            "over_budget": figures.over_budget,
            "awaited": figures.awaited,
            "missing": figures.missing,
        },
        "paths": [
            {
                "via": path.via,
                "connected": path.connected,
                "queued": status.queued,
                "sent": status.sent,
                "dropped": status.dropped,
                "received": status.received,
                "refused": status.refused,
                "overrun": status.overrun,
            }
            for path, status in by_path
        ],
    }


def _path(path: PathStatus) -> Json:
    return {
        "via": path.via,
        "connected": path.connected,
        "sessions": path.sessions,
        "round_trip_s": path.round_trip_s,
        "unknown": path.unknown,
    }


def _conditions(node: "Node") -> Iterator[Json]:
    """What an operator must know of the agreement: raised alarms, and what can be seen now."""
    for alarm in node.alarms.listed():
        if alarm.code in CODES and alarm.active:
            view = alarm_view(alarm)
            yield {name: view[name] for name in ("code", "severity", "subject", "text")}
    me, replica = node.config.node.name, node.agreeing.replica
    if replica is None:
        return
    for condition in conditions(me, replica, node.agreeing.peers, node.config.node.epoch_s):
        yield {"code": condition.code, "severity": "warning", "subject": me, "text": condition.text}
