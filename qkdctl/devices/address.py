"""Addresses of instruments, as the configuration writes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

_VISA = re.compile(r"^(TCPIP|USB|ASRL|GPIB|VXI|PXI|PRLGX-\w+)\d*(::|/|:|$)", re.IGNORECASE)
SCHEMES = ("tcp", "serial", "visa", "zmq+tcp", "http", "https", "http+unix")
_EXAMPLES = (
    'expected "tcp://host:port", "serial:///dev/serial/by-id/...?baud=9600", a VISA resource such as '
    '"TCPIP::host::5025::SOCKET", "zmq+tcp://host:5555" or "http://host:port"'
)


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address.

    Attributes:
        scheme: one of SCHEMES.
        host, port: for network schemes; "" and 0 otherwise.
        path: device file of a serial line, or the whole VISA resource.
        parameters: what stands behind the question mark.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def bus(self) -> str:
        """The physical bus: devices with equal values share one thread."""
        if self.scheme == "serial":
            return self.path
        if self.scheme == "visa":
            board, _, rest = self.path.partition("::")
            return board.upper() if board.upper().startswith("GPIB") else f"{board}::{rest}".upper()
        return f"{self.scheme}://{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Parse an address.

    Raises:
        ValueError: says what is wrong and shows the forms that are understood.
    """
    if _VISA.match(text) or text.startswith("visa:"):
        return Address("visa", path=text.removeprefix("visa:"))
    parts = urlsplit(text)
    parameters = dict(parse_qsl(parts.query))
    if parts.scheme not in SCHEMES:
        raise ValueError(f"{text!r} is no instrument address; {_EXAMPLES}")
    if parts.scheme in {"serial", "http+unix"}:
        if not parts.path.startswith("/"):
            raise ValueError(f"{text!r} names no absolute path; expected {parts.scheme}:///path")
        return Address(parts.scheme, path=parts.path, parameters=parameters)
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    if not parts.hostname or not port:
        raise ValueError(f"{text!r} needs host and port; {_EXAMPLES}")
    return Address(parts.scheme, host=parts.hostname, port=port, path=parts.path, parameters=parameters)
