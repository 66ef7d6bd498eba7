"""Acts at one node, without I/O: what its operator wants, what it signs, what it checks, what it reports.

An act is filed at one node and decided, which gives it a number. Operators of k nodes approve it; each of those nodes
sends every verifier its partial tag under the key that the number selects. A verifier with k right ones reports so, and
the decision with which verifiers of a strong quorum have reported it puts the act into effect (see `act_book`).

Nothing is signed because it was decided: a decision only shows that a node asked. Approval belongs to the number, so an
old one never serves for the same act filed again.

The node that filed an act may withdraw it. Its own approval ends at once, and the act with the decision that has its
report: tags that are out cannot be called back, so what others hold is made worthless by agreement.
"""

from collections.abc import Mapping
from typing import TypeAlias

from qkdctl.abft.act_book import closes_at, misfit
from qkdctl.abft.act_messages import ActMessage, Confide, KeyShare, PartialTag, SharesWanted, Tell
from qkdctl.abft.act_signer import Signer
from qkdctl.abft.act_verifier import Verifier
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.records.act import Act, ActBook, ActReport, ActState, WithdrawAct
from qkdctl.secretsharing.shares import RandomBytes

Effect: TypeAlias = Persist | Tell | Confide | Alarm
_FILED, _APPROVED, _WITHDRAWN = "act-filed", "act-approved", "act-withdrawn"


class ActError(Exception):
    """An operator's wish that cannot be met; the message says why."""


