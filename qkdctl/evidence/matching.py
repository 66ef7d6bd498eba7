"""Session records of both ends of one link, put side by side by sequence number."""

from collections.abc import Sequence
from dataclasses import dataclass

from qkdctl.records.session import SessionRecord

Sessions = Sequence[SessionRecord]


@dataclass(frozen=True, slots=True)
class Pair:
    """What both ends say about one session."""

    alice: SessionRecord
    bob: SessionRecord

    @property
    def equal(self) -> bool:
        """Equal in all that both ends know after error correction; the names of the ends and their clocks differ."""
        renamed = self.alice.model_copy(update={"end": self.bob.end, "started_ms": self.bob.started_ms})
        return renamed == self.bob

    @property
    def difference(self) -> str:
        """The fields that differ, for people."""
        alice, bob = self.alice.to_plain(), self.bob.to_plain()
        names = [name for name in alice if name not in ("end", "started_ms") and alice[name] != bob[name]]
        return ", ".join(f"{name} {alice[name]} against {bob[name]}" for name in names)


@dataclass(frozen=True, slots=True)
class Matched:
    """The outcome of one epoch.

    Attributes:
        pairs: sessions that both ends reported, by sequence number.
        waiting_alice, waiting_bob: new records that the other end may still report in the next epoch.
    """

    pairs: tuple[Pair, ...] = ()
    waiting_alice: tuple[SessionRecord, ...] = ()
    waiting_bob: tuple[SessionRecord, ...] = ()


def match(waiting_alice: Sessions, new_alice: Sessions, waiting_bob: Sessions, new_bob: Sessions) -> Matched:
    """Match the records of one epoch.

    A record waits for its counterpart for one epoch; then it is dropped, which is no dispute. When an engine counts
    anew, what waits is dropped at once, because its old numbers must not meet the new ones of the other end.

    Args:
        waiting_alice: records of the epoch before that Bob had not reported.
        new_alice: records of this epoch, their numbers rising.
        waiting_bob: as `waiting_alice`.
        new_bob: as `new_alice`.
    """
    if _counts_anew(waiting_alice, new_alice) or _counts_anew(waiting_bob, new_bob):
        waiting_alice, waiting_bob = (), ()
    alice = {record.sequence: record for record in (*waiting_alice, *new_alice)}
    bob = {record.sequence: record for record in (*waiting_bob, *new_bob)}
    both = sorted(alice.keys() & bob.keys())
    return Matched(
        tuple(Pair(alice[number], bob[number]) for number in both),
        tuple(record for record in new_alice if record.sequence not in bob),
        tuple(record for record in new_bob if record.sequence not in alice),
    )


def _counts_anew(waiting: Sessions, new: Sessions) -> bool:
    return bool(waiting) and bool(new) and new[0].sequence <= waiting[-1].sequence
