"""The chain of decisions, which is the same at all nodes, in the ledger of one of them."""

import re

from qkdctl.abft.chain import FIRST_EPOCH, Chain
from qkdctl.abft.messages import digest_of
from qkdctl.abft.value import Value
from qkdctl.agreement.ledger_entries import NotADecisionError, place_of
from qkdctl.audit.recorded import Recorded
from qkdctl.records.decision import Decision
from qkdctl.records.report import NodeReport
from qkdctl.store.chain import Break
from qkdctl.store.set_points import MEMBER

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MEMBERS = {"chain", "value", MEMBER}
"""Of the payload: what was decided, and beside it what this node has set its instruments to."""


class DecisionChecker:
    """Follows the chain from decision to decision.

    Each must name the digest of the one before; who decides must be who was named two epochs before; at least N - f
    reports must count, each of another member; and reports that are kept must have the digests that were decided.

    Args:
        first: chain before the first decision, of the description; None when there is none to compare with.

    Attributes:
        last: the last decision that followed, with its place; None before the first.
        decided: number of decisions that followed.
        reports: number of reports whose digest was right.
        missing: number of reports that are not kept any more.
        older: decisions of earlier versions at the beginning, of which nothing can be said.
    """

    def __init__(self, first: Chain | None = None) -> None:
        self.last: tuple[Chain, Value] | None = None
        self.decided = 0
        self.reports = 0
        self.missing = 0
        self.older = 0
        self._first = first

    def check(self, recorded: Recorded) -> Break | None:
        """None when a decision follows; it is then the one that the next must follow."""
        if self.last is None and "chain" not in recorded.entry.payload:
            self.older += 1
            return None
        if strangers := sorted(set(recorded.entry.payload) - _MEMBERS):
            return Break(recorded.entry.sequence, f"a decision has no member {', '.join(strangers)}")
        try:
            chain, value = place_of(recorded.entry.payload)
        except NotADecisionError as error:
            return Break(recorded.entry.sequence, f"it holds no decision: {error}")
        problem = (
            self._misplaced(chain)
            or _ill_counted(chain, value)
            or _ill_decided(chain, value)
            or self._changed_report(chain, value, recorded)
        )
        if problem:
            return Break(recorded.entry.sequence, f"epoch {chain.epoch}: {problem}")
        self.last = chain, value
        self.decided += 1
        return None

    def _misplaced(self, chain: Chain) -> str:
        """Why a decision cannot stand here."""
        if self.last is None:
            return _not_the_first(chain, self._first)
        before, value = self.last
        expected = before.after(value.digest, value.outcome.electorate)
        if chain.epoch != expected.epoch:
            return f"epoch {expected.epoch} is expected here"
        if chain.previous != expected.previous:
            return (
                f"it follows a decision {chain.previous[:12]}, but that of epoch {before.epoch} is "
                f"{expected.previous[:12]}"
            )
        if chain.electorate != expected.electorate:
            named = f"epoch {chain.epoch - 2} named" if chain.epoch > FIRST_EPOCH + 1 else "the network began with"
            return f"other members, scores or f decide than {named}"
        if chain.following != expected.following:
            return f"other members, scores or f are to decide next than epoch {chain.epoch - 1} named"
        return ""

    def _changed_report(self, chain: Chain, value: Value, recorded: Recorded) -> str:
        for author, digest in value.reports:
            text = recorded.reports.get(digest)
            if text is None:
                self.missing += 1
                continue
            if digest_of(text) != digest:
                return f"the report of {author} that is kept is not the one that was decided"
            try:
                report = NodeReport.from_json(text)
            except ValueError as error:
                return f"the report of {author} is none: {_first_line(error)}"
            if (report.node, report.epoch) != (author, chain.epoch):
                return f"the report of {author} is one of {report.node} for epoch {report.epoch}"
            self.reports += 1
        return ""


def _not_the_first(chain: Chain, first: Chain | None) -> str:
    if chain.epoch != FIRST_EPOCH:
        return f"the first decision is expected to be of epoch {FIRST_EPOCH}"
    if first is None or chain == first:
        return ""
    if chain.previous != first.previous:
        return (
            f"it was decided under a description with the digest {chain.previous[:12]}, and the one given has "
            f"{first.previous[:12]}"
        )
    return "other members, scores or f decide than the description names"


def _ill_counted(chain: Chain, value: Value) -> str:
    """What is wrong with the reports that count."""
    authors = [author for author, _ in value.reports]
    if authors != sorted(set(authors)):
        return "reports are not sorted by author, or one author has two"
    if strangers := sorted(set(authors) - set(chain.electorate.names)):
        return f"{', '.join(strangers)} reported but is no member"
    if not all(_DIGEST.fullmatch(digest) for _, digest in value.reports):
        return "what should be the digest of a report is none"
    if len(authors) < chain.electorate.enough_reports:
        wanted = f"{chain.electorate.enough_reports} of {len(chain.electorate.members)} members"
        return f"only {len(authors)} reports count; those of {wanted} must"
    return ""


def _ill_decided(chain: Chain, value: Value) -> str:
    """What is wrong with the outcome by itself."""
    try:
        decision = Decision.model_validate(dict(value.outcome.payload), strict=False)
    except ValueError as error:
        return f"the outcome is none: {_first_line(error)}"
    if decision.epoch != chain.epoch or decision.plan.epoch != chain.epoch:
        return f"outcome and plan are of epochs {decision.epoch} and {decision.plan.epoch}"
    return ""


def _first_line(error: ValueError) -> str:
    return " ".join(str(error).splitlines()[:3])
