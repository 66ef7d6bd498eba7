"""Everything that can be checked of a ledger, in one walk from its first entry to its last."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qkdctl.audit.decisions import DecisionChecker
from qkdctl.audit.recomputation import Recomputation
from qkdctl.audit.recorded import Recorded
from qkdctl.network.description import NetworkDescription
from qkdctl.policy.proposal import Policy
from qkdctl.store.chain import Break, ChainChecker, Entry
from qkdctl.store.errors import DamagedEntryError


@dataclass(slots=True)
class Verification:
    """What was found.

    Attributes:
        broken: the first thing that is wrong; None when nothing is.
        is_damaged: that is the record itself, which was cut off, garbled or changed, and not what was decided.
        where: it stands: file and line of an export; "" for other ledgers.
        entries: number of entries that hold.
        last: the last of them.
        decisions: of them, that the chain of decisions goes through; the epochs are 1 to this number.
        reports: that are kept and have the digest that was decided.
        recomputed: decisions that follow from their reports.
        plans: of those, whose plan was computed too.
        unchecked: what could not be checked and why, one sentence each.
        seen: sound entries whose hash begins with the digits that had to be there; 0 when none were asked for.
    """

    broken: Break | None = None
    is_damaged: bool = False
    where: str = ""
    entries: int = 0
    last: Entry | None = None
    decisions: int = 0
    reports: int = 0
    recomputed: int = 0
    plans: int = 0
    unchecked: list[str] = field(default_factory=list)
    seen: int = 0

    def to_plain(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "entries": self.entries,
            "ledger": None if self.last is None else {"sequence": self.last.sequence, "head": self.last.hash},
            "decisions": self.decisions,
            "reports": self.reports,
            "recomputed": self.recomputed,
            "plans": self.plans,
            "unchecked": self.unchecked,
        }


def verify_ledger(
    records: Iterable[Recorded],
    description: NetworkDescription | None,
    policies: Iterable[Policy] = (),
    contains: str = "",
) -> Verification:
    """Walk a ledger.

    Args:
        records: all of it.
        description: of the network, for what follows from reports; without one that is not checked.
        policies: at hand, beside the baselines.
        contains: hash of an entry that must be there, or its first digits; "" for none.

    Raises:
        StoreError: there is no ledger. What is damaged in one is reported.
    """
    return _Walk(description, {policy.identity: policy for policy in policies}, contains).over(records)


class _Walk:
    def __init__(self, description: NetworkDescription | None, policies: dict[str, Policy], contains: str) -> None:
        self._found = Verification()
        self._contains = contains
        self._entries = ChainChecker()
        self._decisions = DecisionChecker(None if description is None else description.chain())
        self._again = None if description is None else Recomputation(description.terms(), policies)

    def over(self, records: Iterable[Recorded]) -> Verification:
        found = self._found
        try:
            for recorded in records:
                found.broken = self._check(recorded)
                if found.broken is not None:
                    found.where = recorded.where
                    break
        except DamagedEntryError as error:
            found.is_damaged = True
            found.broken, found.where = Break(self._entries.expected_sequence, error.reason), error.where
        if found.broken is None and self._entries.expected_sequence == 0:
            found.broken = Break(0, "there is no genesis entry")
        found.decisions, found.reports = self._decisions.decided, self._decisions.reports
        if self._again is not None:
            found.recomputed, found.plans = self._again.followed, self._again.planned
        found.unchecked = list(self._unchecked())
        return found

    def _check(self, recorded: Recorded) -> Break | None:
        broken = self._entries.check(recorded.entry)
        self._found.is_damaged = broken is not None
        if broken is None and recorded.entry.kind == "decision":
            broken = self._decisions.check(recorded)
            if broken is None and self._again is not None and self._decisions.last is not None:
                broken = self._again.check(recorded)
        if broken is None:
            self._found.entries += 1
            self._found.last = recorded.entry
            self._found.seen += bool(self._contains) and recorded.entry.hash.startswith(self._contains)
        return broken

    def _unchecked(self) -> Iterator[str]:
        checker, again = self._decisions, self._again
        if checker.older:
            yield f"{checker.older} decisions of an earlier version, which stand alone"
        if checker.missing:
            yield f"{checker.missing} reports of which only the digest is here: they are not kept, or were not exported"
        if checker.last is None:
            return
        if again is None:
            alone = checker.last[0].electorate.names if len(checker.last[0].electorate.members) == 1 else ()
            yield (
                f"whether decisions follow from reports: {alone[0]} decides alone, by facts of its own instruments"
                if alone
                else "whether decisions follow from reports: that needs the description of the network"
            )
        else:
            if again.stopped:
                yield f"whether decisions follow from reports, from epoch {again.followed + 1} on: {again.stopped}"
            for policy in sorted(again.absent_policies):
                yield f"plans of policy {policy[:12]}, which is not at hand"
        yield "set-points of this node's instruments, which stand beside decisions and follow from nothing else"
