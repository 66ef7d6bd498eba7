"""Values that were proposed in one epoch, and whether they are right: computed anew from the reports they name."""

from qkdctl.abft.chain import Chain
from qkdctl.abft.gathering import Gathering
from qkdctl.abft.messages import digest_of
from qkdctl.abft.value import Application, Value


class Proposals:
    """Composes and judges values of one epoch.

    Args:
        chain: the place in the chain.
        application: computes what follows from reports.
        gathering: which reports count.

    Attributes:
        texts: digest -> text of values that are at hand.
        failure: why the application could not decide, "" while it can.
    """

    def __init__(self, chain: Chain, application: Application, gathering: Gathering) -> None:
        self.texts: dict[str, str] = {}
        self.failure = ""
        self._chain = chain
        self._application = application
        self._gathering = gathering
        self._composed: dict[tuple[tuple[str, str], ...], str | None] = {}
        self._judged: dict[str, bool] = {}
        self._unfounded: tuple[str, tuple[int, int]] | None = None
        self._parsed: dict[str, Value] = {}

    def fresh(self, *, everybody: bool) -> str | None:
        """A value from the reports that count now; None while there are too few.

        Args:
            everybody: wait for the reports of all members.
        """
        electorate = self._chain.electorate
        needed = len(electorate.members) if everybody else electorate.enough_reports
        if len(self._gathering.certified) < needed:
            return None
        countable = self._gathering.countable()
        return self._compose(countable) if len(countable) >= needed else None

    def is_valid(self, text: str) -> bool:
        """Whether honest nodes may vote for a value; False also while reports that it names are not certified yet."""
        found = digest_of(text)
        if found in self._judged:
            return self._judged[found]
        known = (found, self._gathering.progress)
        if self._unfounded == known:
            return False
        try:
            value = Value.parse(text)
        except ValueError:
            self._judged[found] = False
            return False
        if not self._has_form(value):
            self._judged[found] = False
            return False
        if not self._is_founded(value):
            self._unfounded = known
            return False
        self._judged[found] = self._compose(value.reports) == text
        self.texts[found] = text
        self._parsed = {found: value}
        return self._judged[found]

    def reconsider(self) -> None:
        """Judge again what was refused, and compose again what could not be."""
        self._judged = {found: right for found, right in self._judged.items() if right}
        self._composed = {reports: text for reports, text in self._composed.items() if text is not None}

    def parsed(self, found: str) -> Value | None:
        """A value that is at hand, or None. A text that a strong quorum decided on is a value.

        Raises:
            ValueError: it is none.
        """
        if found in self.texts and found not in self._parsed:
            self._parsed = {found: Value.parse(self.texts[found])}
        return self._parsed.get(found)

    def forget_all_but(self, digests: set[str]) -> None:
        """Keep what is still of use."""
        self.texts = {found: text for found, text in self.texts.items() if found in digests}
        self._judged.clear()
        self._composed.clear()

    def _has_form(self, value: Value) -> bool:
        authors = [author for author, _ in value.reports]
        electorate = self._chain.electorate
        return (
            authors == sorted(set(authors))
            and set(authors) <= set(electorate.names)
            and len(authors) >= electorate.enough_reports
        )

    def _is_founded(self, value: Value) -> bool:
        return all(
            found in self._gathering.texts and self._gathering.is_certified(author, found)
            for author, found in value.reports
        )

    def _compose(self, reports: tuple[tuple[str, str], ...]) -> str | None:
        if reports not in self._composed:
            texts = {author: self._gathering.texts[found] for author, found in reports}
            try:
                outcome = self._application.decide(self._chain, texts)
            except ValueError as error:
                self.failure = str(error) or repr(error)
                self._composed[reports] = None
            else:
                self.failure = ""
                self._composed[reports] = Value(self._chain.epoch, self._chain.previous, reports, outcome).text
        return self._composed[reports]
