"""Liars that vote and remember as it suits them."""

from collections.abc import Iterable
from dataclasses import replace

from hil_sim.agreement.liars.behaviour import Behaviour, Sent
from qkdctl.abft.messages import Message, Proof, Proposal, RoundChange, Slot, Suggest, Vote, digest_of


class YesMan(Behaviour):
    """Votes in all phases for whatever is proposed or voted for, for one thing here and another there."""

    def hear(self, sender: str, message: Message) -> Iterable[Sent]:
        """All votes that could help, to some."""
        if sender in self.cabal.liars or not isinstance(message, Vote | Proposal):
            return
        value = message.value if isinstance(message, Vote) else digest_of(message.value)
        for to in self.victims:
            if self.side(to, message.epoch, message.round, value, sides=3) == 0:
                continue
            for phase in (1, 2, 3, 4):
                if self.side(to, message.epoch, message.round, value, phase, sides=4):
                    yield to, Vote(message.epoch, message.context, message.round, phase, value)


class Forger(Behaviour):
    """Tells a past that suits whatever value, another one to each."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Proofs and suggestions, made up."""
        if not isinstance(message, Proof | Suggest):
            return (message,)
        del to
        return (replace(message, highest=self._slot(message), other=self._slot(message), last=self._slot(message)),)

    def idle(self) -> Iterable[Sent]:
        """The same for rounds in which it is not."""
        chain = self.cabal.chain
        if chain is None:
            return
        turn = self.cabal.of(chain.epoch).round + 1
        for to in self.victims:
            for form in (Proof, Suggest):
                message = form(chain.epoch, chain.context, turn, None, None, None)
                yield from ((to, said) for said in self.say(to, message))
            yield to, RoundChange(chain.epoch, chain.context, turn)

    def _slot(self, message: Proof | Suggest) -> Slot | None:
        if self.source.random() < 0.3 or message.round == 0:
            return None
        latest = message.round - (self.source.random() < 0.9)
        return Slot(self.source.randint(max(0, latest - 2), latest), self.cabal.some_value(message.epoch))


class Amnesiac(Behaviour):
    """Says that it has never voted."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Empty proofs and suggestions."""
        del to
        if not isinstance(message, Proof | Suggest):
            return (message,)
        return (replace(message, highest=None, other=None, last=None),)


class Turncoat(Behaviour):
    """Votes for something else than it should."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Another known value, another one to each half."""
        if isinstance(message, Vote) and self.side(to, message.epoch, message.round, message.phase):
            return (replace(message, value=self.cabal.some_value(message.epoch)),)
        return (message,)