class Acts:
    """Everything that one node does about acts. Effects are executed in order, each `Persist` durably before the next.

    When a write fails for good, nothing after it may be done, and this object is worthless: it takes for stored what is
    not. Begin again from the store, with `decided`.

    Args:
        me: the node.
        network: its network.
        book: after the last decision in the ledger.
        stored: what was persisted.
        random: uniformly random bytes, for keys.
    """

    def __init__(self, me: str, network: str, book: ActBook, stored: Mapping[str, str], random: RandomBytes) -> None:
        self._me = me
        self._book = book
        self._signer = Signer(me, network, stored)
        self._verifier = Verifier(me, network, stored, random)
        self._filed = _acts(stored.get(_FILED))
        wishes = [key.partition("/") for key in stored]
        self._approved = {int(number) for kind, _, number in wishes if kind == _APPROVED}
        self._withdrawn = {act for kind, _, act in wishes if kind == _WITHDRAWN}

    def decided(self, book: ActBook) -> list[Effect]:
        """After every decision, and once at the start with the last one: what is unfinished is taken up or repeated."""
        self._book = book
        effects = self._follow_wishes()
        effects += self._signer.follow(book)
        effects += self._verifier.follow(book)
        return self._to_others(effects) + self._answers()

    def received(self, sender: str, message: ActMessage) -> list[Effect]:
        """A message whose sender is beyond doubt and, for shares, that nobody else could read."""
        match message:
            case KeyShare():
                effects: list[Effect] = [*self._signer.take_share(sender, message, self._book)]
            case SharesWanted():
                effects = [*self._verifier.serve(sender, message, self._book)]
            case PartialTag():
                effects = [*self._verifier.take_tag(sender, message)]
        return self._to_others(effects)

    def file(self, act: Act) -> list[Effect]:
        """The operator of this node wants an act, and approves it once it is open.

        Raises:
            ActError: it would change nothing or to nothing that can be, or another act of this node is under way.
        """
        if self._me not in self._book.members:
            raise ActError(f"{self._me} is no member of the network, so it cannot file acts")
        if self._filed or self._book.of_filer(self._me):
            raise ActError(self._busy())
        if reason := misfit(act, self._book):
            raise ActError(f"{act.kind} does not fit: {reason} (members: {', '.join(self._book.members)})")
        self._filed = (act,)
        writes: dict[str, str | None] = {_FILED: ActReport(filed=self._filed).canonical().decode("ascii")}
        if act.digest() in self._withdrawn:
            self._withdrawn.remove(act.digest())
            writes[f"{_WITHDRAWN}/{act.digest()}"] = None
        return [Persist(writes)]

    def withdraw(self) -> list[Effect]:
        """The operator of this node no longer wants the act that was filed here, with a number or without one yet.

        Raises:
            ActError: no act of this node is under way, or it is withdrawn already.
        """
        state = self._book.of_filer(self._me)
        if not self._filed and state is None:
            raise ActError("no act of this node is under way; only the node that filed an act can withdraw it")
        writes: dict[str, str | None] = {_FILED: None}
        gone = [act.digest() for act in self._filed]
        if state is not None and not gone:
            if state.withdrawn or self._wants_back(state):
                raise ActError(self._busy())
            self._approved.discard(state.number)
            writes[f"{_APPROVED}/{state.number}"] = None
            gone = [state.act.digest()]
        # A report that is on its way may still open what has no number yet, so it is not enough to forget it.
        self._filed = ()
        self._withdrawn.update(gone)
        return [Persist(writes | {f"{_WITHDRAWN}/{act}": "" for act in gone})]

    def approve(self, number: int) -> list[Effect]:
        """The operator of this node stands by an open act.

        Raises:
            ActError: no such act is open, or it was withdrawn.
        """
        if number not in self._book.by_number:
            raise ActError(f"act {number} is not open")
        state = self._book.by_number[number]
        if state.withdrawn or self._wants_back(state):
            raise ActError(f"act {number} was withdrawn by {state.filer}, who filed it; whoever wants it files it anew")
        if self._me not in self._book.members:
            raise ActError(f"{self._me} is no member of the network, so nothing depends on its word")
        self._approved.add(number)
        return [Persist({f"{_APPROVED}/{number}": ""}), *self._answers()]

    def report(self) -> ActReport:
        """For the next report of this node."""
        state = self._book.of_filer(self._me)
        back = (WithdrawAct(number=state.number),) if state is not None and self._wants_back(state) else ()
        return ActReport(filed=back or self._filed, findings=self._verifier.findings())

    def filed(self) -> tuple[Act, ...]:
        """What the operator of this node wants and has no number yet; at most one."""
        return self._filed

    def under_way(self) -> tuple[Act, int | None] | None:
        """The act of this node that is not closed, with its number, None as long as it has none."""
        state = self._book.of_filer(self._me)
        if self._filed:
            return self._filed[0], None
        return None if state is None else (state.act, state.number)

    def withdrawn(self) -> frozenset[int]:
        """Open acts that are withdrawn, those of this node also before it is decided."""
        return frozenset(n for n, state in self._book.by_number.items() if state.withdrawn or self._wants_back(state))

    def approved(self) -> frozenset[int]:
        """Open acts that the operator of this node stands by."""
        return frozenset(self._approved)

    def _follow_wishes(self) -> list[Effect]:
        writes: dict[str, str | None] = {}
        effects: list[Effect] = []
        standing = self._book.standing
        for number in self._approved - standing.keys():
            writes[f"{_APPROVED}/{number}"] = None
        self._approved &= standing.keys()
        mine = self._book.of_filer(self._me)
        if mine is not None and mine.withdrawn and (gone := mine.act.digest()) in self._withdrawn:
            self._withdrawn.remove(gone)
            writes[f"{_WITHDRAWN}/{gone}"] = None
        for act in self._filed:
            numbers = [state.number for state in standing.values() if state.act == act]
            reason = misfit(act, self._book)
            if numbers or reason:
                self._filed = ()
                self._approved |= set(numbers)
                writes |= {_FILED: None} | {f"{_APPROVED}/{number}": "" for number in numbers}
            if not numbers and not self._filed:
                said = f"{act.kind} does not fit any more and was dropped: {reason}"
                effects.append(Alarm("act-obsolete", self._me, said))
        return [Persist(writes), *effects] if writes else effects

    def _answers(self) -> list[Effect]:
        effects: list[Effect] = []
        for number, state in self._book.standing.items():
            if number in self._approved:
                effects += self._signer.answer(state, self._book)
        return self._to_others(effects)

    def _wants_back(self, state: ActState) -> bool:
        """Whether an open act of this node is to be withdrawn by its next report that counts."""
        return state.filer == self._me and not state.withdrawn and state.act.digest() in self._withdrawn

    def _busy(self) -> str:
        """Why no other act can be filed now."""
        state = self._book.of_filer(self._me)
        advice = "a node has one at a time, so wait until it is closed, or withdraw it"
        if state is None:
            return f"an act of this node is under way; {advice}"
        if state.withdrawn:
            until = closes_at(state, self._book)
            return (
                f"act {state.number} of this node was withdrawn and keeps its place until epoch {until}; "
                "another node can file at once"
            )
        if self._wants_back(state):
            return f"act {state.number} of this node is being withdrawn; it ends with a decision that has its report"
        return f"act {state.number} of this node is under way; {advice}"

    def _to_others(self, effects: list[Effect]) -> list[Effect]:
        """The same, with messages to this node itself handled at once."""
        done: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Tell | Confide) and effect.to == self._me:
                done += self.received(self._me, effect.message)
            else:
                done.append(effect)
        return done


def _acts(text: str | None) -> tuple[Act, ...]:
    filed = ActReport.from_json(text).filed if text else ()
    return tuple(act for act in filed if not isinstance(act, WithdrawAct))
