"""What everybody in a network does in one epoch."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.announcements import RelayAttack
from hil_sim.adversary.state_attacks import StateAttack
from hil_sim.adversary.strengths import Integers, Mask, nothing
from hil_sim.adversary.telemetry import Forgery


@dataclass(frozen=True, slots=True)
class Conduct:
    """Misbehaviour of one epoch; arrays are not to be written to.

    Attributes:
        states: attacks on the pulses of each link.
        announcements: lies of the relays midway, per link.
        reports: forging by either end of each link.
        relaying: `RelayConduct` of each node, shape (nodes,).
        coalition: a number per node that only colluding nodes share, namely the index of the first of them.
        acting: nodes that misbehave in this epoch, shape (nodes,).
    """

    states: StateAttack
    announcements: RelayAttack
    reports: Forgery
    relaying: NDArray[np.uint8]
    coalition: Integers
    acting: Mask


@lru_cache(maxsize=1024)
def honest_conduct(nodes: int, links: int) -> Conduct:
    """Everybody behaves; all who ask for this size share one value."""
    coalition = np.arange(nodes)
    coalition.setflags(write=False)
    return Conduct(
        StateAttack.none(links),
        RelayAttack.none(links),
        Forgery.none(2, links),
        nothing((nodes,), np.dtype(np.uint8)),
        coalition,
        nothing((nodes,), np.dtype(np.bool_)),
    )
