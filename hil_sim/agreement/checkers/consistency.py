"""An honest node never contradicts itself, crashes or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.messages import (
    Decided,
    Echo,
    InContext,
    Message,
    Proof,
    Proposal,
    Report,
    RoundChange,
    Slot,
    Suggest,
    Vote,
)


@dataclass(slots=True)
class Said:
    """Everything one node has said of one epoch.

    Attributes:
        once: slot -> what was said for it; another word for the same slot is a lie.
        votes: (phase, round) -> value.
        round: the highest.
        wish: the highest round wanted.
        echoed: (author, digest) pairs.
    """

    once: dict[tuple[object, ...], object] = field(default_factory=dict)
    votes: dict[tuple[int, int], str] = field(default_factory=dict)
    round: int = 0
    wish: int = 0
    echoed: set[tuple[str, str]] = field(default_factory=set)


class Consistency(Checker):
    """One report, one vote per phase and round, one proposal per round; rounds and echoes grow; proofs are true."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self._said: dict[str, dict[int, Said]] = {name: {} for name in scenario.names}
        self._last: Message | None = None

    def said(self, host: Host, to: str, message: Message) -> None:
        """Compare with all that was said before."""
        del to
        if message is self._last:
            return
        self._last = message
        if not isinstance(message, InContext | Decided):
            return
        said = self._said[host.name].setdefault(message.epoch, Said())
        if isinstance(message, InContext):
            self._once(host, said, ("context",), message.context)
        if isinstance(message, Report):
            self._once(host, said, ("report",), message.content)
        elif isinstance(message, Decided):
            self._once(host, said, ("decided",), message.value)
        elif isinstance(message, Echo):
            self._echo(host, said, message)
        elif isinstance(message, RoundChange):
            if message.round < said.wish:
                raise ViolationError("wishes rise", host.name, f"{said.wish}, then {message}")
            said.wish = message.round
        elif isinstance(message, Vote | Proposal | Proof | Suggest):
            self._in_round(host, said, message)

    def _once(self, host: Host, said: Said, slot: tuple[object, ...], word: object) -> None:
        known = said.once.setdefault(slot, word)
        if known != word:
            raise ViolationError("nothing is said in two ways", host.name, f"{slot}: {known}, then {word}")

    def _echo(self, host: Host, said: Said, message: Echo) -> None:
        echoed = {(author, found) for author, digests in message.seen for found in digests}
        if not said.echoed <= echoed:
            raise ViolationError("echoes only grow", host.name, f"without {said.echoed - echoed}")
        said.echoed = echoed

    def _in_round(self, host: Host, said: Said, message: Vote | Proposal | Proof | Suggest) -> None:
        if message.round < said.round:
            raise ViolationError("rounds rise", host.name, f"round {said.round}, then {message}")
        said.round = message.round
        if isinstance(message, Vote):
            self._once(host, said, ("vote", message.phase, message.round), message.value)
            said.votes[message.phase, message.round] = message.value
        elif isinstance(message, Proposal):
            self._once(host, said, ("proposal", message.round), message.value)
        else:
            past = message.highest, message.other, message.last
            self._once(host, said, (message.kind, message.round), past)
            early, late = (1, 4) if isinstance(message, Proof) else (2, 3)
            self._past(host, said.votes, early, message)
            self._least(host, _below(said.votes, late, message.round), message.last, message)

    def _past(self, host: Host, votes: Mapping[tuple[int, int], str], phase: int, message: Proof | Suggest) -> None:
        """A crash may lie between storing a vote and sending it: a past may tell more than was sent, never less."""
        given = _below(votes, phase, message.round)
        self._least(host, given, message.highest, message)
        if message.highest is not None:
            others = {turn: value for turn, value in given.items() if value != message.highest.value}
            self._least(host, others, message.other, message)

    def _least(self, host: Host, given: Mapping[int, str], told: Slot | None, message: Message) -> None:
        if not given:
            return
        turn = max(given)
        is_true = told is not None and (told.round > turn or (told.round == turn and told.value == given[turn]))
        if not is_true:
            raise ViolationError("proofs tell all that was voted", host.name, f"{message} after {dict(given)}")


def _below(votes: Mapping[tuple[int, int], str], phase: int, turn: int) -> dict[int, str]:
    return {at: value for (in_phase, at), value in votes.items() if in_phase == phase and at < turn}
