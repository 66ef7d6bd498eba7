"""What a policy says: one action per link. The shield decides what becomes of it."""

from dataclasses import dataclass
from typing import Protocol

from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Intervention


@dataclass(frozen=True)
class LinkProposal:
    """The action proposed for one link.

    Attributes:
        action: name from the action table; the shield takes any other name for `hold`.
        margin: by how much the action beats holding, in 1/4096 of the policy's value; 0 where a policy has no values.
        interventions: why the action is not what the policy wished; empty where it is.
    """

    link: str
    action: str
    margin: int = 0
    interventions: tuple[Intervention, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """The actions proposed in one epoch; a link without an entry holds.

    Attributes:
        policy: SHA-256 of the policy file or name of the baseline.
    """

    policy: str
    links: tuple[LinkProposal, ...]

    def of(self, link: str) -> LinkProposal | None:
        """The entry of one link."""
        return next((entry for entry in self.links if entry.link == link), None)


class Policy(Protocol):
    """Anything that proposes actions; a pure function of its arguments."""

    @property
    def identity(self) -> str:
        """SHA-256 of the policy file, or the name of a baseline."""

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        """Propose one action per link.

        Raises:
            PolicyFailure: when the policy gives no usable values; nothing else.
        """
