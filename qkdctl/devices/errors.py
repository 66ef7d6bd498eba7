"""What can go wrong between the daemon and an instrument, by cause."""

from collections.abc import Sequence


class DeviceError(Exception):
    """Any failure of a device; the message names the device, what was tried, and what was expected."""


class TransportError(DeviceError):
    """The bytes did not get through."""


class ConnectionLostError(TransportError):
    """The port could not be opened, or the other side is gone."""


class ExchangeTimeoutError(TransportError):
    """No complete reply before the deadline; the stream is resynchronised before it is used again."""


class BusStuckError(TransportError):
    """A blocking call never came back; its thread was abandoned and the bus is faulted."""


class ProtocolError(DeviceError):
    """A reply arrived that the manual does not allow."""


class IdentityMismatchError(DeviceError):
    """Another instrument answers on the configured port; nothing was written to it."""


class OutOfRangeError(DeviceError, ValueError):
    """The value is outside the limits, of the wrong type, too large a step or not writable; nothing was sent."""


class InstrumentError(DeviceError):
    """The instrument refused a command.

    Attributes:
        command: what was sent.
        entries: (code, text) pairs of its error queue, oldest first.
        overflow: the instrument dropped further entries (-350).
    """

    def __init__(self, message: str, command: str, entries: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(message)
        self.command = command
        self.entries = tuple(entries)
        self.overflow = any(code == -350 for code, _ in entries)


class InterlockError(InstrumentError):
    """The instrument refused to emit because an interlock, key lock or missing temperature control forbids it."""


class ReadBackError(DeviceError):
    """The instrument did not reach the value that was set, within its settling time."""


class UnsafeError(DeviceError):
    """A source could not be shown to be dark."""
