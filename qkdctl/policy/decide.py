"""From a policy's values to a proposal: the best legal action per link."""

from collections.abc import Sequence

from qkdctl.policy.actions import ACTIONS, legal
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState


def decide(identity: str, values: Sequence[Sequence[int]], state: NetworkState, table: LinkTable) -> Proposal:
    """Take the legal action of the highest value; the lowest index wins ties, so equal values mean hold.

    Args:
        identity: of the policy that gave the values.
        values: one row per link in the order of the state, one integer per action, in 1/4096.
        state: the agreed state; links that do not run or whose row is invalid hold.
        table: static facts of the links.
    """
    return Proposal(
        policy=identity,
        links=tuple(
            _best(link.link, row, legal(link, table.of(link.link)))
            for link, row in zip(state.links, values, strict=True)
        ),
    )


def _best(link: str, values: Sequence[int], mask: tuple[bool, ...]) -> LinkProposal:
    best = max((action.index for action in ACTIONS if mask[action.index]), key=lambda index: (values[index], -index))
    return LinkProposal(link=link, action=ACTIONS[best].name, margin=values[best] - values[0])
