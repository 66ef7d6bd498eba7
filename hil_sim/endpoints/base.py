"""What lies between an endpoint (a socket, a pty) and a simulated instrument."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes for the wire, `delay_s` seconds after the bytes that asked for them; order is kept."""

    data: bytes
    delay_s: float = 0.0


class Conversation(ABC):
    """The wire side of an instrument for one connection: keeps partial input, turns whole commands into replies."""

    def greeting(self) -> Sequence[Reply]:
        """Bytes sent when the connection opens; none unless the instrument greets."""
        return ()

    @abstractmethod
    def received(self, data: bytes) -> Sequence[Reply]:
        """Take bytes as they come, split or merged, and return what the instrument answers."""


class Instrument(ABC):
    """A simulated instrument: its state lives here, apart from its wire interface."""

    @abstractmethod
    def converse(self) -> Conversation:
        """A fresh conversation for a new connection."""

    @abstractmethod
    def power_cycle(self) -> None:
        """Return to the state after power-on."""
