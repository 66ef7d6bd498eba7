"""The books of every link: what was sifted, what became key, where it went."""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.conduct import Conduct
from hil_sim.network.run.figures import Z, clicks_and_errors, error_rate
from hil_sim.network.world import Epoch, NetworkWorld

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class LinkTally:
    """Sums over the epochs of a run; arrays of shape (links,) unless said otherwise.

    Attributes:
        epochs: how many were counted.
        clicks, wrong: of the signal intensity in Z and X, see `clicks_and_errors`, shape (2, links).
        loss_db: summed over the epochs.
        sifted_bits: clicks in the key basis; each is in `analysed_bits`, `wasted_bits` or, in the present block,
            `open_bits`.
        credited_bits: proven by the analysis; stored, still in post-processing, or lost before it.
        stored_bits: out of post-processing.
        relayed_bits, authentication_bits: used for demands, and by the link for its own messages.
        realigned: re-alignments that ended.
        live_s: time in which key could be made.
        keyed_s, judged_s: live time of blocks that gave key, and time of all blocks that ended.
        attacked: whether anybody ever attacked the light or lied about clicks.
    """

    def __init__(self, world: NetworkWorld) -> None:
        """Begin at zero."""
        links = world.stack.links
        self.epochs = 0
        self._epoch_s = world.epoch_s
        self._running = links.running_credit
        self.clicks, self.wrong = np.zeros((2, links.count)), np.zeros((2, links.count))
        self.loss_db, self.live_s, self.keyed_s, self.judged_s = (np.zeros(links.count) for _ in range(4))
        self._open_live_s, self._open_s = np.zeros(links.count), np.zeros(links.count)
        self.sifted_bits, self.analysed_bits, self.wasted_bits, self.open_bits = _zeros(links.count, 4)
        self.credited_bits, self.stored_bits, self.relayed_bits, self.authentication_bits = _zeros(links.count, 4)
        (self.realigned,) = _zeros(links.count, 1)
        self.attacked = np.zeros(links.count, dtype=np.bool_)

    def add(self, epoch: Epoch, world: NetworkWorld) -> tuple[Floats, Floats]:
        """Count one epoch; return its clicks and errors, each of shape (2, links)."""
        counted, key = epoch.counted, epoch.key
        clicks, wrong = clicks_and_errors(counted.detected, counted.errors, world.operation.protocol)
        self.epochs += 1
        self.clicks += clicks
        self.wrong += wrong
        self.loss_db += epoch.light.loss_db
        self.live_s += epoch.changes.live_s
        self.sifted_bits += clicks[Z].astype(np.int64)
        self.wasted_bits += key.wasted_bits
        self.credited_bits += key.proven_bits
        self.stored_bits += key.stored_bits
        self.relayed_bits += epoch.served.used
        self.authentication_bits += epoch.served.authenticated
        self.realigned += epoch.changes.realigned
        self.attacked |= attacked_links(epoch.conduct)
        self._follow_blocks(epoch, clicks[Z].astype(np.int64))
        return clicks, wrong

    def qber(self) -> Floats:
        """Error rates over the whole run in Z and X, NaN where nothing clicked, shape (2, links)."""
        return error_rate(self.wrong, self.clicks)

    def keying_share(self) -> Floats:
        """Share of the time of all blocks that ended in which light became key; NaN before the first has ended."""
        judged = self.judged_s > 0
        return np.where(judged, self.keyed_s / np.where(judged, self.judged_s, 1.0), np.nan)

    def _follow_blocks(self, epoch: Epoch, sifted: Counts) -> None:
        """Blocks are cut before the light of an epoch is counted, and closed after it."""
        cut, gave_key = epoch.changes.cut_blocks(), epoch.key.proven_bits > 0
        self.analysed_bits += np.where(cut & self._running, self.open_bits, 0)
        self.open_bits = np.where(cut, 0, self.open_bits)
        self._close(cut, np.zeros_like(cut))
        self.open_bits += sifted
        self._open_live_s += epoch.changes.live_s
        self._open_s += self._epoch_s
        self.analysed_bits += np.where(epoch.key.closed, self.open_bits, 0)
        self.open_bits = np.where(epoch.key.closed, 0, self.open_bits)
        # credit that runs along judges every epoch
        self._close(epoch.key.closed | self._running, gave_key)

    def _close(self, which: Flags, gave_key: Flags) -> None:
        self.keyed_s += np.where(which & gave_key, self._open_live_s, 0.0)
        self.judged_s += np.where(which, self._open_s, 0.0)
        for array in (self._open_live_s, self._open_s):
            array[which] = 0.0


def attacked_links(conduct: Conduct) -> Flags:
    """Links whose light is attacked, or whose clicks a relay lies about, shape (links,)."""
    attacked = np.zeros(conduct.states.blinding.shape, dtype=np.bool_)
    for group in (conduct.states, conduct.announcements):
        for part in fields(group):
            attacked |= getattr(group, part.name) > 0
    return attacked


def _zeros(links: int, count: int) -> list[Counts]:
    return [np.zeros(links, dtype=np.int64) for _ in range(count)]
