"""[links.<name>]: one QKD link, the nodes at its ends, the instruments along it and its optical figures."""

from typing import Annotated, Literal

from pydantic import Field

from qkdctl.config.types import Derived, DeviceName, Name, Ppm, Section
from qkdctl.devices.kinds import DeviceKind
from qkdctl.records.session import End

#: The parts that devices play on a link, and the kind that each part needs.
ROLES = {
    "source": DeviceKind.PHOTON_SOURCE,
    "attenuator": DeviceKind.ATTENUATOR,
    "detector": DeviceKind.DETECTOR,
    "polarization_controller": DeviceKind.POLARIZATION_CONTROLLER,
    "power_meter": DeviceKind.POWER_METER,
    "switch": DeviceKind.OPTICAL_SWITCH,
    "engine_alice": DeviceKind.QKD_ENGINE,
    "engine_bob": DeviceKind.QKD_ENGINE,
}

#: The parts at each end; the node at that end has their instruments.
PARTS: dict[End, tuple[str, ...]] = {
    "alice": ("source", "attenuator", "power_meter", "switch", "engine_alice"),
    "bob": ("detector", "polarization_controller", "engine_bob"),
}

#: The parts without which an end makes no key.
OBLIGATORY: dict[End, tuple[str, ...]] = {"alice": ("source", "attenuator", "engine_alice"), "bob": ("engine_bob",)}


class LinkSection(Section):
    """One QKD link. Mean photon numbers are per signal pulse at Alice's output.

    All nodes of a network have the same links with the same figures. Instruments are named by the node at whose end
    they stand, and by no other.
    """

    alice: Annotated[Name, Derived("the name of this node")] = Field(
        description="node of the sending end", examples=["bench"]
    )
    bob: Annotated[Name, Derived("the name of this node")] = Field(
        description="node of the receiving end", examples=["bench"]
    )
    source: DeviceName | None = Field(
        default=None, description="laser; obligatory at Alice's node", examples=["alice-laser"]
    )
    attenuator: DeviceName | None = Field(
        default=None,
        description="attenuator that sets the mean photon number; obligatory at Alice's node",
        examples=["alice-attenuator"],
    )
    detector: DeviceName | None = Field(default=None, description="detector at Bob", examples=["bob-detector"])
    polarization_controller: DeviceName | None = Field(
        default=None, description="turned when the link is re-aligned", examples=["bob-polarization"]
    )
    power_meter: DeviceName | None = Field(
        default=None, description="at the tap before the attenuator", examples=["alice-tap"]
    )
    switch: DeviceName | None = Field(default=None, description="optical switch at Alice", examples=["path-switch"])
    engine_alice: DeviceName | None = Field(
        default=None, description="QKD engine of the sending end; obligatory at Alice's node", examples=["engine-alice"]
    )
    engine_bob: DeviceName | None = Field(
        default=None, description="QKD engine of the receiving end; obligatory at Bob's node", examples=["engine-bob"]
    )
    wavelength_nm: float = Field(default=1550.12, ge=600, le=1700, description="wavelength in nanometres, in vacuum")
    pulse_rate_hz: float = Field(ge=1e3, le=1e11, description="pulses per second", examples=[1e9])
    operating_current_a: float = Field(
        gt=0, le=20, description="laser current in amperes at which the link is calibrated and run", examples=[0.04]
    )
    tap_ratio: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="power towards the attenuator divided by power at the tap's meter; needed with power_meter",
        examples=[99.0],
    )
    tap_ratio_uncertainty_db: float = Field(default=0.1, ge=0, le=3, description="uncertainty of tap_ratio in dB")
    fixed_loss_db: float = Field(
        default=0.0, ge=0, le=100, description="loss in dB from the tap to Alice's output with the attenuator at 0 dB"
    )
    fixed_loss_uncertainty_db: float = Field(default=0.1, ge=0, le=3, description="uncertainty of fixed_loss_db in dB")
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
    can_realign: Annotated[bool, Derived("true where Bob's end has a polarization_controller, or stands elsewhere")] = (
        Field(description="Bob's end has a polarisation controller", examples=[False])
    )
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
        description="smallest step of the attenuator in dB with which all nodes reckon; where both ends stand at one "
        "node, the attenuator's own counts",
    )
    calibration_uncertainty_ppm: Ppm = Field(
        default=100_000,
        description="excess of the mean photon number over the set one in ppm with which all nodes reckon; where both "
        "ends stand at one node, that of the calibration record counts",
    )
    switch_connections: str = Field(default="", description="what the optical switch must connect", examples=["1>17"])
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

    def ends_at(self, node: str) -> tuple[End, ...]:
        """The ends that stand at a node."""
        return tuple(end for end in PARTS if node == getattr(self, end))

    def devices(self) -> dict[str, str]:
        """Role -> device name, without the roles that nobody plays."""
        roles = {role: getattr(self, role) for role in ROLES}
        return {role: name for role, name in roles.items() if name is not None}


def to_e6(value: float) -> int:
    """A decimal of the configuration in millionths, rounded down unless only binary rounding keeps it from the next."""
    return int(round(value * 1e6, 3))
