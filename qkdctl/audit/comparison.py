"""Where the ledgers of two nodes part: the first epoch that they do not hold the same decision of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from qkdctl.abft.chain import Chain
from qkdctl.abft.value import Value
from qkdctl.agreement.ledger_entries import NotADecisionError, place_of
from qkdctl.audit.recorded import Recorded
from qkdctl.store.errors import DamagedEntryError


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found.

    Attributes:
        common: number of epochs of which both have a decision.
        first, last: epochs of those; 0 without any.
        ends: how far the one and the other were read: to the end unless they differ; 0 without decisions.
        epoch: the first whose decisions differ; 0 when none does.
        differences: in what they differ, one sentence each.
    """

    common: int
    first: int
    last: int
    ends: tuple[int, int]
    epoch: int
    differences: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Both hold the same decisions, as far as both go."""
        return self.epoch == 0

    def to_plain(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "common": self.common,
            "first": self.first,
            "last": self.last,
            "ends": list(self.ends),
            "epoch": self.epoch or None,
            "differences": list(self.differences),
        }


def compare_ledgers(one: Iterable[Recorded], other: Iterable[Recorded]) -> Comparison:
    """Walk two ledgers epoch by epoch up to the first difference.

    Epochs that only one of them holds are passed over. This says nothing about whether either is sound.

    Raises:
        StoreError: one of them cannot be read, or holds a decision that is none.
    """
    here, there = _decisions(one), _decisions(other)
    left, right = next(here, None), next(there, None)
    common = first = last = 0
    ends = [0, 0]
    while left is not None or right is not None:
        ends = [ends[0] if left is None else left[0].epoch, ends[1] if right is None else right[0].epoch]
        if left is None or (right is not None and right[0].epoch < left[0].epoch):
            right = next(there, None)
            continue
        if right is None or left[0].epoch < right[0].epoch:
            left = next(here, None)
            continue
        epoch = left[0].epoch
        common, first, last = common + 1, first or epoch, epoch
        if (left[0], left[1].digest) != (right[0], right[1].digest):
            return Comparison(common, first, last, (ends[0], ends[1]), epoch, tuple(_differences(left, right)))
        left, right = next(here, None), next(there, None)
    return Comparison(common, first, last, (ends[0], ends[1]), 0, ())


def _decisions(records: Iterable[Recorded]) -> Iterator[tuple[Chain, Value]]:
    for recorded in records:
        if recorded.entry.kind == "decision" and "chain" in recorded.entry.payload:
            try:
                yield place_of(recorded.entry.payload)
            except NotADecisionError as error:
                reason = f"entry {recorded.entry.sequence} holds no decision: {error}"
                raise DamagedEntryError(recorded.entry.sequence, reason, recorded.where) from error


def _differences(one: tuple[Chain, Value], other: tuple[Chain, Value]) -> Iterator[str]:
    (chain, value), (chain_there, value_there) = one, other
    if value.previous != value_there.previous:
        yield f"they follow other decisions, {value.previous[:12]} and {value_there.previous[:12]}"
    if chain.electorate != chain_there.electorate:
        yield "other members, scores or f decide"
    reports, reports_there = dict(value.reports), dict(value_there.reports)
    for author in sorted(reports.keys() | reports_there.keys()):
        found, found_there = reports.get(author, "none"), reports_there.get(author, "none")
        if found != found_there:
            yield f"the report of {author} is {found[:12]} here and {found_there[:12]} there"
    payload, payload_there = value.outcome.payload, value_there.outcome.payload
    for name in sorted(payload.keys() | payload_there.keys()):
        if payload.get(name) != payload_there.get(name):
            yield f"{name} differs" + _shown(payload.get(name), payload_there.get(name))
    if value.outcome.electorate != value_there.outcome.electorate:
        yield f"they name other members, scores or f for epoch {chain.epoch + 2}"
    elif value.digest == value_there.digest and chain.following != chain_there.following:
        yield f"other members, scores or f are to decide in epoch {chain.epoch + 1}"


def _shown(here: object, there: object) -> str:
    if isinstance(here, str | int) and isinstance(there, str | int):
        return f": {str(here)[:12]} here and {str(there)[:12]} there"
    return ""
