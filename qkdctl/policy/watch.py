"""When a network falls back from a policy to the one before: a pure function of what it has agreed on.

What was seen while a policy was in force is compared with what was seen under the policy before it. All of it is sums
of agreed integers, so every honest node falls back in the same epoch, and an auditor can check that it had to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from qkdctl.policy.baselines import BASELINES, RuleBased
from qkdctl.policy.near_limit import forbidden
from qkdctl.records.base import Count, PolicyId, Record
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.plan import Plan
from qkdctl.records.saturation import saturated
from qkdctl.records.telling_bases import telling_series

Cause: TypeAlias = Literal["failed", "key-rate", "qber", "shield"]
CAUSES: Final[dict[Cause, str]] = {
    "failed": "it gave no usable values, too often in a row",
    "key-rate": "there was less than half the key of the policy before",
    "qber": "more links were over their QBER limit than under the policy before",
    "shield": "the shield had to change more of its proposals than of the policy before",
}
LAST_RESORT: Final = RuleBased().identity
_TRUSTED_PPM: Final = 500_000
_REMEMBERED: Final = 64


@dataclass(frozen=True)
class WatchRules:
    """How much worse is too much.

    Attributes:
        settle_epochs: after an activation that do not count: their rows still come from the policy before.
        probation_epochs: after an activation in which key, QBER and shield are judged. Later a comparison with the
            policy before would be one of different weather.
        least_link_epochs: below which nothing is said of a policy.
        silent_epochs: without a valid row after which a link does not count: its instruments are to blame.
        key_share_permille: of the key per link and epoch under the policy before.
        over_limit_permille: of link epochs over the QBER limit, more than under the policy before.
        touched_permille: of link epochs that the shield had to change, more than under the policy before.
        half_life_epochs: after which sums are halved, so that they are of recent weather.
    """

    settle_epochs: int = 3
    probation_epochs: int = 600
    least_link_epochs: int = 20
    silent_epochs: int = 10
    key_share_permille: int = 500
    over_limit_permille: int = 100
    touched_permille: int = 300
    half_life_epochs: int = 600


RULES: Final = WatchRules()


class Term(Record):
    """What was seen while one policy was in force.

    Attributes:
        epochs: since it came into force.
        link_epochs: links that ran between trusted nodes, summed over epochs.
        key_bits: secret key that they made.
        over_limit: of them, with a QBER over the limit of their protocol.
        touched: of them, with a proposal that the shield changed.
    """

    epochs: Count = 0
    link_epochs: Count = 0
    key_bits: Count = 0
    over_limit: Count = 0
    touched: Count = 0


class Fallback(Record):
    """The last time that the network fell back.

    Attributes:
        epoch: that decided it; the next one is the first without the policy.
        policy: fallen back from.
    """

    epoch: Count
    policy: PolicyId
    cause: Cause


class PolicyWatch(Record):
    """What must be known to judge the policy in force.

    Attributes:
        current: of the policy in force.
        standard: of the last one before that was in force long enough to judge others by; without any, only its own
            failures speak against the current one.
        previous: the one before, at most one; without any the network falls back to the rule-based baseline.
        rolled_back: fallen back from and not activated by an act since, oldest first, the last 64.
        last: the last time, at most one.
    """

    current: Term = Term()
    standard: Term = Term()
    previous: Annotated[tuple[PolicyId, ...], Field(max_length=1)] = ()
    rolled_back: Annotated[tuple[PolicyId, ...], Field(max_length=_REMEMBERED)] = ()
    last: Annotated[tuple[Fallback, ...], Field(max_length=1)] = ()

    def with_plan(self, plan: Plan, network: NetworkState, table: LinkTable) -> "PolicyWatch":
        """With what the shield did to a plan of the policy in force.

        Args:
            plan: of an epoch that has been counted.
            network: after that epoch.
            table: facts in force.
        """
        if self.current.epochs <= RULES.settle_epochs:
            return self
        judged = {link.link for link in _judged(network, table, RULES)}
        touched = sum(1 for link in plan.links if forbidden(link) and link.link in judged)
        current = self.current.model_copy(update={"touched": self.current.touched + touched})
        return self.model_copy(update={"current": current})


def next_policy(
    watch: PolicyWatch, policy: str, wanted: str, network: NetworkState, table: LinkTable, *, ejected: bool
) -> tuple[str, PolicyWatch]:
    """The policy in force from the next epoch on, and what must be known then.

    Args:
        watch: after the epoch before.
        policy: in force in this epoch.
        wanted: in force after this epoch as far as acts are concerned.
        network: after this epoch.
        table: facts in force.
        ejected: whether the policy had failed too often before this epoch.
    """
    if wanted != policy:
        return wanted, _activated(watch, policy, wanted)
    watch = watch.model_copy(update={"current": _counted(watch.current, network, table)})
    cause = None if policy in BASELINES else cause_of(watch, ejected=ejected)
    if cause is None:
        return policy, watch
    fallback = Fallback(epoch=network.epoch, policy=policy, cause=cause)
    rolled_back = (*(past for past in watch.rolled_back if past != policy), policy)[-_REMEMBERED:]
    target = watch.previous[0] if watch.previous else LAST_RESORT
    return target, PolicyWatch(rolled_back=rolled_back, last=(fallback,))


def cause_of(watch: PolicyWatch, *, ejected: bool, rules: WatchRules = RULES) -> Cause | None:
    """Why the policy in force must go; None when it may stay."""
    now, then = watch.current, watch.standard
    if ejected:
        return "failed"
    if now.epochs > rules.probation_epochs or min(now.link_epochs, then.link_epochs) < rules.least_link_epochs:
        return None
    if now.key_bits * then.link_epochs * 1000 < then.key_bits * now.link_epochs * rules.key_share_permille:
        return "key-rate"
    if _exceeds(now.over_limit, then.over_limit, now, then, rules.over_limit_permille):
        return "qber"
    if _exceeds(now.touched, then.touched, now, then, rules.touched_permille):
        return "shield"
    return None


def _exceeds(now: int, then: int, current: Term, standard: Term, permille: int) -> bool:
    """Whether one share of link epochs exceeds another by so much."""
    over = 1000 * (now * standard.link_epochs - then * current.link_epochs)
    return over > permille * current.link_epochs * standard.link_epochs


def _activated(watch: PolicyWatch, policy: str, wanted: str) -> PolicyWatch:
    """An act has put another policy in force. A hash that was fallen back from is good again by that."""
    rolled_back = tuple(past for past in watch.rolled_back if past != wanted)
    seen_enough = watch.current.link_epochs >= RULES.least_link_epochs
    standard = watch.current if seen_enough else watch.standard
    return PolicyWatch(standard=standard, previous=(policy,), rolled_back=rolled_back, last=watch.last)


def _counted(term: Term, network: NetworkState, table: LinkTable, rules: WatchRules = RULES) -> Term:
    epochs = min(term.epochs + 1, 2**62)
    if epochs <= rules.settle_epochs:
        return term.model_copy(update={"epochs": epochs})
    links = list(_judged(network, table, rules))
    key_bits = sum(link.secret_key_bits for link in links if link.valid)
    over = sum(1 for link in links if link.valid and _is_over(link, table))
    counted = Term(
        epochs=epochs,
        link_epochs=term.link_epochs + len(links),
        key_bits=saturated(term.key_bits + key_bits),
        over_limit=term.over_limit + over,
        touched=term.touched,
    )
    return _halved(counted) if epochs % rules.half_life_epochs == 0 else counted


def _halved(term: Term) -> Term:
    return Term(
        epochs=term.epochs,
        link_epochs=term.link_epochs // 2,
        key_bits=term.key_bits // 2,
        over_limit=term.over_limit // 2,
        touched=term.touched // 2,
    )


def _judged(network: NetworkState, table: LinkTable, rules: WatchRules) -> Iterator[LinkState]:
    """Links that tell something of a policy: they run, were heard lately, and both nodes are trusted."""
    trusted = {entry.node for entry in network.standings if entry.trust_ppm >= _TRUSTED_PPM}
    for link in network.links:
        heard = link.mode == "running" and link.invalid_epochs <= rules.silent_epochs
        if heard and trusted.issuperset(table.of(link.link).nodes):
            yield link


def _is_over(link: LinkState, table: LinkTable) -> bool:
    protocol = table.of(link.link).protocol(link.protocol)
    return protocol is not None and max(series.level for series in telling_series(link)) > protocol.qber_limit_ppm
