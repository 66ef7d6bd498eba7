"""What a host still has after a crash."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Recall
from qkdctl.abft.messages import Content, Decided, Message
from qkdctl.abft.value import Entry


@dataclass(slots=True)
class Disk:
    """Store and ledger of one host.

    Attributes:
        genesis: chain before the first decision.
        stored: what `Persist` has written.
        ledger: decisions, oldest first.
    """

    genesis: Chain
    stored: dict[str, str] = field(default_factory=dict)
    ledger: list[Entry] = field(default_factory=list)

    @property
    def chain(self) -> Chain:
        """The end of the ledger."""
        return self.ledger[-1].next_chain if self.ledger else self.genesis

    def write(self, writes: Mapping[str, str | None]) -> None:
        """All of it, or in a crash before it nothing."""
        for key, text in writes.items():
            if text is None:
                self.stored.pop(key, None)
            else:
                self.stored[key] = text

    def entry(self, epoch: int) -> Entry | None:
        """The decision of an epoch."""
        index = epoch - self.genesis.epoch
        return self.ledger[index] if 0 <= index < len(self.ledger) else None

    def recalled(self, effect: Recall) -> Iterator[Message]:
        """What the ledger has to say to somebody who is behind."""
        entry = self.entry(effect.epoch)
        if entry is None:
            return
        if not effect.digests:
            yield Decided(effect.epoch, entry.value.digest)
        known = {found: entry.reports[author] for author, found in entry.value.reports}
        known[entry.value.digest] = entry.value.text
        for found in effect.digests:
            if found in known:
                yield Content(effect.epoch, known[found])

    def copy(self) -> "Disk":
        """A backup."""
        return Disk(self.genesis, dict(self.stored), list(self.ledger))
