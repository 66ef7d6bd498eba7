"""Whatever an honest node votes, proposes or decides follows from what was said before: no vote without a quorum."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.messages import Decided, Message, Proof, Proposal, RoundChange, Slot, Suggest, Vote, digest_of
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.value import Entry


@dataclass(slots=True)
class Words:
    """What honest nodes have said of one epoch.

    Attributes:
        votes: (round, phase, value) -> who gave it.
        wishes: node -> highest round.
        proposed: (round, value).
        proofs: round -> node -> its proof.
    """

    votes: dict[tuple[int, int, str], set[str]] = field(default_factory=dict)
    wishes: dict[str, int] = field(default_factory=dict)
    proposed: set[tuple[int, str]] = field(default_factory=set)
    proofs: dict[int, dict[str, Proof]] = field(default_factory=dict)


class Justification(Checker):
    """Looks for the quorum behind each word; liars may have said whatever was needed."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self._words: dict[int, Words] = {}
        self._decided: dict[int, str] = {}
        self._last: Message | None = None

    def said(self, host: Host, to: str, message: Message) -> None:
        """Find what it follows from."""
        del to
        if message is self._last or isinstance(message, Decided):
            return
        self._last = message
        if not isinstance(message, Vote | Proposal | Proof | Suggest | RoundChange):
            return
        assert host.replica is not None
        assert host.replica.instance is not None
        electorate = host.replica.instance.chain.electorate
        words = self._words.setdefault(message.epoch, Words())
        if isinstance(message, RoundChange):
            words.wishes[host.name] = max(message.round, words.wishes.get(host.name, 0))
            return
        if not self._may_enter(words, message.round, electorate):
            raise ViolationError("a round is entered with a strong quorum", host.name, str(message))
        if isinstance(message, Vote):
            self._vote(host, words, message, electorate)
        elif isinstance(message, Proposal):
            if electorate.leader(message.epoch, message.round) != host.name:
                raise ViolationError("the leader alone proposes", host.name, f"round {message.round}")
            words.proposed.add((message.round, digest_of(message.value)))
        elif isinstance(message, Proof):
            words.proofs.setdefault(message.round, {})[host.name] = message

    def committed(self, host: Host, entry: Entry) -> None:
        """Votes 4 of one round are behind a decision; the last of them may be the node's own, not sent yet."""
        epoch, electorate, value = entry.chain.epoch, entry.chain.electorate, entry.value.digest
        if self._decided.get(epoch) == value:
            return
        votes = self._words.setdefault(epoch, Words()).votes
        last = [nodes for (_, phase, voted), nodes in votes.items() if (phase, voted) == (4, value)]
        if not any(self._is_strong({*nodes, host.name}, electorate) for nodes in last or [set()]):
            raise ViolationError("a strong quorum decides", host.name, f"epoch {epoch}: {value}")
        self._decided[epoch] = value

    def _vote(self, host: Host, words: Words, vote: Vote, electorate: Electorate) -> None:
        slot = vote.round, vote.phase, vote.value
        if vote.phase > 1:
            before = words.votes.get((vote.round, vote.phase - 1, vote.value), set())
            if not self._is_strong(before, electorate):
                text = f"{vote}: {sorted(before)}"
                raise ViolationError("vote k + 1 follows a strong quorum of votes k", host.name, text)
        else:
            leader = electorate.leader(vote.epoch, vote.round)
            if leader not in self.scenario.liars and (vote.round, vote.value) not in words.proposed:
                raise ViolationError("vote 1 is for what the leader proposed", host.name, str(vote))
            proofs = words.proofs.get(vote.round, {})
            if not self._is_safe(proofs, vote, electorate):
                raise ViolationError("vote 1 is for what is safe", host.name, f"{vote}: {proofs}")
        words.votes.setdefault(slot, set()).add(host.name)

    def _is_strong(self, honest: set[str], electorate: Electorate) -> bool:
        return electorate.is_strong({*honest, *self.scenario.liars})

    def _may_enter(self, words: Words, turn: int, electorate: Electorate) -> bool:
        wishing = {node for node, wish in words.wishes.items() if wish >= turn}
        return (
            turn == 0
            or self._is_strong(wishing, electorate)
            or any(at == turn and self._is_strong(nodes, electorate) for (at, _, _), nodes in words.votes.items())
        )

    def _is_safe(self, proofs: Mapping[str, Proof], vote: Vote, electorate: Electorate) -> bool:
        """By the definition, round by round; a liar allows everything and claims everything."""
        unbound = {node for node, proof in proofs.items() if proof.last is None}
        if vote.round == 0 or self._is_strong(unbound, electorate):
            return True
        return any(self._is_safe_at(proofs, vote.value, at, electorate) for at in range(vote.round))

    def _is_safe_at(self, proofs: Mapping[str, Proof], value: str, at: int, electorate: Electorate) -> bool:
        allowing = {node for node, proof in proofs.items() if _allows(proof.last, value, at)}
        if not self._is_strong(allowing, electorate):
            return False
        values = {proof.highest.value for proof in proofs.values() if proof.highest is not None}
        claimants = {one: [node for node in proofs if _claims(proofs[node], one, at)] for one in {value, *values}}
        claimed = {one for one, nodes in claimants.items() if electorate.is_weak({*nodes, *self.scenario.liars})}
        return value in claimed or len(claimed) > 1


def _allows(last: Slot | None, value: str, at: int) -> bool:
    return last is None or last.round < at or last == Slot(at, value)


def _claims(proof: Proof, value: str, at: int) -> bool:
    if at == 0:
        return True
    votes = [slot for slot in (proof.highest, proof.other) if slot is not None and slot.round >= at]
    return len(votes) == 2 or (bool(votes) and votes[0] == proof.highest and votes[0].value == value)
