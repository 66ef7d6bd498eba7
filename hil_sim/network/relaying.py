"""Key relay by one-time pad, hop by hop: how much each demand gets when links are short of key."""

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.routes import Indices, Routes, segments

Counts = NDArray[np.int64]

PASSES = 3
"""Rounds of sharing; what a demand that is limited elsewhere leaves over is offered again."""


def grant(routes: Routes, chosen: Indices, wanted_bits: Counts, available_bits: Counts) -> tuple[Counts, Counts]:
    """Share the key of the links among the demands.

    A bit relayed over a path uses one bit of key on each of its links; over several disjoint paths each carries a share
    as long as the secret (Shamir), so it uses one bit on every link of all of them. A link that cannot serve all of its
    demands gives each the same fraction of what it wants; what is left over then is shared again, a few times.

    Args:
        routes: all candidates.
        chosen: route of each demand, shape (demands,).
        wanted_bits: shape (demands,).
        available_bits: shape (links,).

    Returns:
        Bits granted, shape (demands,), and key used, shape (links,). No link is overdrawn.
    """
    positions, begins = segments(routes.link_offsets, chosen)
    links = routes.links[positions]
    sizes = np.diff(np.append(begins, links.size))
    owner = np.repeat(np.arange(chosen.size), sizes)
    granted = np.zeros(chosen.size, dtype=np.int64)
    left, wanted = available_bits.astype(np.float64), wanted_bits.astype(np.float64)
    if chosen.size == 0:
        return granted, np.zeros(available_bits.size, dtype=np.int64)
    for _ in range(PASSES):
        # a demand that one empty link blocks leaves its share of the others
        asking = np.where(np.minimum.reduceat(left[links], begins) >= 1, wanted, 0.0)
        load = np.bincount(links, weights=asking[owner], minlength=left.size)
        share = np.minimum(left / np.maximum(load, 1.0), 1.0)
        fresh = np.floor(asking * np.minimum.reduceat(share[links], begins))
        if not fresh.any():
            break
        granted += fresh.astype(np.int64)
        wanted -= fresh
        left -= np.bincount(links, weights=fresh[owner], minlength=left.size)
    used = np.bincount(links, weights=granted[owner].astype(np.float64), minlength=left.size)
    return granted, used.astype(np.int64)


def known_share(routes: Routes, chosen: Indices, known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of what is relayed over the chosen routes that an eavesdropper on the links reads, shape (demands,).

    A path is read where the key of any of its links is known, and a secret that is shared over several paths where
    `threshold` of them are. What is known of one link tells nothing about the places that are known of another.

    Args:
        routes: all candidates.
        chosen: route of each demand, shape (demands,).
        known: share of the stored key of each link that is known, shape (links,).
    """
    if not known.any() or chosen.size == 0:
        return np.zeros(chosen.size)
    read = 1 - np.multiply.reduceat((1 - known)[routes.path_links], routes.path_link_offsets[:-1])
    paths, begins = segments(routes.path_offsets, chosen)
    sizes, thresholds = np.diff(np.append(begins, paths.size)), routes.thresholds[chosen]
    # probability that so many of the paths looked at are read, the threshold standing for all from there on
    exactly = np.zeros((int(thresholds.max()) + 1, chosen.size))
    exactly[0] = 1.0
    demands = np.arange(chosen.size)
    for place in range(int(sizes.max())):
        here = place < sizes
        path_read = np.where(here, read[paths[np.where(here, begins + place, 0)]], 0.0)
        reached = exactly[thresholds, demands]
        step = exactly * path_read
        exactly -= step
        exactly[1:] += step[:-1]
        exactly[thresholds, demands] = reached + step[thresholds - 1, demands]
    return np.asarray(exactly[thresholds, demands])
