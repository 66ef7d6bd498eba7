"""The state of the network on which all nodes agree: last reports and the short history decisions need."""

from qkdctl.records.base import Count, Name, Record
from qkdctl.records.dispute import Dispute, PendingSessions
from qkdctl.records.key_account import KeyAccount
from qkdctl.records.report import Flag, LinkMode, LinkReport, MeanPhotonNumber
from qkdctl.records.series import Epochs, ErrorSeries, Series
from qkdctl.records.standing import NodeStanding, Verdict


class LinkState(Record):
    """One link: last settings and measurements (see `LinkReport`), and its short history.

    Epoch counts stop at 65535; a change that was never seen counts as 65535 epochs ago. Counts and times are
    those of the last valid row.

    Attributes:
        qber_z, qber_x, loss: series in ppm, ppm and 1e-3 dB; each restarts after a re-alignment or a change of
            protocol. The floor of a QBER is what the link table promises until a re-alignment is seen.
        realign_dead_ms: time without key that a re-alignment costs: what the link table promises, halfway corrected by
            every one that is seen.
        dead_run_ms: dead time of the present uninterrupted run of epochs with dead time.
        epochs_since_power_change, epochs_since_realign, epochs_since_protocol_change: 0 in the epoch that
            shows the change.
        invalid_epochs: epochs since the last valid row; 0 in a valid one.
    """

    link: Name
    mode: LinkMode
    protocol: Name
    mean_photon_number_e6: MeanPhotonNumber
    measured_mean_photon_number_e6: MeanPhotonNumber
    attenuation_mdb: Count
    qber_z: ErrorSeries
    qber_x: ErrorSeries
    loss: Series
    sifted_bits: Count
    test_bits: Count
    secret_key_bits: Count
    detected: Count
    pulses: Count
    vacuum_sent: Count
    vacuum_detected: Count
    duration_ms: Count
    dead_ms: Count
    age_ms: Count
    valid: Flag
    invalid_epochs: Epochs
    realign_dead_ms: Count
    dead_run_ms: Count
    epochs_since_power_change: Epochs
    epochs_since_realign: Epochs
    epochs_since_protocol_change: Epochs


class NetworkState(Record):
    """What all nodes know after one epoch: links, nodes, and what has to be remembered for the next one.

    Attributes:
        wall_ms: median of the nodes' clocks, weighted by what their data weigh, milliseconds since 1970-01-01 UTC.
        links: one row per link of the table, sorted by name.
        rows: what the ends reported in this epoch, sorted by link; links of which nothing was heard have none.
        standings: one per node, sorted.
        disputes: pairs of nodes that contradicted each other lately, sorted by link and nodes.
        pending: session records that the other end has not reported yet, sorted by link and end.
        accounts: what ends claimed of their present key blocks, sorted by link and end.
        absent: members without a report in this epoch, sorted.
        verdicts: why standings changed in this epoch, sorted.
    """

    epoch: Count
    wall_ms: Count
    links: tuple[LinkState, ...]
    rows: tuple[LinkReport, ...]
    standings: tuple[NodeStanding, ...]
    disputes: tuple[Dispute, ...]
    pending: tuple[PendingSessions, ...]
    accounts: tuple[KeyAccount, ...]
    absent: tuple[Name, ...]
    verdicts: tuple[Verdict, ...]
