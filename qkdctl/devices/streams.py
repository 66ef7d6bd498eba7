"""From an address to a byte stream."""

from qkdctl.devices.address import Address, parse_address
from qkdctl.devices.bus_thread import Buses
from qkdctl.devices.transports.base import ByteStream
from qkdctl.devices.transports.tcp import TcpStream

_BUSES = Buses()


def open_stream(text: str, timeout_s: float, *, default_baud: int = 9600, rtscts: bool = False) -> ByteStream:
    """The stream of an address, not yet open.

    pyserial and pyvisa are imported only when an address needs them.

    Args:
        text: tcp://, serial:// or a VISA resource; `?baud=` and `?backend=` override the defaults.
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
        from qkdctl.devices.transports.visa import VisaStream  # noqa: PLC0415 - heavy

        return VisaStream(address.path, _BUSES.thread(address.bus), timeout_s)
    raise ValueError(f"{text!r}: {address.scheme} carries messages, not a byte stream; use tcp, serial or VISA")


def _serial(address: Address, timeout_s: float, default_baud: int, *, rtscts: bool) -> ByteStream:
    from qkdctl.devices.transports.serial import SerialSettings, SerialStream  # noqa: PLC0415 - heavy

    baud = address.parameters.get("baud", str(default_baud))
    if not baud.isdigit():
        raise ValueError(f"serial://{address.path}: baud={baud!r} is no number")
    settings = SerialSettings(int(baud), rtscts)
    return SerialStream(address.path, settings, _BUSES.thread(address.bus), timeout_s)
