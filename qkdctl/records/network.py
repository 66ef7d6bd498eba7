"""The state of the network on which all nodes agree: last reports and the short history decisions need."""

from qkdctl.records.base import Count, Name, Ppm, Record
from qkdctl.records.report import Flag, LinkMode, MeanPhotonNumber
from qkdctl.records.series import Epochs, Series


class LinkState(Record):
    """One link: last settings and measurements (see `LinkReport`), and its short history.

    Epoch counts stop at 65535; a change that was never seen counts as 65535 epochs ago. Counts and times are
    those of the last valid row.

    Attributes:
        qber_z, qber_x, loss: series in ppm, ppm and 1e-3 dB; each restarts after a re-alignment or a
            change of protocol.
        qber_floor_ppm: QBER of the key basis in the first valid epoch after the last re-alignment; what the
            link table promises before any re-alignment and after a change of protocol.
        qber_excess_sum_ppm: running sum of QBER (key basis) minus floor over the valid epochs since the last
            re-alignment, never below 0: the harm that a re-alignment could have avoided.
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
    qber_z: Series
    qber_x: Series
    loss: Series
    qber_floor_ppm: Ppm
    qber_excess_sum_ppm: Count
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
