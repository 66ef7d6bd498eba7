"""Control of a network: nobody touches it, or its operators re-align links as they do in the field."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.operation import Commands
from hil_sim.network.run.figures import X, Z, clicks_and_errors, error_rate
from hil_sim.network.world import Epoch, NetworkWorld

Floats = NDArray[np.float64]

RECENT_EPOCHS: Final = 5
"""The limit is for the mean of so many epochs."""
ALARM_QBER: Final = 0.15
"""A single epoch beyond this is enough."""
PATIENCE_S: Final = 600.0
"""A re-alignment that did not help is not repeated before."""
LEAST_CLICKS: Final = 100.0
"""Fewer clicks in a basis tell nothing about its error rate."""

_TF = PROTOCOLS.index("tf")


class Control(Protocol):
    """Turns what was seen in one epoch into the commands for the next."""

    def commands(self, world: NetworkWorld, last: Epoch | None) -> Commands:
        """Commands for all links and demands; `last` is None before the first epoch."""


class Hold:
    """Everything stays as it was at the start."""

    def commands(self, world: NetworkWorld, last: Epoch | None) -> Commands:  # noqa: ARG002 - what a `Control` is given
        """Commands that change nothing."""
        return world.holding()


class FieldPractice:
    """Operators re-align the polarisation of a link when its reported error rate is too high.

    The rule of QKDServer for entangled photons (S-Fifteen Instruments): the mean of five estimates beyond a limit, or a
    single one beyond 15 %, starts a compensation and the estimates begin anew. After one the link is left alone for ten
    minutes, the interval at which the controller of an open time-bin system tunes itself (Veriqloud, kiwi_hw_control).
    Counted is the worse of the two bases and of the two ends' reports. Of twin-field links only basis X counts: in Z
    both ends send by chance in some of the windows, which is an error that no alignment mends.
    """

    def __init__(
        self, world: NetworkWorld, realign_above: float | Floats | None = None, patience_s: float = PATIENCE_S
    ) -> None:
        """Begin without estimates.

        Args:
            world: the networks to control.
            realign_above: limit of the error rate, in (0, 0.5], one for all or one for each link; by default the
                `qber_limit` of each link's hardware.
            patience_s: so long a link is left alone after a re-alignment.

        Raises:
            ValueError: for a limit out of range.
        """
        links = world.stack.links
        limit = links.qber_limit_ppm / 1e6 if realign_above is None else np.broadcast_to(realign_above, links.count)
        if realign_above is not None and not ((limit > 0) & (limit <= 0.5)).all():
            raise ValueError(f"the QBER above which links are re-aligned must lie in (0, 0.5], got {realign_above}")
        self._limit, self._patience_s = np.asarray(limit, dtype=np.float64), patience_s
        self._able = links.can_realign
        self._epoch_s = world.epoch_s
        self._recent = np.full((RECENT_EPOCHS, links.count), np.nan)
        self._rest_s = np.zeros(links.count)

    def commands(self, world: NetworkWorld, last: Epoch | None) -> Commands:
        """Settings and routes stay; links with too many errors are re-aligned."""
        commands = world.holding()
        if last is None:
            return commands
        self._rest_s = np.maximum(self._rest_s - self._epoch_s, 0.0)
        self._recent[:-1] = self._recent[1:]
        self._recent[-1] = reported_qber(last, world.operation.protocol)
        with_all = ~np.isnan(self._recent).any(axis=0)
        mean = np.where(with_all, self._recent, 0.0).mean(axis=0)
        alarm = np.nan_to_num(self._recent[-1]) > ALARM_QBER
        realign = self._able & (self._rest_s == 0) & ((mean > self._limit) | alarm)
        self._recent[:, realign] = np.nan
        self._rest_s[realign] = self._patience_s
        return Commands(commands.mean_photon_number_e6, commands.protocol, realign, commands.route)


def reported_qber(epoch: Epoch, protocol: NDArray[np.int8]) -> Floats:
    """The worst error rate that an end of each link reports in a basis; NaN where none can be told, shape (links,)."""
    reports = epoch.reports
    clicks, wrong = clicks_and_errors(reports.detected, reports.errors, protocol)
    rates = error_rate(wrong, clicks)
    told = (clicks >= LEAST_CLICKS) & reports.present[:, np.newaxis]
    told[:, Z] &= protocol != _TF
    rates = np.where(told, rates, -1.0)
    worst = np.maximum(rates[:, Z], rates[:, X]).max(axis=0)
    return np.where(worst < 0, np.nan, worst)
