"""How much security a channel has, in words that mean one thing each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["direct", "relayed", "hybrid"]
"""Where the key of a pair comes from: a QKD link between the two; QKD links and relays between them; QKD together with
a computational key exchange, be it mixed in by the key server or a bridge where no QKD link is."""


class Kind(StrEnum):
    """The levels, best first."""

    ITS = "its"
    """One-time tags with key of the direct link: safe from any computing power."""
    ITS_RELAYED = "its-relayed"
    """The same with key that relays passed on: safe unless they lie together on too many disjoint paths."""
    HYBRID = "hybrid"
    """One-time tags with key that owes a part of its secrecy to a computational assumption."""
    COMPUTATIONAL = "computational"
    """HMAC-SHA-256 with a key from QKD."""
    NONE = "none"
    """There is no key: nothing can be said or heard."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of a channel at one moment.

    Attributes:
        connectivity: vertex connectivity of the key graph, with `its-relayed` only; None otherwise.
    """

    kind: Kind
    connectivity: int | None = None

    def __str__(self) -> str:
        """Such as `its` or `its-relayed(3)`."""
        return str(self.kind) if self.connectivity is None else f"{self.kind}({self.connectivity})"


@dataclass(frozen=True, slots=True)
class Way:
    """How key reaches a peer.

    Attributes:
        connectivity: vertex connectivity of the key graph; needed for relayed key.
    """

    origin: Origin = "direct"
    connectivity: int = 0

    @property
    def level(self) -> Level:
        """The level of a channel as long as it has one-time pads."""
        if self.origin == "relayed":
            return Level(Kind.ITS_RELAYED, self.connectivity)
        return Level(Kind.ITS if self.origin == "direct" else Kind.HYBRID)
