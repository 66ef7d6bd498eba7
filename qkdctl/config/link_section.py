"""[links.<name>]: one QKD link, the nodes at its ends, the instruments along it and its optical figures."""

from typing import Annotated

from pydantic import Field

from qkdctl.config.shared_figures import SharedFigures
from qkdctl.config.types import Derived, DeviceName, Name
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

#: The keys without which an end makes no key.
OBLIGATORY: dict[End, tuple[str, ...]] = {
    "alice": ("source", "attenuator", "engine_alice", "operating_current_a"),
    "bob": ("engine_bob",),
}


class LinkSection(SharedFigures):
    """One QKD link. Mean photon numbers are per signal pulse at Alice's output.

    All nodes of a network have the same links with the same figures, which the network's description gives where there
    is one. Instruments are named by the node at whose end they stand, and by no other.
    """

    alice: Annotated[Name, Derived("the name of this node")] = Field(
        description="node of the sending end", examples=["bench"]
    )
    bob: Annotated[Name, Derived("the name of this node")] = Field(
        description="node of the receiving end", examples=["bench"]
    )
    can_realign: Annotated[bool, Derived("true where Bob's end has a polarization_controller, or stands elsewhere")] = (
        Field(description="Bob's end has a polarisation controller", examples=[False])
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
    operating_current_a: float | None = Field(
        default=None,
        gt=0,
        le=20,
        description="laser current in amperes at which the link is calibrated and run; obligatory at Alice's node",
        examples=[0.04],
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
    switch_connections: str = Field(default="", description="what the optical switch must connect", examples=["1>17"])

    def ends_at(self, node: str) -> tuple[End, ...]:
        """The ends that stand at a node."""
        return tuple(end for end in PARTS if node == getattr(self, end))

    def devices(self) -> dict[str, str]:
        """Role -> device name, without the roles that nobody plays."""
        roles = {role: getattr(self, role) for role in ROLES}
        return {role: name for role, name in roles.items() if name is not None}
