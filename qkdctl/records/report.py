"""What one node has to say about one epoch, and the row of a link that follows from what both its ends say."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from qkdctl.records.accusation import Accusation
from qkdctl.records.act import ActReport
from qkdctl.records.base import Count, Name, PolicyId, Ppm, Record
from qkdctl.records.path_tally import MOST_TALLIES, PathTally
from qkdctl.records.relay import MOST_VIEWED_NODES, MOST_VIEWS, RelayView
from qkdctl.records.session import End, SessionRecord

DeviceState = Literal["offline", "connecting", "online", "degraded", "fault"]
LinkMode = Literal["safe", "starting", "running", "hold", "manual-safe", "fault"]
Flag = Annotated[int, Field(ge=0, le=1)]
MeanPhotonNumber = Annotated[int, Field(ge=0, le=10_000_000)]
OptionalDigest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
SESSIONS_MAX = 64
"""Session records in one report of one end."""


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


class EndReport(Record):
    """What one end of a link says about one epoch.

    Attributes:
        mode: `running` lets the policy act; in every other mode it only observes.
        protocol: active protocol of the engine, `none` when it does not say.
        mean_photon_number_e6: signal intensity in 1e-6 photons per pulse, 0 when dark: at Alice the commanded one, at
            Bob what his engine was told.
        measured_mean_photon_number_e6: the same from the tap power meter and the attenuation read back; 0 when
            unknown, and for Bob.
        attenuation_mdb: attenuation read back, 1e-3 dB; 0 for Bob.
        age_ms: age of the youngest session record at the end of the epoch.
        trusted: 1 when the node itself found nothing wrong with this end.
        realigns: re-alignments that this end finished in this epoch.
        sessions: records that the end got since its last report, oldest first.
    """

    link: Name
    end: End
    mode: LinkMode
    protocol: Name
    mean_photon_number_e6: MeanPhotonNumber
    measured_mean_photon_number_e6: MeanPhotonNumber
    attenuation_mdb: Count
    age_ms: Count
    trusted: Flag
    realigns: Count
    sessions: Annotated[tuple[SessionRecord, ...], Field(max_length=SESSIONS_MAX)]

    @model_validator(mode="after")
    def _sessions_are_of_this_end(self) -> Self:
        if any((record.link, record.end) != (self.link, self.end) for record in self.sessions):
            raise ValueError(f"every session must be of the {self.end} end of {self.link}")
        numbers = [record.sequence for record in self.sessions]
        if numbers != sorted(set(numbers)):
            raise ValueError(f"sequence numbers must rise, got {numbers}")
        return self


class LinkReport(Record):
    """Settings and measurements of one link in one epoch, as they follow from the reports of both ends.

    Attributes:
        mode: `running` lets the policy act; in every other mode it only observes.
        protocol: active protocol of the engines, `none` when they do not say.
        mean_photon_number_e6: commanded signal intensity, 1e-6 photons per pulse; 0 when dark.
        measured_mean_photon_number_e6: the same from the tap power meter and the attenuation read back; 0
            when unknown.
        attenuation_mdb: attenuation read back, 1e-3 dB.
        qber_z_ppm: error rate of the signal intensity in the key basis; qber_x_ppm: in the test basis, of MDI-QKD the
            misalignment that it stands for.
        sifted_bits: clicks of the signal intensity in the key basis; test_bits: in the test basis.
        secret_key_bits: key credited by the engines; where the ends differ, the smaller claim, as for all clicks of the
            signal; error rates, loss and dead time are then the larger ones.
        detected: clicks of all intensities in both bases.
        pulses: pulses emitted.
        vacuum_sent: pulses of the vacuum intensity that were sifted; vacuum_detected: clicks among them.
        loss_mdb: channel loss estimated from the gain of the signal intensity under this protocol, 1e-3 dB.
        duration_ms: time the session records cover; dead_ms: part of it in which no key was made.
        age_ms: age of the youngest session record at the end of the epoch.
        valid: 1 when the measurements come from this epoch and neither end found fault with them, otherwise 0.
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
        policy: the policy that the node runs; with another than the others' its plans are not theirs.
        ends: ends of links that stand at this node, sorted by link and end.
        late: nodes whose report of the epoch before came after its deadline, sorted.
        accusations: what the node saw since its last report and only a faulty node does, sorted.
        relays: what it has to say of relayed keys that the decision before asks of, sorted by key.
        tallies: paths that end here and over which keys failed, or none came, sorted.
        acts: what it has to say about acts that need several nodes.
    """

    node: Name
    epoch: Count
    wall_ms: Count
    policy: PolicyId
    devices: tuple[DeviceReport, ...]
    ends: tuple[EndReport, ...]
    late: tuple[Name, ...]
    accusations: tuple[Accusation, ...]
    relays: Annotated[tuple[RelayView, ...], Field(max_length=MOST_VIEWS)] = ()
    tallies: Annotated[tuple[PathTally, ...], Field(max_length=MOST_TALLIES)] = ()
    acts: ActReport = ActReport()

    @model_validator(mode="after")
    def _lists_rise(self) -> Self:
        _require_rising("ends", [(end.link, end.end) for end in self.ends])
        _require_rising("late", list(self.late))
        _require_rising("accusations", [entry.order for entry in self.accusations])
        _require_rising("tallies", [tally.path for tally in self.tallies])
        nodes = sum(len(view.path) for view in self.relays)
        if nodes > MOST_VIEWED_NODES:
            raise ValueError(f"the paths of relays may have {MOST_VIEWED_NODES} nodes together, not {nodes}")
        return self


def _require_rising(name: str, values: list[Any]) -> None:
    if values != sorted(set(values)):
        raise ValueError(f"{name} must be sorted and unique, got {values}")
