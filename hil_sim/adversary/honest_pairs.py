"""How well a network serves those of its users who are honest.

Nothing can serve a pair of which one end is Byzantine, so service under attack is measured on pairs of honest ends,
relative to what the same pairs get when nobody attacks.
"""

import numpy as np

from hil_sim.adversary.strengths import Floats, Integers, Mask


def honest_pairs(byzantine: Mask, ends: Integers) -> Mask:
    """Demands whose ends are both honest, shape (demands,).

    Args:
        byzantine: nodes that ever misbehave, shape (nodes,).
        ends: nodes of each demand, shape (2, demands).
    """
    return np.asarray(~byzantine[ends].any(axis=0))


def honest_pair_share(nodes: int, byzantine: int) -> float:
    """Share of all pairs of nodes that are honest, k (k-1) / (N (N-1)) with k = N - byzantine.

    Raises:
        ValueError: for fewer than two nodes, or more Byzantine nodes than there are.
    """
    if nodes < 2 or not 0 <= byzantine <= nodes:
        raise ValueError(f"need two nodes or more, and 0 to all of them Byzantine, got {byzantine} of {nodes}")
    honest = nodes - byzantine
    return honest * (honest - 1) / (nodes * (nodes - 1))


def honest_demand_served(served: Floats, unattacked: Floats, honest: Mask) -> float:
    """Key that honest pairs get under attack, over what they get when nobody attacks.

    Args:
        served: key per demand under attack, shape (demands,).
        unattacked: the same without attack.
        honest: see `honest_pairs`.

    Raises:
        ValueError: if honest pairs get nothing even without attack.
    """
    reference = float(np.sum(unattacked, where=honest))
    if reference <= 0:
        raise ValueError("honest pairs get nothing even without attack, so there is nothing to compare with")
    return float(np.sum(served, where=honest)) / reference
