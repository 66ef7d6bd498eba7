"""Liars that send what makes no sense, too much of it, or of the wrong time."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any

from hil_sim.agreement.liars.behaviour import Behaviour, Sent
from qkdctl.abft.messages import (
    ROUND_MAX,
    Content,
    Decided,
    Echo,
    Here,
    InContext,
    Message,
    Proof,
    Proposal,
    Report,
    RoundChange,
    Slot,
    Suggest,
    Vote,
    Wanted,
)

_KEPT = 60


class Mutator(Behaviour):
    """Changes one field of some messages."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """The message, changed or not, or both."""
        del to
        if self.source.random() < 0.6:
            return (message,)
        changed = self._changed(message)
        return (changed,) if self.source.random() < 0.7 else (changed, message)

    def _changed(self, message: Message) -> Message:
        names = [entry.name for entry in fields(message) if entry.name != "kind"]
        name = self.source.choice(names)
        return replace(message, **{name: self._other(name, getattr(message, name), message.epoch)})

    def _other(self, name: str, value: Any, epoch: int) -> Any:
        if name == "context" or (name == "value" and len(value) == 64):
            return self.cabal.some_value(epoch) if self.source.random() < 0.7 else self.cabal.no_digest()
        if name in ("epoch", "round", "phase"):
            return max(0, value + self.source.choice((-2, -1, 1, 2, 5)))
        if name in ("highest", "other", "last"):
            return Slot(self.source.randint(0, 3), self.cabal.some_value(epoch))
        if isinstance(value, tuple):
            return value[::-1] if self.source.random() < 0.5 else value[:-1]
        at = self.source.randrange(len(value) + 1)
        return value[:at] + self.source.choice(("0", "}", "é", "")) + value[at + 1 :]


class Replayer(Behaviour):
    """Says again as its own what it has said and heard before."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._heard: deque[Message] = deque(maxlen=_KEPT)

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Keep it for later."""
        del to
        self._heard.append(message)
        return (message,)

    def hear(self, sender: str, message: Message) -> Iterable[Sent]:
        """Keep it, too."""
        del sender
        self._heard.append(message)
        return ()

    def idle(self) -> Iterable[Sent]:
        """A handful of old messages."""
        for _ in range(10 if self._heard else 0):
            yield self.source.choice(self.victims), self.source.choice(self._heard)


class DecidedLiar(Behaviour):
    """Claims decisions that were not made, of the past, the present and the future."""

    def idle(self) -> Iterable[Sent]:
        """Another claim to each."""
        chain = self.cabal.chain
        if chain is not None:
            for to in self.victims:
                epoch = max(1, chain.epoch + self.source.choice((-2, -1, 0, 0, 0, 1)))
                yield to, Decided(epoch, self.cabal.some_value(epoch))


class Braggart(Behaviour):
    """Claims to be in epochs and rounds far ahead."""

    def idle(self) -> Iterable[Sent]:
        """Great numbers."""
        chain = self.cabal.chain
        if chain is None:
            return
        for to in self.victims:
            ahead = self.source.choice((0, 1, 1000, 10**9))
            turn = self.source.choice((1, 2, 50, ROUND_MAX))
            epoch, context = chain.epoch + ahead, chain.context
            yield (
                to,
                self.source.choice(
                    (
                        Here(epoch, context),
                        RoundChange(epoch, context, turn),
                        Vote(epoch, context, turn, 1, self.cabal.some_value(chain.epoch)),
                        Decided(epoch, self.cabal.some_value(chain.epoch)),
                    )
                ),
            )


class Stranger(Behaviour):
    """Speaks of another history."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Now and then with a context of its own."""
        if isinstance(message, InContext) and self.side(to, message.epoch, sides=3) == 0:
            return (replace(message, context="f" * 64),)
        return (message,)


class Flooder(Behaviour):
    """Sends junk of all kinds, as much as its links carry."""

    def idle(self) -> Iterable[Sent]:
        """A burst to everybody."""
        chain = self.cabal.chain
        if chain is None:
            return
        for to in self.victims:
            for _ in range(self.source.randint(1, 12)):
                epoch = max(1, chain.epoch + self.source.choice((-1, 0, 0, 0, 1, 2)))
                context = chain.context if self.source.random() < 0.9 else self.cabal.no_digest()
                yield to, self.source.choice(self._forms())(epoch, context)

    def _forms(self) -> list[Callable[[int, str], Message]]:
        turn, value = (
            self.source.randint(0, 5),
            self.cabal.some_value(self.cabal.chain.epoch if self.cabal.chain else 0),
        )
        slot = Slot(self.source.randint(0, 5), self.cabal.no_digest()) if self.source.random() < 0.7 else None
        junk = "x" * self.source.choice((1, 100, 3000))
        names = self.cabal.names
        digests = tuple(self.cabal.no_digest() for _ in range(2 * len(names)))
        return [
            lambda epoch, context: Report(epoch, context, junk),
            lambda epoch, context: Echo(epoch, context, tuple((name, digests) for name in names)),
            lambda epoch, context: Proposal(epoch, context, turn, junk),
            lambda epoch, context: Vote(epoch, context, turn, self.source.randint(1, 4), value),
            lambda epoch, context: Proof(epoch, context, turn, slot, None, slot),
            lambda epoch, context: Suggest(epoch, context, turn, slot, slot, slot),
            lambda epoch, context: RoundChange(epoch, context, turn),
            lambda epoch, _: Decided(epoch, value),
            Here,
            lambda epoch, _: Wanted(epoch, digests[:64]),
            lambda epoch, _: Content(epoch, junk),
        ]


class Asker(Behaviour):
    """Wants everything, from everybody, all the time, and of the past another epoch each time."""

    def idle(self) -> Iterable[Sent]:
        """As many questions as its links carry."""
        chain = self.cabal.chain
        if chain is None:
            return
        for to in self.victims:
            for _ in range(8):
                epoch = max(1, chain.epoch - self.source.randint(0, 3))
                known = self.cabal.of(epoch)
                digests = [*known.values, *(found for texts in known.reports.values() for found in texts)]
                yield to, Wanted(epoch, tuple(self.source.sample(digests, min(len(digests), 20))))
                yield to, Here(epoch, chain.context)
