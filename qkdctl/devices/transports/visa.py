"""Any VISA resource, on the thread of its bus."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pyvisa
from pyvisa import constants

from qkdctl.devices.bus_thread import BusThread
from qkdctl.devices.errors import BusStuckError, ConnectionLostError, ExchangeTimeoutError
from qkdctl.devices.transports.base import ByteStream

T = TypeVar("T")
_GRACE_S = 0.5
#: pyvisa-py gives some steps five seconds of its own: connecting, and aborting a USB transfer that timed out.
_MESSAGE_GRACE_S = 6.0
_USB_REOPEN_PAUSE_S = 1.0
_TIMEOUT = constants.StatusCode.error_timeout
# What pyvisa complains about is raised as well, and an outage is logged once, not with a traceback per attempt.
logging.getLogger("pyvisa").setLevel(logging.CRITICAL)


class VisaStream(ByteStream):
    """Message-based resources (USB, GPIB, TCPIP INSTR) and ASRL through pyvisa.

    An instrument that takes messages drops replies that nobody fetched when it is cleared, so opening clears it. A USB
    resource names the instrument by its serial number, so it is found again at whatever port it is plugged into.

    Args:
        resource: VISA resource string.
        bus: the thread this bus' blocking calls run on.
        timeout_s: for opening.
        backend: "@py" for pyvisa-py, "" for the vendor library.
        baud: speed of an ASRL resource in bit/s.
    """

    def __init__(
        self, resource: str, bus: BusThread, timeout_s: float, *, backend: str = "@py", baud: int = 9600
    ) -> None:
        self._resource = resource
        self._backend = backend
        self._bus = bus
        self._timeout_s = timeout_s
        self._baud = baud
        self._session: Any = None
        self._was_open = False
        self._is_serial = resource.upper().startswith("ASRL")
        self._grace_s = _GRACE_S if self._is_serial else _MESSAGE_GRACE_S
        self.reopen_drops_replies = not self._is_serial

    async def open(self) -> None:
        """Open and clear the resource; a USB resource that dropped is given a second to enumerate again."""
        await self.close()
        pause_s = _USB_REOPEN_PAUSE_S if self._was_open and self._resource.upper().startswith("USB") else 0.0

        def blocking() -> Any:
            time.sleep(pause_s)
            manager = pyvisa.ResourceManager(self._backend)
            session: Any = manager.open_resource(self._resource, open_timeout=int(self._timeout_s * 1000))
            try:
                session.timeout = self._timeout_s * 1000
                session.read_termination = session.write_termination = None
                self._reset(session)
            except BaseException:
                session.close()
                raise
            return session

        try:
            self._session = await self._bus.call(blocking, self._timeout_s + pause_s + self._grace_s)
        except BusStuckError:
            raise
        except Exception as error:  # pyvisa-py raises what it likes
            raise ConnectionLostError(f"{self._resource}: {error or type(error).__name__}") from error
        self.is_open = self._was_open = True

    def _reset(self, session: Any) -> None:
        """Forget what the instrument had to say to somebody else."""
        if self._is_serial:
            session.baud_rate = self._baud
            session.end_input = session.end_output = constants.SerialTermination.none
            session.flush(constants.BufferOperation.discard_read_buffer)
            return
        if "hislip" in self._resource.lower():  # each reply bears the number of its query
            return
        try:
            session.clear()
        except pyvisa.VisaIOError:  # pyvisa-py cannot clear over USB; there a new query drops an old reply (IEEE 488.2)
            return

    async def close(self) -> None:
        """Close the resource; what hangs is left to its thread."""
        self.is_open = False
        session, self._session = self._session, None
        if session is None:
            return
        try:
            # Not the manager: PyVISA has one per backend, and closing it would close everybody's sessions.
            await self._bus.call(session.close, _GRACE_S)
        except Exception:  # noqa: BLE001 - whatever a dead session raises, it is closed
            return

    async def send(self, data: bytes, timeout_s: float) -> None:
        """Write all bytes; an instrument takes them as one message."""
        session = self._opened()
        await self._guarded(lambda: session.write_raw(data), timeout_s)

    async def receive(self, timeout_s: float) -> bytes:
        """One message; on a serial line the bytes that are there, waiting for the first."""
        session = self._opened()

        def blocking() -> bytes:
            session.timeout = max(1.0, timeout_s * 1000)
            if not self._is_serial:
                return bytes(session.read_raw())
            first = session.read_bytes(1)
            waiting = session.bytes_in_buffer
            return bytes(first + (session.read_bytes(waiting) if waiting else b""))

        return await self._guarded(blocking, timeout_s)

    async def discard_input(self) -> int:
        """Drop what a serial line has buffered; messages are fetched one by one and leave nothing behind."""
        if not self._is_serial:
            return 0
        session = self._opened()

        def blocking() -> int:
            waiting = int(session.bytes_in_buffer)
            if waiting:
                session.flush(constants.BufferOperation.discard_read_buffer)
            return waiting

        return await self._guarded(blocking, _GRACE_S)

    async def _guarded(self, blocking: Callable[[], T], timeout_s: float) -> T:
        try:
            return await self._bus.call(blocking, timeout_s + self._grace_s)
        except pyvisa.VisaIOError as error:
            if error.error_code == _TIMEOUT:
                raise ExchangeTimeoutError(f"{self._resource}: no reply within {timeout_s:.3g} s") from None
            raise ConnectionLostError(f"{self._resource}: {error}") from error
        except BusStuckError:
            raise
        except Exception as error:  # pyvisa-py raises what it likes
            raise ConnectionLostError(f"{self._resource}: {error or type(error).__name__}") from error

    def _opened(self) -> Any:
        if self._session is None:
            raise ConnectionLostError(f"{self._resource}: not open")
        return self._session
