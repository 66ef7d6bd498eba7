"""Durable marks of how far each channel has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class SupersededError(Exception):
    """Another process has taken over the store: this one must send nothing more."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a channel has come.

    Attributes:
        sent: highest position that may have been sent to the peer.
        heard: highest position accepted from it.
    """

    sent: int = 0
    heard: int = 0


class PadLedger(Protocol):
    """Where marks are kept."""

    async def claim(self, session: bytes) -> Mapping[str, Mark]:
        """Take over for a new process, and get the mark of each peer. Whoever had it before can store no more."""

    async def store(self, session: bytes, marks: Mapping[str, Mark]) -> None:
        """Make marks durable, all at once; no mark goes down.

        Raises:
            SupersededError: another session has claimed the ledger since.
        """


@dataclass(slots=True)
class MemoryLedger:
    """Marks of a process that is not meant to outlive its memory, such as a simulated one.

    Attributes:
        marks: by peer.
        session: who claimed it last.
    """

    marks: dict[str, Mark] = field(default_factory=dict)
    session: bytes = b""

    async def claim(self, session: bytes) -> Mapping[str, Mark]:
        """Take over."""
        self.session = session
        return dict(self.marks)

    async def store(self, session: bytes, marks: Mapping[str, Mark]) -> None:
        """Keep the larger of old and new marks.

        Raises:
            SupersededError: another session has claimed the ledger since.
        """
        if session != self.session:
            raise SupersededError("another process has claimed the marks of this node")
        for peer, mark in marks.items():
            old = self.marks.get(peer, Mark())
            self.marks[peer] = Mark(max(old.sent, mark.sent), max(old.heard, mark.heard))
