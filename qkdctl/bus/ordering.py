"""Messages of one stream in order, each once, whatever the way did to them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """A durable message, in its place and for the first time.

    Attributes:
        snapshot: the broker had kept it from before the first contact; it stands outside the order.
    """

    topic: str
    payload: bytes
    sequence: int
    snapshot: bool = False


@dataclass(slots=True)
class StreamFigures:
    """Counts since the start, for metrics.

    Attributes:
        duplicates: messages that had been delivered before.
        skipped: numbers that will never come: dropped by the sender, or given to something else than a message.
        ignored: late wills, old births, and what makes no sense.
        overflowed: messages beyond the window; they are asked for again.
    """

    duplicates: int = 0
    skipped: int = 0
    ignored: int = 0
    overflowed: int = 0


class Ordering:
    """Order within one stream.

    Args:
        stream: its identity.
        window: messages that wait for an earlier one, at most.
        figures: where to count.

    Attributes:
        last: everything up to this number was delivered or will never come; None before the first contact.
    """

    def __init__(self, stream: str, window: int, figures: StreamFigures) -> None:
        self.stream = stream
        self.last: int | None = None
        self._window = window
        self._figures = figures
        self._base = -1
        self._known = -1
        self._waiting: dict[int, tuple[int, Delivered]] = {}
        self._snapshots: dict[str, int] = {}

    @property
    def gap(self) -> bool:
        """Whether something is missing."""
        return self.last is not None and (bool(self._waiting) or self._known > self.last)

    def note(self, sequence: int) -> None:
        """Everything up to this number has been sent; at the first contact, everything after it is of interest."""
        if self.last is None:
            self._base = self.last = sequence
        self._known = max(self._known, sequence)

    def offer(self, message: Delivered, previous: int) -> list[Delivered]:
        """Take a message that misses nothing before it for whoever has everything up to `previous`."""
        if self.last is None:
            self.note(message.sequence - 1)
        assert self.last is not None
        if message.sequence <= self.last or message.sequence in self._waiting:
            self._figures.duplicates += 1
            return []
        self._known = max(self._known, message.sequence)
        if len(self._waiting) >= self._window and previous > self.last:
            self._figures.overflowed += 1
            return []
        self._waiting[message.sequence] = (previous, message)
        return self._advance()

    def offer_kept(self, message: Delivered) -> list[Delivered]:
        """Take a message that the broker had kept: one from before the first contact is shown at once."""
        if self.last is not None and message.sequence > self._base:
            self._known = max(self._known, message.sequence)
            self._figures.duplicates += message.sequence <= self.last
            return []
        if message.sequence <= self._snapshots.get(message.topic, -1):
            self._figures.duplicates += 1
            return []
        self._snapshots[message.topic] = message.sequence
        return [Delivered(message.topic, message.payload, message.sequence, snapshot=True)]

    def close_gap(self, after: int, through: int) -> list[Delivered]:
        """Everything between the two numbers that still exists was sent again before this was said."""
        if self.last is None or not after <= self.last < through:
            return []
        delivered = []
        for sequence in sorted(number for number in self._waiting if number <= through):
            delivered += self._pass_on(sequence)
        self._figures.skipped += through - self.last
        self.last = through
        return delivered + self._advance()

    def _advance(self) -> list[Delivered]:
        delivered: list[Delivered] = []
        for sequence in sorted(self._waiting):
            previous, _ = self._waiting[sequence]
            if self.last is None or previous > self.last:
                break
            delivered += self._pass_on(sequence)
        return delivered

    def _pass_on(self, sequence: int) -> list[Delivered]:
        _, message = self._waiting.pop(sequence)
        assert self.last is not None
        assert sequence > self.last, "messages wait only for what comes before them"
        self._figures.skipped += sequence - self.last - 1
        self.last = sequence
        if self._snapshots.get(message.topic) == sequence:
            self._figures.duplicates += 1
            return []
        return [message]
