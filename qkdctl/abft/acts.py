"""Acts at one node, without I/O: what its operator wants, what it signs, what it checks, what it reports.

An act is filed at one node and decided, which gives it a number. Operators of k nodes approve it; each of those nodes
sends every verifier its partial tag under the key that the number selects. A verifier with k right ones reports so, and
the decision with which verifiers of a strong quorum have reported it puts the act into effect (see `act_book`).

Nothing is signed because it was decided: a decision only shows that a node asked. Approval belongs to the number, so an
old one never serves for the same act filed again.
"""

from collections.abc import Mapping
from typing import TypeAlias

from qkdctl.abft.act_book import misfit
from qkdctl.abft.act_messages import ActMessage, Confide, KeyShare, PartialTag, SharesWanted, Tell
from qkdctl.abft.act_signer import Signer
from qkdctl.abft.act_verifier import Verifier
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.records.act import Act, ActBook, ActReport
from qkdctl.secretsharing.shares import RandomBytes

Effect: TypeAlias = Persist | Tell | Confide | Alarm
_FILED, _APPROVED = "act-filed", "act-approved"


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
        filed = stored.get(_FILED)
        self._filed = ActReport.from_json(filed).filed if filed else ()
        approved = (key.partition("/") for key in stored)
        self._approved = {int(number) for kind, _, number in approved if kind == _APPROVED}

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
        if self._filed or any(state.filer == self._me for state in self._book.open):
            raise ActError("an act of this node is under way; a node has one at a time, so wait until it is closed")
        if reason := misfit(act, self._book):
            raise ActError(f"{act.kind} does not fit: {reason} (members: {', '.join(self._book.members)})")
        self._filed = (act,)
        return [Persist({_FILED: ActReport(filed=self._filed).canonical().decode("ascii")})]

    def approve(self, number: int) -> list[Effect]:
        """The operator of this node stands by an open act.

        Raises:
            ActError: no such act is open.
        """
        if number not in self._book.by_number:
            raise ActError(f"act {number} is not open")
        if self._me not in self._book.members:
            raise ActError(f"{self._me} is no member of the network, so nothing depends on its word")
        self._approved.add(number)
        return [Persist({f"{_APPROVED}/{number}": ""}), *self._answers()]

    def report(self) -> ActReport:
        """For the next report of this node."""
        return ActReport(filed=self._filed, findings=self._verifier.findings())

    def approved(self) -> frozenset[int]:
        """Open acts that the operator of this node stands by."""
        return frozenset(self._approved)

    def _follow_wishes(self) -> list[Effect]:
        writes: dict[str, str | None] = {}
        effects: list[Effect] = []
        for number in self._approved - self._book.by_number.keys():
            writes[f"{_APPROVED}/{number}"] = None
        self._approved &= self._book.by_number.keys()
        for act in self._filed:
            numbers = [state.number for state in self._book.open if state.act == act]
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
        for state in self._book.open:
            if state.number in self._approved:
                effects += self._signer.answer(state, self._book)
        return self._to_others(effects)

    def _to_others(self, effects: list[Effect]) -> list[Effect]:
        """The same, with messages to this node itself handled at once."""
        done: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Tell | Confide) and effect.to == self._me:
                done += self.received(self._me, effect.message)
            else:
                done.append(effect)
        return done
