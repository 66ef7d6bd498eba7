"""What is fixed about the links: the integer table every node holds from the agreed configuration."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qkdctl.records.base import Count, Name, NameOrNone, Ppm, Record
from qkdctl.records.report import Flag, MeanPhotonNumber
from qkdctl.records.session import End
from qkdctl.records.trust_rules import TrustRules


class ProtocolFacts(Record):
    """What one link may do under one protocol.

    Attributes:
        cap_mean_photon_number_e6: highest signal intensity the security proof allows, 1e-6 photons per pulse.
        qber_limit_ppm: error rate above which the protocol gives no key or the operator wants none.
        key_ceiling_e9: most secret bits per pulse that the least loss of the link allows under this protocol, 1e-9.
    """

    protocol: Name
    cap_mean_photon_number_e6: MeanPhotonNumber
    qber_limit_ppm: Annotated[int, Field(ge=1, le=500_000)]
    key_ceiling_e9: Annotated[int, Field(ge=0, le=1_000_000_000)] = 1_000_000_000


class LinkFacts(Record):
    """Static properties of one link.

    Attributes:
        alice, bob: nodes at its two ends; one node may own both.
        relay: node of the measuring relay between them, empty without any.
        protocols: what the hardware can do; the order is that of the configuration.
        pulse_rate_hz: clock of the source.
        detector_efficiency_ppm: efficiency of the detectors.
        receiver_loss_mdb: optical loss inside the receiver, 1e-3 dB.
        click_ceiling_hz: most clicks per second that the dead time of the receiver's detectors allows; 0 when unknown.
        background_yield_e9: click probability of the whole receiver in one gate without light, 1e-9.
        sending_ppm: probability that an end sends in a signal window of twin-field QKD; 0 when unknown.
        aligned_qber_ppm: error rate expected right after a re-alignment.
        attenuator_step_mdb: smallest step of the attenuator, 1e-3 dB; 0 when it is continuous.
        calibration_uncertainty_ppm: by how much the true mean photon number may exceed the set one, relative.
        can_realign: 1 when the link has a polarisation (or phase) controller.
        realign_dead_ms: time without key that a re-alignment costs.
        dwell_epochs: epochs a protocol is kept at least.
    """

    link: Name
    alice: Name
    bob: Name
    relay: NameOrNone = ""
    protocols: Annotated[tuple[ProtocolFacts, ...], Field(min_length=1)]
    pulse_rate_hz: Annotated[int, Field(ge=1, le=100_000_000_000)]
    detector_efficiency_ppm: Annotated[int, Field(ge=1, le=1_000_000)]
    receiver_loss_mdb: Count
    click_ceiling_hz: Count = 0
    background_yield_e9: Annotated[int, Field(ge=0, le=1_000_000_000)]
    sending_ppm: Ppm = 0
    aligned_qber_ppm: Ppm
    attenuator_step_mdb: Annotated[int, Field(ge=0, le=5_000)]
    calibration_uncertainty_ppm: Ppm
    can_realign: Flag
    realign_dead_ms: Count
    dwell_epochs: Count

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes of both ends and of the relay; one that owns both ends stands here twice."""
        return (self.alice, self.bob, *((self.relay,) if self.relay else ()))

    def node(self, end: End) -> str:
        """The node at one end."""
        return self.alice if end == "alice" else self.bob

    def protocol(self, name: str) -> ProtocolFacts | None:
        """Facts of one protocol, or None when the link cannot run it."""
        return next((facts for facts in self.protocols if facts.protocol == name), None)


class LinkTable(Record):
    """All links of the network, sorted by name.

    Attributes:
        epoch_ms: length of an epoch.
        rules: constants of the trust update.
    """

    epoch_ms: Annotated[int, Field(ge=1, le=3_600_000)]
    links: tuple[LinkFacts, ...]
    rules: TrustRules = TrustRules()

    @model_validator(mode="after")
    def _names_rise(self) -> Self:
        names = [facts.link for facts in self.links]
        if names != sorted(set(names)):
            raise ValueError(f"links must be sorted by name and unique, got {names}")
        return self

    def of(self, link: str) -> LinkFacts:
        """Facts of one link.

        Raises:
            KeyError: when the table has no such link; the message lists those it has.
        """
        for facts in self.links:
            if facts.link == link:
                return facts
        raise KeyError(f"no link {link!r} in the table, only {', '.join(facts.link for facts in self.links)}")
