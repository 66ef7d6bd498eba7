"""What others say of decisions and histories, and what of it only a liar would say."""

from qkdctl.abft.instance import Instance
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.tally import Tally


class Witness:
    """Claims about the present epoch and the one before it.

    Args:
        electorate: of the present epoch.
    """

    def __init__(self, electorate: Electorate) -> None:
        self._late: tuple[str, ...] = ()
        self._contradicting: tuple[str, ...] = ()
        self._alarmed: set[str] = set()
        self._deciders: dict[str, str] = {}
        self._decisions: Tally[str] = Tally(electorate)
        self._strangers: set[str] = set()
        self._contradictors: set[str] = set()

    def begin(self, electorate: Electorate) -> None:
        """A new epoch; claims about the one before it go on to count."""
        self._deciders = {}
        self._decisions = Tally(electorate)
        self._strangers = set()
        self._contradictors = set()
        self._alarmed = set()

    def end(self, instance: Instance) -> None:
        """An epoch was decided: keep what the next report must say about it."""
        self._late = instance.late
        self._contradicting = tuple(sorted({*instance.notes.contradicting, *instance.gathering.equivocators()}))

    def last(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Of the epoch that ended last: whose reports were late, and who contradicted itself."""
        return self._late, self._contradicting

    def note_decision(self, sender: str, value: str) -> None:
        """Somebody says what was decided in the present epoch; its first word counts."""
        if self._deciders.setdefault(sender, value) == value:
            self._decisions.add(value, sender)

    def decisions(self) -> Tally[str]:
        """Claimed decisions of the present epoch, with who claims them."""
        return self._decisions

    def note_stranger(self, sender: str) -> set[str]:
        """Somebody works on another history or with other weights; returns all who do."""
        self._strangers.add(sender)
        return self._strangers

    def note_contradiction(self, sender: str) -> set[str]:
        """Somebody says that the epoch before was decided otherwise; returns all who do."""
        self._contradictors.add(sender)
        return self._contradictors

    def is_new(self, nodes: frozenset[str] | set[str]) -> bool:
        """Whether somebody among these has not been named in an alarm of this epoch."""
        news = not nodes <= self._alarmed
        self._alarmed |= nodes
        return news
