"""The state of the network on which all nodes agree: last reports and the short history decisions need."""

from qkdctl.records.base import Count, Name, Ppm, Record
from qkdctl.records.report import Flag, LinkMode, MeanPhotonNumber
from qkdctl.records.series import Epochs, ErrorSeries, Series


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


class NodeTrust(Record):
    """Trust in one node, ppm; 1e6 is full trust."""

    node: Name
    trust_ppm: Ppm


class NetworkState(Record):
    """All links and nodes after one epoch, both sorted by name."""

    epoch: Count
    links: tuple[LinkState, ...]
    trust: tuple[NodeTrust, ...]
