"""Liars that lie about reports and their texts."""

from collections.abc import Iterable
from dataclasses import replace

from hil_sim.agreement.liars.behaviour import Behaviour, Sent
from qkdctl.abft.messages import Content, Echo, Message, Report, Wanted, digest_of


class TwoReports(Behaviour):
    """Reports one thing here and another there, and echoes both."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._texts: dict[int, tuple[str, str]] = {}

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """One of two reports; both in the echo."""
        if isinstance(message, Report):
            if message.epoch not in self._texts:
                self._texts = {message.epoch: (message.content, self._other(message.content))}
            text = self._texts[message.epoch][self.side(to, message.epoch)]
            self.cabal.note(self.me, replace(message, content=text))
            return (replace(message, content=text),)
        if isinstance(message, Echo) and message.epoch in self._texts:
            both = tuple(sorted(digest_of(text) for text in self._texts[message.epoch]))
            seen = dict(message.seen) | {self.me: both}
            return (replace(message, seen=tuple(sorted(seen.items()))),)
        return (message,)

    def hear(self, sender: str, message: Message) -> Iterable[Sent]:
        """Hand out whichever is wanted."""
        if isinstance(message, Wanted):
            for text in self._texts.get(message.epoch, ()):
                if digest_of(text) in message.digests:
                    yield sender, Content(message.epoch, text)

    @staticmethod
    def _other(text: str) -> str:
        return text.replace('"number":', '"number":1')


class EchoLiar(Behaviour):
    """Echoes what it has not, keeps back what it has, and names what does not exist."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """A list with gaps and inventions, as long as is allowed."""
        if not isinstance(message, Echo):
            return (message,)
        seen = {author: digests for author, digests in message.seen if self.side(to, author, message.epoch, sides=3)}
        for author in self.cabal.names:
            if self.side(to, author, message.epoch, "junk", sides=4) == 0:
                junk = tuple(self.cabal.no_digest() for _ in range(self.source.randint(1, 2 * len(self.cabal.names))))
                seen[author] = (*junk, *seen.get(author, ())) if self.source.random() < 0.5 else junk
            elif self.side(to, author, message.epoch, "all", sides=2):
                known = tuple(sorted(self.cabal.of(message.epoch).reports.get(author, ())))
                seen[author] = known or seen.get(author, ())
        return (replace(message, seen=tuple(sorted(seen.items()))),)


class WrongTexts(Behaviour):
    """Hands out other texts than those that were wanted, also when nobody asked it for any."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Spoilt contents."""
        del to
        if isinstance(message, Content):
            return (replace(message, text=message.text.replace("1", "2")), replace(message, text=message.text[:-1]))
        return (message,)

    def hear(self, sender: str, message: Message) -> Iterable[Sent]:
        """Junk before anybody else can answer."""
        if isinstance(message, Wanted):
            known = self.cabal.of(message.epoch).values
            texts = [text for text in known.values() if text]
            yield sender, Content(message.epoch, self.source.choice(texts) if texts else "{}")


class FalseReport(Behaviour):
    """Reports what is no report, or somebody else's."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Something that must not be admitted."""
        del to
        if not isinstance(message, Report):
            return (message,)
        texts = [text for known in self.cabal.of(message.epoch).reports.values() for text in known.values()]
        return (replace(message, content=self.source.choice(["", "[]", "{" * 3000, *sorted(texts)])),)
