"""Why an epoch takes longer than an epoch: what this node knows of every member's part in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qkdctl.abft.ballots import PHASES
from qkdctl.abft.instance import Instance
from qkdctl.records.report import NodeReport

if TYPE_CHECKING:
    from qkdctl.node.node import Node

Json = dict[str, Any]
_SILENT_EPOCHS = 3
_SHOWN = 12
_LATE = "no-plan"
_NOT_BEGUN: Json = {
    "begun": False,
    "reports": 0,
    "proposed": False,
    "phase": PHASES[0],
    "weight": 0,
    "decided": False,
    "reason": "",
}
_NOTHING: Json = {"report": False, "certified": False, "policy": None, "round": 0, "votes": []}


def standstill_view(node: "Node", peers: Sequence[Mapping[str, Any]]) -> Json | None:
    """What a decision waits for (`agreement_models.Standstill`); None while decisions come with every epoch.

    Args:
        node: the running node.
        peers: views of its channels, which tell whom it hears.
    """
    replica = node.agreeing.replica
    if replica is None or not any(alarm.code == _LATE and alarm.active for alarm in node.alarms.listed()):
        return None
    instance, me, electorate = replica.instance, node.config.node.name, replica.chain.electorate
    channels = {peer["peer"]: peer for peer in peers}
    patience_s = _SILENT_EPOCHS * node.config.node.epoch_s
    away = {name: _away(channels.get(name), patience_s) for name in electorate.names if name != me}
    last = node.epochs.outcomes[-1] if node.epochs.outcomes else None
    if instance is None:
        epoch, parts = _NOT_BEGUN, {name: _NOTHING | {"why": away.get(name, "")} for name in electorate.names}
    else:
        found = _Parts(instance, me, node.application.book.policy)
        epoch, parts = found.epoch(), {name: found.of(name, away.get(name, "")) for name in electorate.names}
    return {
        "since_s": None if last is None else round(node.clock.monotonic() - last.ended_at, 3),
        "reports_needed": electorate.enough_reports,
        **epoch,
        "members": [
            {
                "node": name,
                "weight": electorate.weights[name],
                "silent_s": channels[name]["silent_s"] if name in channels else None,
                **part,
            }
            for name, part in parts.items()
        ],
    }


class _Parts:
    """What each member has done in the epoch under way, as far as this node has heard.

    Args:
        instance: the epoch.
        me: this node.
        policy: identity of that in force.
    """

    def __init__(self, instance: Instance, me: str, policy: str) -> None:
        self._instance = instance
        self._me = me
        self._policy = policy
        self._phase, self._weight = _lacking_votes(instance)

    def epoch(self) -> Json:
        """How far all of them have come."""
        instance = self._instance
        return {
            "begun": True,
            "reports": len(instance.gathering.countable()),
            "proposed": _proposed(instance),
            "phase": self._phase,
            "weight": self._weight,
            "decided": bool(instance.decided),
            "reason": instance.proposals.failure,
        }

    def of(self, name: str, away: str) -> Json:
        """One member.

        Args:
            name: of the member.
            away: why it cannot be heard, "" when it can.
        """
        instance, words, runs = self._instance, self._instance.notes.of(name), self._runs(name)
        return {
            "report": runs is not None,
            "certified": name in instance.gathering.certified,
            "policy": runs,
            "round": words.round,
            "votes": sorted(words.votes) if words.round == instance.round else [],
            "why": self._own_reason() if name == self._me else away or self._reason(name, runs),
        }

    def _own_reason(self) -> str:
        """Why this node does not do its part."""
        instance = self._instance
        if instance.abstains:
            return "sits out: it may have given votes that its store does not know"
        if instance.proposals.failure:
            return f"cannot judge what is proposed: {instance.proposals.failure}"
        return self._lacking(self._me)

    def _reason(self, name: str, runs: str | None) -> str:
        """Why another member that can be heard may not do its part; the first cause that explains the others."""
        if runs is None:
            return "is heard, but its report is missing: it sits out, is in another epoch, or keeps it back"
        if runs != self._policy:
            return f"runs {runs[:_SHOWN]}, while {self._policy[:_SHOWN]} is in force; without that it cannot vote"
        return self._lacking(name)

    def _lacking(self, name: str) -> str:
        """What a member that can be heard still owes."""
        instance, words = self._instance, self._instance.notes.of(name)
        if instance.decided:
            return ""
        if words.round < instance.round:
            return f"is in round {words.round}, this node in round {instance.round}"
        if not _proposed(instance):
            return "leads the round, and has proposed nothing" if name == instance.leader else ""
        return "" if self._phase in words.votes else f"has not given vote {self._phase}"

    def _runs(self, name: str) -> str | None:
        """Policy that a member says it runs; None before its report."""
        found = self._instance.gathering.first.get(name)
        return None if found is None else NodeReport.from_json(self._instance.gathering.texts[found]).policy


def _away(peer: Mapping[str, Any] | None, patience_s: float) -> str:
    """Why a member cannot be heard; "" when it can."""
    if peer is None:
        return "is no peer of this node: the description of the network here lacks it"
    if peer["silent_s"] is None:
        return "was never heard since the start of this daemon"
    if peer["silent_s"] >= patience_s:
        return f"was last heard {peer['silent_s']:.0f} s ago"
    return "" if peer["in_step"] else "is heard, but has not answered the greeting of this daemon"


def _proposed(instance: Instance) -> bool:
    """Whether the leader of the round has proposed something, as far as this node has heard."""
    words = instance.notes.of(instance.leader)
    return words.round == instance.round and words.proposal is not None


def _lacking_votes(instance: Instance) -> tuple[int, int]:
    """The first vote without a strong quorum in this round, and the weight behind the value that most gave it."""
    electorate = instance.chain.electorate
    for phase in PHASES:
        weights: Counter[str] = Counter()
        for name in electorate.names:
            words = instance.notes.of(name)
            if words.round == instance.round and phase in words.votes:
                weights[words.votes[phase]] += electorate.weights[name]
        most = max(weights.values(), default=0)
        if most < electorate.strong_from:
            return phase, most
    return PHASES[-1], most
