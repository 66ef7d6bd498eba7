"""The seam between protocols and wires."""

from abc import ABC, abstractmethod


class ByteStream(ABC):
    """Bytes to and from one instrument.

    Attributes:
        reopen_drops_replies: True when closing the stream also drops every reply still under way (a TCP connection).
            A serial line keeps delivering them.
        is_open: the stream may be used.
    """

    reopen_drops_replies: bool = False
    is_open: bool = False

    @abstractmethod
    async def open(self) -> None:
        """Open; raises ConnectionLostError naming the address and the cause."""

    @abstractmethod
    async def close(self) -> None:
        """Close; never raises, may be called twice."""

    @abstractmethod
    async def send(self, data: bytes, timeout_s: float) -> None:
        """Send all bytes; raises ConnectionLostError or ExchangeTimeoutError."""

    @abstractmethod
    async def receive(self, timeout_s: float) -> bytes:
        """At least one byte; raises ConnectionLostError or ExchangeTimeoutError."""

    async def discard_input(self) -> int:
        """Drop bytes that arrived unasked; returns how many."""
        return 0
