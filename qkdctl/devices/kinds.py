"""Kinds of device and what each kind offers at least, so that control code never asks for a brand."""

from enum import Enum
from typing import Protocol

from qkdctl.records.relay import RelayRecord, RelayView
from qkdctl.records.route import RouteTable
from qkdctl.records.session import QberSample, SessionRecord

__all__ = [
    "REQUIRED_ATTRIBUTES",
    "DeviceKind",
    "KeyRouterDevice",
    "QberSample",
    "QkdEngineDevice",
    "RelayRecord",
    "RelayView",
    "RouteTable",
    "SessionRecord",
]


class DeviceKind(Enum):
    """What a device is for."""

    PHOTON_SOURCE = "photon-source"
    ATTENUATOR = "attenuator"
    DETECTOR = "detector"
    POLARIZATION_CONTROLLER = "polarization-controller"
    OPTICAL_SWITCH = "optical-switch"
    POWER_METER = "power-meter"
    QKD_ENGINE = "qkd-engine"
    KEY_ROUTER = "key-router"


#: Per kind: attribute name -> (type, writable). A driver may declare more.
REQUIRED_ATTRIBUTES: dict[DeviceKind, dict[str, tuple[type, bool]]] = {
    DeviceKind.PHOTON_SOURCE: {"emission_enabled": (bool, True), "current_a": (float, True)},
    DeviceKind.ATTENUATOR: {"attenuation_db": (float, True)},
    DeviceKind.DETECTOR: {"count_rate_hz": (float, False)},
    DeviceKind.POLARIZATION_CONTROLLER: {f"voltage_{n}_mv": (int, True) for n in (1, 2, 3, 4)},
    DeviceKind.OPTICAL_SWITCH: {"connections": (str, True)},
    DeviceKind.POWER_METER: {"power_w": (float, False), "wavelength_nm": (float, True)},
    DeviceKind.QKD_ENGINE: {
        "running": (bool, True),
        "protocol": (str, True),
        "mean_photon_number_e6": (int, True),
    },
    DeviceKind.KEY_ROUTER: {"epoch": (int, False), "sequence": (int, False)},
}


class QkdEngineDevice(Protocol):
    """What a QKD engine offers beyond attributes."""

    async def session_records(self, after: int) -> list[SessionRecord]:
        """Records with a sequence number above `after`, oldest first."""

    async def start_alignment(self) -> None:
        """Suspend key generation and send the alignment pattern."""

    async def measure_qber(self, pulses: int) -> QberSample:
        """Error rate over this many pulses; only in alignment mode."""

    async def end_alignment(self) -> None:
        """Return to key generation; a new key block begins."""


class KeyRouterDevice(Protocol):
    """What a key router offers beyond attributes."""

    async def routes(self) -> RouteTable:
        """The table of routes in force."""

    async def set_routes(self, table: RouteTable) -> RouteTable:
        """Replace the whole table and read it back."""

    async def relay_records(self, after: int) -> list[RelayRecord]:
        """Records with a sequence number above `after`, oldest first."""

    async def audit(self, key: str) -> RelayView:
        """Open the hop keys of one key whose hashes were unequal."""
