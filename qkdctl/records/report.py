"""What one node measured in one epoch."""

from typing import Annotated, Literal

from pydantic import Field

from qkdctl.records.base import Count, Name, Ppm, Record

DeviceState = Literal["offline", "connecting", "online", "degraded", "fault"]
LinkMode = Literal["safe", "starting", "running", "hold", "manual-safe", "fault"]
Flag = Annotated[int, Field(ge=0, le=1)]
MeanPhotonNumber = Annotated[int, Field(ge=0, le=10_000_000)]
OptionalDigest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class DeviceReport(Record):
    """Health of one instrument at the end of the epoch.

    Attributes:
        age_ms: time since the last successful exchange.
        failures: failed exchanges in this epoch.
    """

    device: Name
    kind: Name
    state: DeviceState
    age_ms: Count
    failures: Count


class LinkReport(Record):
    """Settings and measurements of one link in one epoch.

    Attributes:
        mode: `running` lets the policy act; in every other mode it only observes.
        protocol: active protocol of the engines, `none` when they do not say.
        mean_photon_number_e6: commanded signal intensity, 1e-6 photons per pulse; 0 when dark.
        measured_mean_photon_number_e6: the same from the tap power meter and the attenuation read back; 0
            when unknown.
        attenuation_mdb: attenuation read back, 1e-3 dB.
        qber_z_ppm: error rate of the signal intensity in the key basis; qber_x_ppm: in the test basis.
        sifted_bits: clicks of the signal intensity in the key basis; test_bits: in the test basis.
        secret_key_bits: key credited by the engines.
        detected: clicks of all intensities in both bases.
        pulses: pulses emitted.
        vacuum_sent: pulses of the vacuum intensity that were sifted; vacuum_detected: clicks among them.
        loss_mdb: channel loss estimated from the gain of the signal intensity, 1e-3 dB.
        duration_ms: time the session records cover; dead_ms: part of it in which no key was made.
        age_ms: age of the youngest session record at the end of the epoch.
        valid: 1 when the measurements come from this epoch and passed the checks of the node, otherwise 0.
        realigns: re-alignments that ended in this epoch.
        records: digest of the session records behind this report, empty without any.
    """

    link: Name
    mode: LinkMode
    protocol: Name
    mean_photon_number_e6: MeanPhotonNumber
    measured_mean_photon_number_e6: MeanPhotonNumber
    attenuation_mdb: Count
    qber_z_ppm: Ppm
    qber_x_ppm: Ppm
    sifted_bits: Count
    test_bits: Count
    secret_key_bits: Count
    detected: Count
    pulses: Count
    vacuum_sent: Count
    vacuum_detected: Count
    loss_mdb: Count
    duration_ms: Count
    dead_ms: Count
    age_ms: Count
    valid: Flag
    realigns: Count
    records: OptionalDigest


class NodeReport(Record):
    """Everything one node has to say about one epoch.

    Attributes:
        wall_ms: wall clock of the node at the end of the epoch, milliseconds since 1970-01-01 UTC.
    """

    node: Name
    epoch: Count
    wall_ms: Count
    devices: tuple[DeviceReport, ...]
    links: tuple[LinkReport, ...]
