"""What one node says it saw another do that only a faulty node does."""

from typing import Literal

from qkdctl.records.base import Count, Name, NameOrNone, Record

AccusationKind = Literal["equivocation", "impossible-claim", "two-votes"]


class Accusation(Record):
    """One charge. It counts only when nodes that hold more weight than all liars together make it, see `abft.blame`.

    Attributes:
        node: accused.
        kind: `equivocation` is two certified reports of one epoch, `two-votes` two votes or proposals for one slot,
            `impossible-claim` a claim that a test with floats found to contradict physics.
        epoch: in which it was done.
        subject: link that the claim is about; empty for the others.
    """

    node: Name
    kind: AccusationKind
    epoch: Count
    subject: NameOrNone

    @property
    def order(self) -> tuple[str, str, int, str]:
        """By which lists of accusations are sorted."""
        return (self.node, self.kind, self.epoch, self.subject)
