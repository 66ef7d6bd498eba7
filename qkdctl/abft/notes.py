"""What the members have said of their highest round: nothing older is kept, so that nobody can fill the memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from qkdctl.abft.ballots import PHASES
from qkdctl.abft.messages import Proof, Proposal, RoundChange, Slot, Suggest, Vote
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.safety import Past
from qkdctl.abft.tally import Tally

OfRound = Proposal | Vote | Proof | Suggest


@dataclass(slots=True)
class Words:
    """The words of one node.

    Attributes:
        round: the highest it spoke of.
        proposal: text of its proposal in that round.
        votes: phase -> value in that round.
        for_voters, for_leader: its past below that round.
        wish: the highest round it wants to enter, 0 when none.
    """

    round: int = 0
    proposal: str | None = None
    votes: dict[int, str] = field(default_factory=dict)
    for_voters: Past | None = None
    for_leader: Past | None = None
    wish: int = 0


class Notes:
    """The words of all members of an epoch, and the weight behind each vote.

    Attributes:
        contradicting: members that said two different things for one slot; the first counts.
        quorums: how often a vote found a strong quorum; it only grows.
    """

    def __init__(self, electorate: Electorate) -> None:
        self.contradicting: set[str] = set()
        self.quorums = 0
        self._words = {name: Words() for name in electorate.names}
        self._votes: Tally[tuple[int, int, str]] = Tally(electorate)
        self._strong: dict[int, dict[Slot, None]] = {phase: {} for phase in PHASES}
        self._electorate = electorate
        self._highest_wish = 0

    def of(self, node: str) -> Words:
        """The words of a member."""
        return self._words[node]

    def take(self, sender: str, message: OfRound) -> bool:
        """Note a message; True when it is news."""
        if message.round < self._words[sender].round:
            return False
        self.move(sender, message.round)
        words = self._words[sender]
        if isinstance(message, Vote):
            return self.vote(sender, message.phase, message.value)
        if isinstance(message, Proposal):
            return self._propose(sender, message.value)
        past = Past.told_by(message)
        if past is None:
            return False
        if isinstance(message, Proof):
            news, words.for_voters = words.for_voters is None, words.for_voters or past
        else:
            news, words.for_leader = words.for_leader is None, words.for_leader or past
        return news

    def take_wish(self, sender: str, message: RoundChange) -> bool:
        """Note which round a member wants to enter; True when it is news."""
        words = self._words[sender]
        news = message.round > words.wish
        words.wish = max(words.wish, message.round)
        self._highest_wish = max(self._highest_wish, words.wish)
        return news

    def move(self, node: str, turn: int) -> None:
        """A member is in this round; what it said of an earlier one is forgotten."""
        words = self._words[node]
        if turn == words.round:
            return
        for phase, value in words.votes.items():
            subject = (words.round, phase, value)
            self._votes.remove(subject, node)
            if not self._votes.is_strong(subject):
                self._strong[phase].pop(Slot(words.round, value), None)
        self._words[node] = Words(round=turn, wish=words.wish)

    def vote(self, node: str, phase: int, value: str) -> bool:
        """Note a vote in the member's round; True when it is news."""
        words = self._words[node]
        if phase in words.votes:
            if words.votes[phase] != value:
                self.contradicting.add(node)
            return False
        words.votes[phase] = value
        subject = (words.round, phase, value)
        self._votes.add(subject, node)
        if self._votes.is_strong(subject):
            self._strong[phase][Slot(words.round, value)] = None
            self.quorums += 1
        return True

    def strong_votes(self, phase: int, least_round: int) -> list[Slot]:
        """What a strong quorum voted for in a phase, in rounds from `least_round` on, latest first."""
        found = [slot for slot in self._strong[phase] if slot.round >= least_round]
        return sorted(found, key=lambda slot: slot.round, reverse=True)

    def weakly_wished(self, above: int) -> int:
        """The highest round that a weak quorum wants to enter, if it is above a round; 0 otherwise."""
        return self._wished(above, self._electorate.is_weak)

    def strongly_wished(self, above: int) -> int:
        """The same of a strong quorum."""
        return self._wished(above, self._electorate.is_strong)

    def pasts_for_voters(self, turn: int) -> dict[str, Past]:
        """Proofs for a round, by sender."""
        words = ((node, said) for node, said in self._words.items() if said.round == turn)
        return {node: said.for_voters for node, said in words if said.for_voters is not None}

    def pasts_for_leader(self, turn: int) -> dict[str, Past]:
        """Suggestions for a round, by sender."""
        words = ((node, said) for node, said in self._words.items() if said.round == turn)
        return {node: said.for_leader for node, said in words if said.for_leader is not None}

    def _propose(self, sender: str, text: str) -> bool:
        words = self._words[sender]
        if words.proposal is not None:
            if words.proposal != text:
                self.contradicting.add(sender)
            return False
        words.proposal = text
        return True

    def _wished(self, above: int, is_enough: Callable[[list[str]], bool]) -> int:
        """A wish for a higher round counts for all lower ones."""
        if self._highest_wish <= above:
            return 0
        wishes = sorted({words.wish for words in self._words.values() if words.wish > above}, reverse=True)
        for wish in wishes:
            if is_enough([node for node, words in self._words.items() if words.wish >= wish]):
                return wish
        return 0
