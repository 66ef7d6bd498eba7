"""Key blocks of all links while they fill, and the operator's limit: key with too many errors is thrown away."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.world import Epoch, NetworkWorld
from hil_sim.world.key_analysis import SIGNAL
from qkdctl.records.telling_bases import BASES, telling_bases

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TELLING: Final = np.array([[basis in telling_bases(protocol) for protocol in PROTOCOLS] for basis in BASES])
"""Bases in which the operator's limit holds, shape (2, protocols): elsewhere errors are part of the protocol."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Blocks that ended in an epoch; arrays of shape (links,) unless said otherwise.

    Attributes:
        errors, clicks: of the signal pulses of the block, by basis, Z first, shape (2, links).
        accepted: the analysis grants key for it, and no basis that tells of alignment has more errors than the
            operator wants.
        refused: the analysis grants key, and the operator wants none of it.
    """

    errors: Counts
    clicks: Counts
    accepted: Flags
    refused: Flags


class KeyBlocks:
    """Follows the blocks. Both ends know their error rates as they are: error correction finds every error.

    Args:
        world: at its start.
    """

    def __init__(self, world: NetworkWorld) -> None:
        self._world = world
        links = world.stack.links
        self._running_credit = links.running_credit
        self._limit_ppm = links.qber_limit_ppm
        self._block = np.zeros((2, 2, links.count), dtype=np.int64)

    def after(self, epoch: Epoch) -> Ended:
        """Take in an epoch; epochs are to be given in order, each once."""
        self._block[..., epoch.changes.cut_blocks()] = 0
        self._block[0] += epoch.counted.errors[:, SIGNAL]
        self._block[1] += epoch.counted.detected[:, SIGNAL]
        done = epoch.key.closed | self._running_credit
        granted = done & (epoch.key.proven_bits > 0)
        errors, clicks = self._block.copy()
        limited = _TELLING[:, self._world.operation.protocol]
        too_many = (limited & (1_000_000 * errors > self._limit_ppm * clicks)).any(axis=0)
        self._block[..., done] = 0
        return Ended(errors, clicks, granted & ~too_many, granted & too_many)
