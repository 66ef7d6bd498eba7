"""What all nodes of a network know about a link: the nodes at its ends and its optical figures."""

from typing import Annotated, Literal

from pydantic import Field

from qkdctl.config.types import Name, Ppm, Section


class SharedFigures(Section):
    """One QKD link as every node sees it. Mean photon numbers are per signal pulse at Alice's output."""

    alice: Name = Field(description="node of the sending end", examples=["north"])
    bob: Name = Field(description="node of the receiving end", examples=["south"])
    wavelength_nm: float = Field(default=1550.12, ge=600, le=1700, description="wavelength in nanometres, in vacuum")
    pulse_rate_hz: float = Field(ge=1e3, le=1e11, description="pulses per second", examples=[1e9])
    initial_mean_photon_number: float = Field(default=0.48, gt=0, le=1, description="mean photon number to begin with")
    maximum_mean_photon_number: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="cap of the security proof; never exceeded, calibration uncertainty included",
    )
    expected_qber_ppm: int = Field(
        default=15_000, ge=0, le=500_000, description="error rate of a well aligned link, in ppm"
    )
    qber_limit_ppm: int = Field(
        default=60_000, ge=1, le=110_000, description="error rate in ppm above which no key is made"
    )
    fibre_length_km: float | None = Field(default=None, ge=0, le=2000, description="for people only", examples=[50.0])
    detector_efficiency: float = Field(
        default=0.65, gt=0, le=1, description="probability that a photon at the detector clicks"
    )
    receiver_loss_db: float = Field(default=3.0, ge=0, le=30, description="loss inside the receiver in dB")
    background_yield: float = Field(
        default=2e-7, ge=0, le=0.1, description="probability of a click per gate of the whole receiver without light"
    )
    alignment_pulses: int = Field(
        default=5_000_000, ge=1_000, le=10**12, description="pulses per measurement while a re-alignment searches"
    )
    can_realign: bool = Field(default=True, description="Bob's end has a polarisation controller")
    realign_limit_s: float = Field(
        default=60.0, ge=1, le=3600, description="longest search in seconds where the ends stand at two nodes"
    )
    realign_dead_s: float = Field(
        default=1.0, ge=0, le=3600, description="seconds without key that a re-alignment costs, for the policy"
    )
    attenuator_step_db: float = Field(
        default=0.01,
        ge=0,
        le=5,
        description="smallest step of the attenuator in dB with which all nodes reckon; a node that has no network "
        "takes that of the attenuator itself where it has both ends",
    )
    calibration_uncertainty_ppm: Ppm = Field(
        default=100_000,
        description="excess of the mean photon number over the set one in ppm with which all nodes reckon; a node that "
        "has no network takes that of the calibration record where it has both ends",
    )
    least_loss_db: float | None = Field(
        default=None,
        ge=0,
        le=200,
        description="loss in dB that the fibre has at least; no node is believed more key than that lets through",
        examples=[8.0],
    )
    detector_dead_time_ns: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="dead time of each detector of the receiver in ns; no node is believed more clicks than it allows",
        examples=[50.0],
    )
    detectors: int = Field(default=4, ge=1, le=1000, description="detectors of the receiver that click independently")
    protocols: Annotated[tuple[Literal["bb84"], ...], Field(strict=False, min_length=1)] = Field(
        default=("bb84",), description="protocols that both engines can run"
    )

    @property
    def initial_mean_photon_number_e6(self) -> int:
        """In 1e-6 photons per pulse, rounded down."""
        return to_e6(self.initial_mean_photon_number)

    @property
    def maximum_mean_photon_number_e6(self) -> int:
        """In 1e-6 photons per pulse, rounded down."""
        return to_e6(self.maximum_mean_photon_number)


def to_e6(value: float) -> int:
    """A decimal of the configuration in millionths, rounded down unless only binary rounding keeps it from the next."""
    return int(round(value * 1e6, 3))
