"""Whether the agreement may be called information-theoretically secure: refused rather than claimed in error.

With f liars among the nodes, key that relays pass on is safe only if it travels as shares over 2f + 1 paths without a
common relay: f of them tell nothing, and f wrong shares are outvoted (Dolev, Dwork, Waarts and Yung, J. ACM 40, 17,
1993). There are that many between any two nodes exactly if the vertex connectivity kappa is at least 2f + 1.
"""

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

from qkdctl.auth.levels import Way
from qkdctl.auth.limits import Limits
from qkdctl.routing.disjoint import smallest_cut
from qkdctl.routing.topology import Topology

Claim: TypeAlias = Literal["information-theoretic", "computational"]


class FalseClaimError(Exception):
    """The configuration claims more security than there is; the message says what is missing."""


def vertex_connectivity(topology: Topology, nodes: Collection[str] = ()) -> int:
    """How many relays must fail at least before two nodes lose each other; number of nodes less one if all are linked.

    Args:
        topology: the key graph; nodes that do not relay carry nobody else's key.
        nodes: between whom; all by default.

    Raises:
        ValueError: an unknown node, or fewer than two.
    """
    names = sorted(set(nodes) or topology.node_index)
    if len(names) < 2:
        raise ValueError(f"connectivity is a matter of two nodes or more, got {', '.join(names) or 'none'}")
    linked = {frozenset(link.ends) for link in topology.links}
    relaying = {node.name for node in topology.nodes if node.relays}
    least, looked_from = len(topology.nodes) - 1, 0
    for number, one in enumerate(names):
        # The smallest cut leaves out one of least + 1 relays, and that one is cut off from somebody (Even 1975).
        if looked_from > least:
            break
        looked_from += one in relaying
        for two in names[number + 1 :]:
            if frozenset((one, two)) not in linked:
                least = min(least, smallest_cut(topology, one, two).size)
    return least


def ways_from(topology: Topology, me: str, members: Collection[str], connectivity: int) -> dict[str, Way]:
    """How key reaches each other member: direct over a link, else relayed.

    Args:
        topology: the key graph.
        me: one of the members.
        members: who shares key with each other.
        connectivity: `vertex_connectivity` among them.
    """
    linked = {end for link in topology.links if me in link.ends for end in link.ends}
    relayed = Way("relayed", connectivity)
    return {peer: Way() if peer in linked else relayed for peer in sorted(members) if peer != me}


def refuse_false_claim(claim: Claim, ways: Mapping[str, Way], faults: int, limits: Limits) -> None:
    """Check what is claimed against how key reaches each peer.

    Args:
        claim: of the agreement as a whole, which is as weak as its weakest channel.
        ways: by peer.
        faults: f.
        limits: of the channels.

    Raises:
        FalseClaimError: the claim is information-theoretic, and it is not true.
    """
    if claim == "computational":
        return
    problems = [
        f"key shared with {peer} is hybrid, so it rests on a computational assumption"
        for peer, way in sorted(ways.items())
        if way.origin == "hybrid"
    ]
    problems += [
        f"key shared with {peer} is relayed and the vertex connectivity of the key graph is {way.connectivity}, "
        f"below 2f + 1 = {2 * faults + 1}"
        for peer, way in sorted(ways.items())
        if way.origin == "relayed" and way.connectivity < 2 * faults + 1
    ]
    if limits.fallback:
        problems.append("packets under HMAC-SHA-256 are accepted when pads run out; forbid the fallback")
    if problems:
        raise FalseClaimError(
            f"the agreement cannot be claimed to be information-theoretically secure: {'; '.join(problems)}; "
            "claim computational security, or change the network"
        )
