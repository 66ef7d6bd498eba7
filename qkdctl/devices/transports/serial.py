"""A serial line, on the thread of its bus."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import serial

from qkdctl.devices.bus_thread import BusThread
from qkdctl.devices.errors import ConnectionLostError, ExchangeTimeoutError
from qkdctl.devices.transports.base import ByteStream

_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """Line settings; `baud` in bit/s, `rtscts` hardware flow control."""

    baud: int = 9600
    rtscts: bool = False


def _why(error: Exception) -> str:
    """The cause in words; the library repeats the path, twice."""
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EBUSY):
        return "another program holds the port"
    return os.strerror(number) if number else str(error)


class SerialStream(ByteStream):
    """A tty through pyserial.

    Args:
        path: device file, best a stable one under /dev/serial/by-id; resolved anew on each open, so a replugged
            adapter is found although its port changed.
        settings: line settings.
        bus: the thread this port's blocking calls run on.
    """

    def __init__(self, path: str, settings: SerialSettings, bus: BusThread, timeout_s: float) -> None:
        self._path = path
        self._settings = settings
        self._bus = bus
        self._timeout_s = timeout_s
        self._port: serial.Serial | None = None

    async def open(self) -> None:
        """Open the port exclusively, which drops what lies in its buffers."""
        await self.close()

        def blocking() -> serial.Serial:
            return serial.Serial(
                str(Path(self._path).resolve()),
                self._settings.baud,
                timeout=self._timeout_s,
                write_timeout=self._timeout_s,
                rtscts=self._settings.rtscts,
                exclusive=True,
            )

        try:
            self._port = await self._bus.call(blocking, self._timeout_s + _GRACE_S)
        except (OSError, serial.SerialException, ValueError) as error:
            raise ConnectionLostError(f"{self._path}: {_why(error)}") from error
        self.is_open = True

    async def close(self) -> None:
        """Close the port; a port that hangs is left to its thread."""
        self.is_open = False
        port, self._port = self._port, None
        if port is not None:
            try:
                await self._bus.call(port.close, _GRACE_S)
            except Exception:  # noqa: BLE001 - whatever a vanished tty raises, it is closed
                return

    async def send(self, data: bytes, timeout_s: float) -> None:
        """Write all bytes."""
        port = self._opened()

        def blocking() -> None:
            port.write_timeout = timeout_s
            port.write(data)

        try:
            await self._bus.call(blocking, timeout_s + _GRACE_S)
        except serial.SerialTimeoutException:
            raise ExchangeTimeoutError(f"{self._path}: could not write within {timeout_s:.3g} s") from None
        except (OSError, serial.SerialException, TypeError) as error:
            raise ConnectionLostError(f"{self._path}: {error}") from error

    async def receive(self, timeout_s: float) -> bytes:
        """Wait for one byte, then take all that is there."""
        port = self._opened()

        def blocking() -> bytes:
            port.timeout = timeout_s
            first = port.read(1)
            return bytes(first + port.read(port.in_waiting) if first else first)

        try:
            data = await self._bus.call(blocking, timeout_s + _GRACE_S)
        except (OSError, serial.SerialException, TypeError) as error:
            raise ConnectionLostError(f"{self._path}: {error}") from error
        if not data:
            raise ExchangeTimeoutError(f"{self._path}: no reply within {timeout_s:.3g} s")
        return data

    async def discard_input(self) -> int:
        """Drop what the driver of the tty has buffered."""
        port = self._opened()

        def blocking() -> int:
            waiting = port.in_waiting
            if waiting:
                port.reset_input_buffer()
            return int(waiting)

        try:
            return await self._bus.call(blocking, _GRACE_S)
        except (OSError, serial.SerialException, TypeError) as error:
            raise ConnectionLostError(f"{self._path}: {error}") from error

    def _opened(self) -> serial.Serial:
        if self._port is None:
            raise ConnectionLostError(f"{self._path}: not open")
        return self._port
