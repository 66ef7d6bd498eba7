"""The service manager's end of the notification socket."""

import select
import socket
from collections.abc import Callable
from typing import Self

Message = dict[str, str]


class Manager:
    """Receives what a service says, one dictionary per datagram."""

    def __init__(self, address: str) -> None:
        """Listen on a path, or on @name in the abstract namespace."""
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def messages(self) -> list[Message]:
        """All that has arrived since the last call."""
        found: list[Message] = []
        while True:
            try:
                datagram = self._socket.recv(65_536).decode()
            except BlockingIOError:
                return found
            found.append(dict(line.split("=", 1) for line in datagram.split("\n")))

    def wait_for(self, wanted: Callable[[Message], bool], timeout_s: float = 10.0) -> list[Message]:
        """All messages up to and including the first wanted one; fails when none comes in time."""
        found: list[Message] = []
        while select.select([self._socket], [], [], timeout_s)[0]:
            datagram = self._socket.recv(65_536).decode()
            found.append(dict(line.split("=", 1) for line in datagram.split("\n")))
            if wanted(found[-1]):
                return found
        raise AssertionError(f"the service did not say what was wanted within {timeout_s} s, only {found}")
