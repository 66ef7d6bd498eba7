"""Addresses of instruments, checked as far as their text goes; nothing is opened."""

import re

from pydantic_core import PydanticCustomError

from qkdctl.config.redaction import carries_secret
from qkdctl.config.suggestions import did_you_mean, listing, nearest
from qkdctl.devices.address import SCHEMES, Address, parse_address

_HOST_PORT = re.compile(r"[A-Za-z0-9.-]+:\d{1,5}")
_SERIAL_PARAMETERS = ("baud",)
_LAN_DEVICE = re.compile(r"(?i)(inst|gpib|hislip|usb|com)\d*.*")
_VISA_CLASSES = ("INSTR", "SOCKET", "RAW")
_FORMS = (
    '"tcp://host:port", "serial:///dev/...?baud=9600", a VISA resource such as "TCPIP::host::5025::SOCKET", '
    '"zmq+tcp://host:port" or "http://host:port"'
)
#: Schemes that carry the same kind of exchange can stand in for each other.
_FAMILIES = {
    "tcp": "a byte stream",
    "serial": "a byte stream",
    "visa": "a byte stream",
    "zmq+tcp": "ZeroMQ",
    "http": "HTTP",
    "https": "HTTP",
    "http+unix": "HTTP",
}


def check_address(text: str) -> str:
    """Return the address, or refuse it.

    Raises:
        PydanticCustomError: with `expected` and `hint` in its context.
    """
    if carries_secret(text):
        raise _refusal("an address must not carry a secret", "an address without user, password or token", "")
    try:
        address = parse_address(text)
    except ValueError:
        raise _refusal("not the address of an instrument", _FORMS, _address_hint(text)) from None
    if address.scheme == "serial":
        _check_serial(address)
    elif address.scheme == "visa":
        _check_visa(address.path)
    return text


def family(text: str) -> str:
    """What kind of exchange an address carries, "" for one that does not parse."""
    try:
        return _FAMILIES.get(parse_address(text).scheme, "")
    except ValueError:
        return ""


def _check_serial(address: Address) -> None:
    for name, value in address.parameters.items():
        if name not in _SERIAL_PARAMETERS:
            expected = f"?{listing(_SERIAL_PARAMETERS)}="
            hint = did_you_mean(name, _SERIAL_PARAMETERS) or "other line settings are the driver's business"
            raise _refusal(f"a serial line has no setting {name!r}", expected, hint)
        if not value.isdigit() or not int(value):
            raise _refusal("the speed of the serial line is not a number", "?baud=9600 or another speed in bit/s", "")


def _check_visa(resource: str) -> None:
    from pyvisa import rname  # noqa: PLC0415 - heavy, and only VISA addresses need it

    try:
        parsed = rname.ResourceName.from_string(resource)
    except rname.InvalidResourceName as error:
        wanted = str(error).partition("The syntax is ")[2].partition("' (")[0].strip("'") or "a VISA resource"
        raise _refusal("not a VISA resource", wanted, _visa_hint(resource)) from None
    # VISA takes any last word as the name of a LAN device, a misspelt SOCKET too.
    lan_device = str(getattr(parsed, "lan_device_name", ""))
    if lan_device and not _LAN_DEVICE.fullmatch(lan_device):
        raise _refusal(
            "not a VISA resource", "TCPIP::host::port::SOCKET or TCPIP::host::inst0::INSTR", _visa_hint(resource)
        )
    port = str(getattr(parsed, "port", "1"))
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise _refusal("the port of the VISA resource is not a number from 1 to 65535", "TCPIP::host::port::SOCKET", "")


def _visa_hint(resource: str) -> str:
    *parts, last = resource.split("::")
    if last.isdigit() and len(parts) == 2:
        return f'did you mean "{resource}::SOCKET"?'
    near = nearest(last, _VISA_CLASSES)
    return f'did you mean "{"::".join([*parts, near])}"?' if near and near != last else ""


def _address_hint(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator:
        if text.startswith("/"):
            return f'a serial line is "serial://{text}"'
        return f'a TCP port is "tcp://{text}"' if _HOST_PORT.fullmatch(text) else ""
    if scheme in {"serial", "http+unix"}:
        return f'the path is absolute, so there are three slashes: "{scheme}:///{rest}"'
    if scheme in SCHEMES:
        return f'host and port are both needed: "{scheme}://host:port", the port from 1 to 65535'
    near = nearest(scheme, SCHEMES)
    return f'did you mean "{near}://{rest}"?' if near else ""


def _refusal(message: str, expected: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("address", "{message}", {"message": message, "expected": expected, "hint": hint})
