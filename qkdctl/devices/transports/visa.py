"""Any VISA resource, on the thread of its bus."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import pyvisa
from pyvisa import constants

from qkdctl.devices.bus_thread import BusThread
from qkdctl.devices.errors import ConnectionLostError, ExchangeTimeoutError
from qkdctl.devices.transports.base import ByteStream

T = TypeVar("T")
_GRACE_S = 0.5
_USB_REOPEN_PAUSE_S = 1.0
_TIMEOUT = constants.StatusCode.error_timeout


class VisaStream(ByteStream):
    """TCPIP SOCKET and INSTR, USB, ASRL and GPIB through pyvisa.

    Args:
        resource: VISA resource string.
        backend: "@py" for pyvisa-py, "" for the vendor library.
        bus: the thread this bus' blocking calls run on; one resource manager per stream, because a USB drop is cured
            only by closing resource and manager.
    """

    def __init__(self, resource: str, bus: BusThread, timeout_s: float, backend: str = "@py") -> None:
        self._resource = resource
        self._backend = backend
        self._bus = bus
        self._timeout_s = timeout_s
        self._manager: Any = None
        self._session: Any = None
        self._was_open = False
        self.reopen_drops_replies = resource.upper().startswith("TCPIP")

    async def open(self) -> None:
        """Open manager and resource; a USB resource that dropped is given a second to enumerate again."""
        await self.close()
        pause_s = _USB_REOPEN_PAUSE_S if self._was_open and self._resource.upper().startswith("USB") else 0.0

        def blocking() -> tuple[Any, Any]:
            time.sleep(pause_s)
            manager = pyvisa.ResourceManager(self._backend)
            session: Any = manager.open_resource(self._resource, open_timeout=int(self._timeout_s * 1000))
            try:
                session.timeout = self._timeout_s * 1000
                session.read_termination = session.write_termination = None
                if self._resource.upper().endswith("SOCKET"):
                    session.set_visa_attribute(constants.ResourceAttribute.termchar, ord("\n"))
                    session.set_visa_attribute(constants.ResourceAttribute.termchar_enabled, constants.VI_TRUE)
            except BaseException:
                session.close()
                raise
            return manager, session

        try:
            self._manager, self._session = await self._bus.call(blocking, self._timeout_s + pause_s + _GRACE_S)
        except (pyvisa.Error, OSError, ValueError) as error:
            raise ConnectionLostError(f"{self._resource}: {error}") from error
        self.is_open = self._was_open = True

    async def close(self) -> None:
        """Close the resource; what hangs is left to its thread."""
        self.is_open = False
        session = self._session
        self._manager = self._session = None
        if session is None:
            return

        try:
            # Not the manager: PyVISA has one per backend, and closing it would close everybody's sessions.
            await self._bus.call(session.close, _GRACE_S)
        except Exception:  # noqa: BLE001 - whatever a dead session raises, it is closed
            return

    async def send(self, data: bytes, timeout_s: float) -> None:
        """Write all bytes; an INSTR resource takes them as one message."""
        session = self._opened()
        await self._guarded(lambda: session.write_raw(data), timeout_s)

    async def receive(self, timeout_s: float) -> bytes:
        """One message, or the bytes up to the next line feed."""
        session = self._opened()

        def blocking() -> bytes:
            session.timeout = max(1.0, timeout_s * 1000)
            return bytes(session.read_raw())

        return await self._guarded(blocking, timeout_s)

    async def _guarded(self, blocking: Callable[[], T], timeout_s: float) -> T:
        try:
            return await self._bus.call(blocking, timeout_s + _GRACE_S)
        except pyvisa.VisaIOError as error:
            if error.error_code == _TIMEOUT:
                raise ExchangeTimeoutError(f"{self._resource}: no reply within {timeout_s:.3g} s") from None
            raise ConnectionLostError(f"{self._resource}: {error}") from error
        except (pyvisa.Error, OSError) as error:
            raise ConnectionLostError(f"{self._resource}: {error}") from error

    def _opened(self) -> Any:
        if self._session is None:
            raise ConnectionLostError(f"{self._resource}: not open")
        return self._session
