"""What the liars know together: everything that any of them has heard, and the application's rules."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import Content, Message, Proposal, Report, Vote, digest_of
from qkdctl.abft.value import Application, Value

_EPOCHS_KEPT = 3


@dataclass(slots=True)
class Known:
    """Of one epoch.

    Attributes:
        values: digest -> text of values, "" while only the digest is known.
        reports: author -> digest -> text.
        round: the highest that an honest node spoke of.
    """

    values: dict[str, str] = field(default_factory=dict)
    reports: dict[str, dict[str, str]] = field(default_factory=dict)
    round: int = 0


class Cabal:
    """Shared by all liars of a simulation.

    Args:
        names: all nodes.
        liars: those among them.
        application: of honest nodes.
        source: of chance.

    Attributes:
        chain: the newest that a liar stands at.
    """

    def __init__(
        self, names: Sequence[str], liars: frozenset[str], application: Application, source: random.Random
    ) -> None:
        self.names = names
        self.liars = liars
        self.chain: Chain | None = None
        self._application = application
        self._source = source
        self._known: dict[int, Known] = {}

    def of(self, epoch: int) -> Known:
        """What is known of an epoch; old ones are forgotten."""
        if epoch not in self._known:
            self._known[epoch] = Known()
            for old in sorted(self._known)[:-_EPOCHS_KEPT]:
                del self._known[old]
        return self._known.get(epoch) or Known()

    def stands_at(self, chain: Chain) -> None:
        """A liar's replica is there."""
        if self.chain is None or chain.epoch >= self.chain.epoch:
            self.chain = chain

    def note(self, sender: str, message: Message) -> None:
        """Learn from a message that is no junk."""
        if self.chain is None or message.epoch > self.chain.epoch + 1:
            return
        known = self.of(message.epoch)
        if isinstance(message, Report):
            known.reports.setdefault(sender, {})[digest_of(message.content)] = message.content
        elif isinstance(message, Proposal):
            known.values[digest_of(message.value)] = message.value
        elif isinstance(message, Vote):
            known.values.setdefault(message.value, "")
        elif isinstance(message, Content):
            self._note_text(known, message.text)
        if sender not in self.liars and isinstance(message, Vote | Proposal):
            known.round = max(known.round, message.round)

    def values(self, epoch: int) -> list[str]:
        """Digests of values that somebody proposed or voted for."""
        return sorted(self.of(epoch).values)

    def some_value(self, epoch: int) -> str:
        """One of them, or one that does not exist."""
        values = self.values(epoch)
        return self._source.choice(values) if values and self._source.random() < 0.9 else self.no_digest()

    def no_digest(self) -> str:
        """A digest of nothing."""
        return f"{self._source.getrandbits(256):064x}"

    def compose(self, *, omitted: int, avoids: str = "") -> str | None:
        """A value from reports that honest nodes may have certified.

        Args:
            omitted: so many reports are left out, f at most for a valid value.
            avoids: never this text.
        """
        chain = self.chain
        if chain is None:
            return None
        reports = self.of(chain.epoch).reports
        authors = [author for author in chain.electorate.names if reports.get(author)]
        if len(authors) - omitted < 1:
            return None
        chosen = sorted(self._source.sample(authors, len(authors) - omitted))
        texts = {author: self._source.choice(sorted(reports[author].values())) for author in chosen}
        try:
            outcome = self._application.decide(chain, texts)
        except ValueError:
            return None
        named = tuple((author, digest_of(text)) for author, text in texts.items())
        value = Value(chain.epoch, chain.previous, named, outcome)
        if value.text == avoids:
            return None
        self.of(chain.epoch).values[value.digest] = value.text
        return value.text

    @staticmethod
    def _note_text(known: Known, text: str) -> None:
        try:
            value = Value.parse(text)
        except (ValueError, ArithmeticError):
            return
        known.values[value.digest] = text
