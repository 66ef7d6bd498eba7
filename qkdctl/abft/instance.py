"""One decision: reports, echoes, rounds and votes of a single epoch at a single replica (TetraBFT, weighed)."""

from collections.abc import Callable, Mapping
from typing import Any

from qkdctl.abft.ballots import Ballots
from qkdctl.abft.chain import Chain
from qkdctl.abft.gathering import Gathering
from qkdctl.abft.messages import (
    Echo,
    Here,
    InContext,
    Message,
    Proof,
    Proposal,
    Report,
    RoundChange,
    Suggest,
    Vote,
    digest_of,
)
from qkdctl.abft.notes import Notes
from qkdctl.abft.proposals import Proposals
from qkdctl.abft.safety import is_safe_to_propose, is_safe_to_vote
from qkdctl.abft.timing import Timing
from qkdctl.abft.value import Application

_PROPOSAL_SHARE = 0.25
_OF_ROUND = (Vote, Proposal, Proof, Suggest)
_QUIET = (Vote, Echo, Here)
Statement = tuple[str | None, Message]


class Instance:
    """Decides one epoch. All waiting is for messages or for `wake_at`; `advance` does whatever can be done now.

    Args:
        me: this replica.
        chain: the epoch, its electorate and the decision before.
        timing: patience.
        application: judges reports and computes what follows from them.
        began_at: monotonic time at which the epoch began.
        strain: see `Timing`.
        abstains: follow, but say and vote nothing (no member, or a store that may be older than what was said).

    Attributes:
        round: the present round.
        decided: digest of the decision, "" before.
        decided_round: round of that decision; of a decision learnt from others, the present one.
        late: members whose report had not arrived at the deadline.
    """

    def __init__(
        self,
        me: str,
        chain: Chain,
        timing: Timing,
        application: Application,
        *,
        began_at: float,
        strain: int,
        abstains: bool,
    ) -> None:
        self.chain = chain
        self.abstains = abstains or me not in chain.electorate.weights
        self.round = 0
        self.decided = ""
        self.decided_round = 0
        self.late: tuple[str, ...] = ()
        self.gathering = Gathering(
            me, chain.electorate, lambda author, text: application.admissible(chain.epoch, author, text)
        )
        self.proposals = Proposals(chain, application, self.gathering)
        self.ballots = Ballots()
        self.notes = Notes(chain.electorate)
        self._me = me
        self._timing = timing
        self._strain = strain
        self._report_deadline = began_at + timing.report_s
        self._round_deadline = self._report_deadline + timing.of_round(0, strain)
        self._propose_late_at = self._report_deadline + _PROPOSAL_SHARE * timing.of_round(0, strain)
        self._publishes = False
        self._waited_for_all = False
        self._wish = 0
        self._proposal: str | None = None
        self._holds_decided = False
        self._is_settled = False

    @property
    def leader(self) -> str:
        """Of the present round."""
        return self.chain.electorate.leader(self.chain.epoch, self.round)

    @property
    def version(self) -> tuple[object, ...]:
        """Changes with everything that must be stored, and with everything that is to be said."""
        return (
            self.chain.epoch,
            self.round,
            self._wish,
            self._publishes and self.gathering.echoed,
            self._me in self.gathering.first,
            self.ballots.cast_count,
            self._proposal is not None,
            self.decided,
            self.decided and self.decided in self.proposals.texts and len(self.gathering.texts),
        )

    def take(self, sender: str, message: InContext) -> bool:
        """Note a message of this epoch and context from a member; True when it is news."""
        before = self.notes.quorums, self.gathering.progress
        news = self._note(sender, message)
        # Most messages are votes and echoes that make no quorum, and nothing can follow from them.
        is_quiet = isinstance(message, _QUIET) and before == (self.notes.quorums, self.gathering.progress)
        self._is_settled = self._is_settled and is_quiet
        return news

    def report(self, text: str) -> None:
        """The own report of this epoch; the first one stays."""
        self._is_settled = False
        self.gathering.take_report(self._me, text)

    def advance(self, now: float) -> None:
        """Do whatever can be done."""
        self._watch_clock(now)
        if self._is_settled:
            return
        steps: tuple[Callable[[float], bool], ...] = (self._decide,)
        if not self.abstains:
            steps = (self._enter, self._join, self._vote_on, self._propose, self._vote_first, self._decide)
        while any(step(now) for step in steps):
            pass
        self._is_settled = True

    def reconsider(self) -> None:
        """The application may be able to judge by now what it could not judge before."""
        self._is_settled = False
        self.proposals.reconsider()

    def conclude(self, value: str) -> None:
        """The decision is known from others."""
        self._is_settled = False
        self.decided, self.decided_round = value, self.round

    def statements(self) -> list[Statement]:
        """Everything that others need to hear of this replica now, as (receiver or None for all, message)."""
        if self.abstains:
            return []
        said: list[Statement] = []
        epoch, context = self.chain.epoch, self.chain.context
        if own := self.gathering.first.get(self._me):
            said.append((None, Report(epoch, context, self.gathering.texts[own])))
        if self._publishes and self.gathering.echoed:
            said.append((None, Echo(epoch, context, self.gathering.own_echoes())))
        if self._wish:
            said.append((None, RoundChange(epoch, context, self._wish)))
        if self.round:
            voter, leader = self.ballots.for_voters, self.ballots.for_leader
            said.append((None, Proof(epoch, context, self.round, voter.highest, voter.other, voter.last)))
            suggest = Suggest(epoch, context, self.round, leader.highest, leader.other, leader.last)
            said.append((self.leader, suggest))
        if self._proposal is not None:
            said.append((None, Proposal(epoch, context, self.round, self._proposal)))
        said += [(None, Vote(epoch, context, self.round, *given)) for given in self.ballots.given(self.round)]
        return said

    def wake_at(self) -> float:
        """When something happens even if no message comes."""
        if self.abstains:
            return float("inf")
        times = [self._round_deadline] if self._wish <= self.round else []
        if not self._publishes:
            times.append(self._report_deadline)
        if self.round == 0 and self.leader == self._me and not self._waited_for_all:
            times.append(self._propose_late_at)
        return min(times, default=float("inf"))

    def wanted(self) -> dict[str, set[str]]:
        """Digests of texts that this replica cannot go on without, with the members that should have them."""
        wanted = {found: self.gathering.holders(author, found) for author, found in self.gathering.lacking()}
        indispensable = [*self._lacking_values(), *self._lacking_reports()]
        if indispensable:
            everybody = set(self.chain.electorate.names)
            wanted |= dict.fromkeys(indispensable, everybody)
        return wanted

    def take_text(self, text: str) -> None:
        """A report or a value that was wanted."""
        self._is_settled = False
        found = digest_of(text)
        if found in self._lacking_values():
            self.proposals.texts[found] = text
        elif found in self.wanted():
            self.gathering.hold(found, text)

    def text(self, found: str) -> str | None:
        """A report or value of this epoch."""
        return self.gathering.texts.get(found) or self.proposals.texts.get(found)

    def to_plain(self) -> dict[str, Any]:
        """What must survive a crash, apart from texts."""
        return {
            "chain": self.chain.to_plain(),
            "round": self.round,
            "wish": self._wish,
            "publishes": int(self._publishes),
            "ballots": self.ballots.to_plain(),
            "own": self.gathering.first.get(self._me, ""),
            "held": sorted(self.gathering.texts),
            "echoes": [[author, list(found)] for author, found in self.gathering.own_echoes()],
            "proposal": "" if self._proposal is None else digest_of(self._proposal),
            "decided": self.decided,
        }

    def restore(self, plain: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """Go on where a crash interrupted; timers begin anew."""
        self._is_settled = False
        if own := plain["own"]:
            self.gathering.take_report(self._me, texts[own])
        echoes = tuple((author, tuple(found)) for author, found in plain["echoes"])
        self.gathering.restore(echoes, {found: texts[found] for found in plain["held"]})
        self.proposals.texts.update(texts)
        self.ballots = Ballots.from_plain(plain["ballots"])
        self.round, self._wish, self.decided = plain["round"], plain["wish"], plain["decided"]
        self._publishes = bool(plain["publishes"])
        self._proposal = texts.get(plain["proposal"])
        if not self.abstains:
            self._speak_to_myself()

    def texts_to_keep(self) -> dict[str, str]:
        """Reports that were echoed, and values that were voted for, proposed or decided: others may need them."""
        digests = {*self._voted_for(), self.decided}
        keep = dict(self.gathering.texts)
        keep |= {found: text for found, text in self.proposals.texts.items() if found in digests}
        return keep if self._proposal is None else {**keep, digest_of(self._proposal): self._proposal}

    def _note(self, sender: str, message: InContext) -> bool:
        if isinstance(message, _OF_ROUND):
            return self.notes.take(sender, message)
        if isinstance(message, Report):
            return self.gathering.take_report(sender, message.content)
        if isinstance(message, Echo):
            return self.gathering.take_echoes(sender, message.seen)
        return isinstance(message, RoundChange) and self.notes.take_wish(sender, message)

    def _watch_clock(self, now: float) -> None:
        if not self._publishes and (self.gathering.is_complete or now >= self._report_deadline):
            self.late = tuple(name for name in self.chain.electorate.names if name not in self.gathering.first)
            self._publishes = True
        if not self._waited_for_all and now >= self._propose_late_at:
            self._waited_for_all, self._is_settled = True, False
        if now >= self._round_deadline and self._wish <= self.round and not self.abstains:
            self._want(self.round + 1)

    def _want(self, turn: int) -> None:
        self._wish, self._is_settled = turn, False
        self.notes.take_wish(self._me, RoundChange(self.chain.epoch, self.chain.context, turn))

    def _join(self, _: float) -> bool:
        """Others cannot go on: want what a weak quorum wants."""
        wish = self.notes.weakly_wished(max(self._wish, self.round))
        if wish:
            self._want(wish)
        return wish > 0

    def _enter(self, now: float) -> bool:
        """A strong quorum wants a later round."""
        turn = self.notes.strongly_wished(self.round)
        if turn:
            self._begin_round(turn, now)
        return turn > 0

    def _begin_round(self, turn: int, now: float) -> None:
        self.round, self._proposal = turn, None
        self._round_deadline = now + self._timing.of_round(turn, self._strain)
        self.ballots.enter()
        self.proposals.forget_all_but({*self._voted_for(), self.decided})
        self._speak_to_myself()

    def _speak_to_myself(self) -> None:
        """The own words count like those of others."""
        self.notes.move(self._me, self.round)
        for target, message in self.statements():
            if isinstance(message, Vote | Proposal | Proof | Suggest) and target in (None, self._me):
                self.notes.take(self._me, message)
        if self._wish:
            self._want(self._wish)

    def _voted_for(self) -> set[str]:
        return {slot.value for slots in (self.ballots.highest, self.ballots.other) for slot in slots.values()}

    def _vote_on(self, now: float) -> bool:
        """Vote k + 1 where a strong quorum gave vote k, in this round or a later one."""
        for phase in (3, 2, 1):
            for slot in self.notes.strong_votes(phase, self.round):
                if self.ballots.has_voted(phase + 1, slot.round):
                    continue
                if slot.round > self.round:
                    self._begin_round(slot.round, now)
                self._cast(phase + 1, slot.value)
                return True
        return False

    def _cast(self, phase: int, value: str) -> None:
        self.ballots.cast(phase, self.round, value)
        self.notes.vote(self._me, phase, value)

    def _vote_first(self, _: float) -> bool:
        """Vote 1 for the leader's proposal, when it is safe and valid."""
        words = self.notes.of(self.leader)
        if words.round != self.round or words.proposal is None or self.ballots.has_voted(1, self.round):
            return False
        value = digest_of(words.proposal)
        pasts = self.notes.pasts_for_voters(self.round)
        if not is_safe_to_vote(pasts, value, self.round, self.chain.electorate):
            return False
        if not self._is_valid(words.proposal):
            return False
        self._cast(1, value)
        return True

    def _is_valid(self, text: str) -> bool:
        """Once decided, only the decision is: the application may stand at the next epoch, and judges this no more."""
        return digest_of(text) == self.decided if self.decided else self.proposals.is_valid(text)

    def _propose(self, _: float) -> bool:
        if self.leader != self._me or self._proposal is not None:
            return False
        text = self._text_to_propose()
        if text is None:
            return False
        self._proposal = text
        self.proposals.texts[digest_of(text)] = text
        self._speak_to_myself()
        return True

    def _text_to_propose(self) -> str | None:
        """The fresh value if it is safe, else one from the past that is safe and valid; once decided, the decision."""
        if self.decided:
            return self.proposals.texts.get(self.decided)
        fresh = self.proposals.fresh(everybody=self.round == 0 and not self._waited_for_all)
        if self.round == 0:
            return fresh
        pasts = self.notes.pasts_for_leader(self.round)
        candidates = [] if fresh is None else [fresh]
        candidates += [self.proposals.texts[value] for value in self._suggested() if value in self.proposals.texts]
        for text in candidates:
            is_safe = is_safe_to_propose(pasts, digest_of(text), self.round, self.chain.electorate)
            if is_safe and self.proposals.is_valid(text):
                return text
        return None

    def _suggested(self) -> list[str]:
        """Values that others voted for in earlier rounds."""
        pasts = self.notes.pasts_for_leader(self.round).values()
        slots = (slot for past in pasts for slot in (past.highest, past.other) if slot is not None)
        return sorted({slot.value for slot in slots})

    def _lacking_values(self) -> set[str]:
        wanted = {self.decided} if self.decided else set()
        if self.round and self.leader == self._me and self._proposal is None:
            wanted |= set(self._suggested())
        return wanted - self.proposals.texts.keys()

    def _lacking_reports(self) -> list[str]:
        """What the decision counts and this replica does not hold."""
        if not self.decided or self._holds_decided or (value := self.proposals.parsed(self.decided)) is None:
            return []
        lacking = [found for _, found in value.reports if found not in self.gathering.texts]
        self._holds_decided = not lacking
        return lacking

    def _decide(self, _: float) -> bool:
        if self.decided:
            return False
        for slot in self.notes.strong_votes(4, 0):
            self.decided, self.decided_round = slot.value, slot.round
            return True
        return False
