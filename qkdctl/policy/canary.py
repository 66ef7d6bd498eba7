"""A policy on some links only, for a time: itself a policy, so that acts and fall-backs treat it as any other."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qkdctl.policy.proposal import LinkProposal, Policy, Proposal
from qkdctl.records.base import Count, Name, PolicyId, Record
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState


class Canary(Record):
    """Which policy decides for which links; its digest is the identity of the combination.

    Attributes:
        base: decides for all other links, and for all of them once the time is over.
        policy: decides for `links`.
        links: sorted.
        until: last epoch in which it does.
    """

    base: PolicyId
    policy: PolicyId
    links: Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)]
    until: Count

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if list(self.links) != sorted(set(self.links)):
            raise ValueError(f"links must be sorted and unique, got {self.links}")
        if self.base == self.policy:
            raise ValueError("a policy cannot be tried beside itself")
        return self


class CanaryPolicy:
    """Both policies at work.

    Args:
        canary: says who decides where.
        base, policy: as named there.
    """

    def __init__(self, canary: Canary, base: Policy, policy: Policy) -> None:
        assert (base.identity, policy.identity) == (canary.base, canary.policy), "these are other policies"
        self.canary = canary
        self._identity = canary.digest()
        self._base = base
        self._policy = policy

    @property
    def identity(self) -> str:
        """SHA-256 of the combination."""
        return self._identity

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        """One action per link, each by the policy that decides for it.

        Raises:
            PolicyFailure: when one of the two gives no usable values.
        """
        links = self._base.propose(state, facts).links
        if state.epoch <= self.canary.until:
            tried = {entry.link: entry for entry in self._policy.propose(state, facts).links}
            links = tuple(self._of(entry, tried) for entry in links)
        return Proposal(self._identity, links)

    def _of(self, entry: LinkProposal, tried: dict[str, LinkProposal]) -> LinkProposal:
        return tried.get(entry.link, entry) if entry.link in self.canary.links else entry
