"""What is believed of links after an epoch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.operation import Operation
from hil_sim.network.rows import LinkRows, link_rows
from hil_sim.network.world import Epoch
from hil_sim.world.counts import SiftedCounts

Integers = NDArray[np.int64]

RECEIVER = 1
"""The end whose report is believed as long as nothing weighs the reports of both."""


def reported(
    links: LinkArrays, operation: Operation, epoch: Epoch, epoch_s: float
) -> tuple[LinkRows, NDArray[np.bool_]]:
    """The rows that the receivers' reports make, and for which links there was a report.

    Args:
        links: of all networks.
        operation: what they are set to.
        epoch: the last one.
        epoch_s: its length.
    """
    reports = epoch.reports
    present = reports.present[RECEIVER]
    counts: SiftedCounts = _Table(*(table[RECEIVER] for table in (reports.sent, reports.detected, reports.errors)))
    rows = link_rows(
        links,
        counts,
        protocol=operation.protocol,
        mean_photon_number_e6=operation.mean_photon_number_e6,
        measured_e6=epoch.measured_e6,
        pulses=epoch.counted.pulses,
        key_bits=epoch.key.proven_bits,
        live_s=epoch.changes.live_s,
        epoch_s=epoch_s,
        realigned=epoch.changes.realigned,
        present=present,
    )
    return rows, present


@dataclass(frozen=True, slots=True)
class _Table:
    """One end's tables."""

    sent: Integers
    detected: Integers
    errors: Integers
