"""Which reports count: those that a strong quorum says it has, so that no liar can split the judgement of honest nodes.

Double echo in the manner of Bracha ("Asynchronous Byzantine agreement protocols", Information and Computation 75, 130,
1987): whoever sees a weak quorum echo a report echoes it too, so what one honest node finds certified, all will.
"""

from collections.abc import Callable, Mapping

from qkdctl.abft.echoes import Echoes, Seen, Subject
from qkdctl.abft.messages import digest_of
from qkdctl.abft.quorum import Electorate


class Gathering:
    """Reports and echoes of one epoch, as one replica has them.

    Args:
        me: the replica; it echoes by its own lists.
        electorate: of the epoch.
        admissible: (author, text) -> whether it is a report of that author for this epoch.

    Attributes:
        texts: digest -> text of the reports that are held.
        first: author -> digest of the first report that the author itself sent.
        certified: author -> digests that a strong quorum has; two of them prove equivocation.
        echoed: number of digests in the own list; it only grows.
    """

    def __init__(self, me: str, electorate: Electorate, admissible: Callable[[str, str], bool]) -> None:
        self.texts: dict[str, str] = {}
        self.first: dict[str, str] = {}
        self.certified: dict[str, set[str]] = {}
        self.echoed = 0
        self._me = me
        self._admissible = admissible
        self._own: dict[str, list[str]] = {}
        self._lacking: dict[str, list[str]] = {}
        self._certifications = 0
        self._echoes = Echoes(electorate, self._certify, self._echo)
        self._most = len(electorate.members)

    def take_report(self, author: str, text: str) -> bool:
        """A report from its author; True when it is the first one, and therefore counts."""
        if author in self.first or not self._admissible(author, text):
            return False
        found = digest_of(text)
        self.first[author] = found
        self.hold(found, text)
        self._echo((author, found))
        return True

    def hold(self, found: str, text: str) -> None:
        """Keep the text of a report."""
        self.texts[found] = text
        self._lacking.pop(found, None)

    def take_echoes(self, sender: str, seen: Seen) -> bool:
        """What another node says it has; True when that is news."""
        return self._echoes.take(sender, seen)

    def own_echoes(self) -> Seen:
        """What this node has, per author."""
        return tuple((author, tuple(digests)) for author, digests in sorted(self._own.items()))

    def restore(self, seen: Seen, texts: Mapping[str, str]) -> None:
        """What was echoed before a restart, and the texts that were held."""
        self.texts.update(texts)
        for author, digests in seen:
            for found in digests:
                self._echo((author, found))

    @property
    def is_complete(self) -> bool:
        """Every member has sent its report."""
        return len(self.first) == self._most

    @property
    def progress(self) -> tuple[int, int]:
        """Changes whenever a report is certified or arrives."""
        return self._certifications, len(self.texts)

    def is_certified(self, author: str, found: str) -> bool:
        """Whether a strong quorum has this report."""
        return found in self.certified.get(author, ())

    def countable(self) -> tuple[tuple[str, str], ...]:
        """(author, digest) of one certified report that is held per author, sorted by author."""
        held = ((author, sorted(self.certified[author] & self.texts.keys())) for author in sorted(self.certified))
        return tuple((author, digests[0]) for author, digests in held if digests)

    def lacking(self) -> list[tuple[str, str]]:
        """(author, digest) of reports that an honest node has and this one has not."""
        return [(author, found) for found, authors in self._lacking.items() for author in authors]

    def holders(self, author: str, found: str) -> set[str]:
        """Which other nodes say they have a report."""
        return set(self._echoes.supporters((author, found)) - {self._me})

    def equivocators(self) -> list[str]:
        """Authors of two certified reports."""
        return sorted(author for author, digests in self.certified.items() if len(digests) > 1)

    def _certify(self, subject: Subject) -> None:
        author, found = subject
        self.certified.setdefault(author, set()).add(found)
        self._certifications += 1

    def _echo(self, subject: Subject) -> None:
        author, found = subject
        own = self._own.setdefault(author, [])
        if found not in own:
            own.append(found)
            self.echoed += 1
            if found not in self.texts:
                self._lacking.setdefault(found, []).append(author)
            self._echoes.count(self._me, subject)
