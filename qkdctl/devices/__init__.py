"""Devices: kinds, declarative attributes, transports, sessions and supervision.

A driver is a class that names its kind, the identity it expects, its attributes with their wire commands, and how it
goes dark. Everything else (limits, deadlines, resynchronisation, error queues, read-back) is done once, here.
"""

from qkdctl.devices.attributes import Attribute, Limits, Poll, Value
from qkdctl.devices.device import Device, DeviceOptions
from qkdctl.devices.errors import (
    BusStuckError,
    ConnectionLostError,
    DeviceError,
    ExchangeTimeoutError,
    IdentityMismatchError,
    InstrumentError,
    InterlockError,
    OutOfRangeError,
    ProtocolError,
    ReadBackError,
    TransportError,
    UnsafeError,
)
from qkdctl.devices.kinds import (
    DeviceKind,
    KeyRouterDevice,
    QberSample,
    QkdEngineDevice,
    RelayRecord,
    RelayView,
    RouteTable,
    SessionRecord,
)
from qkdctl.devices.reports import Identity, SafeReport
from qkdctl.devices.scpi import Scpi, ScpiDevice
from qkdctl.devices.session import Marker, Session
from qkdctl.devices.text import Line, LineDevice

__all__ = [
    "Attribute",
    "BusStuckError",
    "ConnectionLostError",
    "Device",
    "DeviceError",
    "DeviceKind",
    "DeviceOptions",
    "ExchangeTimeoutError",
    "Identity",
    "IdentityMismatchError",
    "InstrumentError",
    "InterlockError",
    "KeyRouterDevice",
    "Limits",
    "Line",
    "LineDevice",
    "Marker",
    "OutOfRangeError",
    "Poll",
    "ProtocolError",
    "QberSample",
    "QkdEngineDevice",
    "ReadBackError",
    "RelayRecord",
    "RelayView",
    "RouteTable",
    "SafeReport",
    "Scpi",
    "ScpiDevice",
    "Session",
    "SessionRecord",
    "TransportError",
    "UnsafeError",
    "Value",
]
