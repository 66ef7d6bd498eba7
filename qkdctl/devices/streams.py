"""From an address to a byte stream."""

import os
import re

from qkdctl.devices.address import Address, parse_address
from qkdctl.devices.bus_thread import Buses
from qkdctl.devices.transports.base import ByteStream
from qkdctl.devices.transports.tcp import TcpStream

#: A bus is one thing for the whole process, whoever opens an instrument on it.
_BUSES = Buses()
_SOCKET = re.compile(r"^TCPIP\d*::(?P<host>[^:]+)::(?P<port>\d+)::SOCKET$", re.IGNORECASE)
_BACKEND_VARIABLE = "PYVISA_LIBRARY"


def open_stream(text: str, timeout_s: float, *, default_baud: int = 9600, rtscts: bool = False) -> ByteStream:
    """The stream of an address, not yet open.

    A VISA SOCKET is plain TCP and needs neither library nor thread. Other VISA resources go through pyvisa, whose
    backend is pyvisa-py unless the environment variable PYVISA_LIBRARY names another. pyserial and pyvisa are imported
    only when an address needs them.

    Args:
        text: tcp://, serial:// or a VISA resource; `?baud=` overrides the speed of a serial line.
        timeout_s: for opening.
        default_baud: speed of a serial line in bit/s, by the instrument's manual.
        rtscts: whether it uses hardware flow control.

    Raises:
        ValueError: the address is malformed or its scheme carries no byte stream.
    """
    address = parse_address(text)
    if address.scheme == "tcp":
        return TcpStream(address.host, address.port, timeout_s)
    if address.scheme == "serial":
        return _serial(address, timeout_s, default_baud, rtscts=rtscts)
    if address.scheme == "visa":
        return _visa(address, timeout_s, default_baud)
    raise ValueError(f"{text!r}: {address.scheme} carries messages, not a byte stream; use tcp, serial or VISA")


def _serial(address: Address, timeout_s: float, default_baud: int, *, rtscts: bool) -> ByteStream:
    from qkdctl.devices.transports.serial import SerialSettings, SerialStream  # noqa: PLC0415 - heavy

    baud = address.parameters.get("baud", str(default_baud))
    if not baud.isdigit():
        raise ValueError(f"serial://{address.path}: baud={baud!r} is no number")
    settings = SerialSettings(int(baud), rtscts)
    return SerialStream(address.path, settings, _BUSES.thread(address.bus), timeout_s)


def _visa(address: Address, timeout_s: float, default_baud: int) -> ByteStream:
    socket = _SOCKET.match(address.path)
    if socket is not None:
        return TcpStream(socket["host"], int(socket["port"]), timeout_s)
    from qkdctl.devices.transports.visa import VisaStream  # noqa: PLC0415 - heavy

    backend = os.environ.get(_BACKEND_VARIABLE) or "@py"
    return VisaStream(address.path, _BUSES.thread(address.bus), timeout_s, backend=backend, baud=default_baud)
