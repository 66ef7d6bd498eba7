"""What a liar may do with what it should say, with what it hears, and unasked."""

import random
from collections.abc import Iterable

from hil_sim.agreement.liars.cabal import Cabal
from qkdctl.abft.messages import Message

Sent = tuple[str, Message]
"""Receiver and message."""


class Behaviour:
    """One way of lying; this one does not lie.

    Args:
        me: the liar.
        cabal: what all liars know together.
        source: of chance.
    """

    def __init__(self, me: str, cabal: Cabal, source: random.Random) -> None:
        self.me = me
        self.cabal = cabal
        self.source = source
        self._sides: dict[tuple[object, ...], int] = {}

    def delay_s(self) -> float:
        """How much later than it should it speaks, in seconds."""
        return 0.0

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """What a receiver hears in place of a message."""
        del to
        return (message,)

    def hear(self, sender: str, message: Message) -> Iterable[Sent]:
        """What is said because of a message."""
        del sender, message
        return ()

    def idle(self) -> Iterable[Sent]:
        """What is said unasked, from time to time."""
        return ()

    def side(self, *subject: object, sides: int = 2) -> int:
        """A part of the peers for one subject, drawn once."""
        if subject not in self._sides:
            if len(self._sides) > 5000:
                self._sides.clear()
            self._sides[subject] = self.source.randrange(sides)
        return self._sides[subject]

    @property
    def victims(self) -> list[str]:
        """All nodes but the liars."""
        return [name for name in self.cabal.names if name not in self.cabal.liars]
