"""How far the others are, and what they said of an epoch that has not begun here."""

from qkdctl.abft.messages import Decided, InContext, Message, Vote


class Peers:
    """Highest epoch of each node, and per node the newest words of the next epoch, of each kind one."""

    def __init__(self) -> None:
        self._epochs: dict[str, int] = {}
        self._foremost = 0
        self._early: dict[str, dict[tuple[str, int], Message]] = {}

    def note(self, node: str, epoch: int) -> None:
        """A node spoke of an epoch: it has decided all before it."""
        if epoch > self._epochs.get(node, 0):
            self._epochs[node] = epoch
            self._foremost = max(self._foremost, epoch)

    def at_or_beyond(self, epoch: int) -> list[str]:
        """Nodes that have reached an epoch."""
        if epoch > self._foremost:
            return []
        return [node for node, reached in self._epochs.items() if reached >= epoch]

    def keep_early(self, sender: str, message: Message, epoch: int) -> None:
        """Keep a message until its epoch begins; of any other epoch nothing is kept."""
        if message.epoch == epoch and isinstance(message, InContext | Decided):
            phase = message.phase if isinstance(message, Vote) else 0
            kept = self._early.setdefault(sender, {})
            if any(other.epoch != epoch for other in kept.values()):
                kept.clear()
            kept[message.kind, phase] = message

    def take_early(self, epoch: int) -> list[tuple[str, Message]]:
        """What was kept for an epoch that begins now; all else is forgotten."""
        early, self._early = self._early, {}
        return [
            (sender, message)
            for sender, kept in sorted(early.items())
            for message in kept.values()
            if message.epoch == epoch
        ]
