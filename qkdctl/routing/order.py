"""The order in which paths, and sets of paths, are preferred: one integer weight for each link.

Weights of links add up to the weight of a path or of a set of disjoint paths. Smaller is better, and smaller means:
less cost, then fewer links, then names. With links ranked by name, the names of two sets of links are compared from the
last name backwards, and the earlier one wins. Different sets of links never weigh the same: the best path and the best
set are unique, and any algorithm that finds an optimum finds this one.

In bits, for n links: cost (n + 1) + number of links, above n bits of which bit i is that of the i-th link.
"""

from collections.abc import Sequence


def link_weights(costs: Sequence[int]) -> list[int]:
    """Weight of each link, at least 1, from the costs in the order of the links' names."""
    n = len(costs)
    return [((cost * (n + 1) + 1) << n) | (1 << i) for i, cost in enumerate(costs)]
