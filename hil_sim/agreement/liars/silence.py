"""Liars that say less or later than they should."""

from collections.abc import Iterable

from hil_sim.agreement.liars.behaviour import Behaviour
from qkdctl.abft.messages import Decided, Message, Proposal, Vote


class Silent(Behaviour):
    """Says nothing at all."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Nothing."""
        del to, message
        return ()


class Slow(Behaviour):
    """Says everything, seconds later."""

    def delay_s(self) -> float:
        """Around a round's patience."""
        return self.source.uniform(0.2, 4.0)


class Mute(Behaviour):
    """Takes part until a decision, and never says that it has it."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Everything but `Decided`."""
        del to
        return () if isinstance(message, Decided) else (message,)


class Selective(Behaviour):
    """Speaks to some only, to others in another epoch or round."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """All or nothing."""
        return (message,) if self.side(to, message.epoch, getattr(message, "round", 0)) else ()


class Withholder(Behaviour):
    """Keeps its later votes from some: it lets rounds nearly succeed."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Votes of the last phases reach some only."""
        if isinstance(message, Vote) and message.phase > self.side("phase", message.epoch, message.round, sides=4):
            return (message,) if self.side(to, message.epoch, message.round, sides=3) == 0 else ()
        return (message,)


class SilentLeader(Behaviour):
    """Never proposes."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Everything but proposals."""
        del to
        return () if isinstance(message, Proposal) else (message,)
