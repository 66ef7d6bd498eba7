"""What is decided in one epoch: which reports count, what follows from them, and who decides two epochs later."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import digest_of
from qkdctl.abft.quorum import Electorate
from qkdctl.records.encoding import Canonical, canonical_bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from the agreed reports of an epoch.

    Attributes:
        payload: state digest, plan and whatever else the nodes decide; the agreement does not look into it.
        electorate: members, scores and f for the epoch after the next.
    """

    payload: Mapping[str, Canonical]
    electorate: Electorate


class Application(Protocol):
    """What the agreement asks about the content; equal answers on every honest node, from the arguments alone."""

    def admissible(self, epoch: int, author: str, content: str) -> bool:
        """Whether a text is a report of that author for that epoch."""

    def decide(self, chain: Chain, reports: Mapping[str, str]) -> Outcome:
        """What follows from these reports, author -> text, after the decisions of the chain.

        Raises:
            ValueError: nothing does.
        """


@dataclass(frozen=True)
class Value:
    """A value that can be decided.

    Attributes:
        epoch, previous: its place in the chain.
        reports: (author, digest) of the reports that count, sorted by author.
    """

    epoch: int
    previous: str
    reports: tuple[tuple[str, str], ...]
    outcome: Outcome

    @cached_property
    def text(self) -> str:
        """Canonical text."""
        return canonical_bytes(
            {
                "epoch": self.epoch,
                "previous": self.previous,
                "reports": [list(entry) for entry in self.reports],
                "electorate": self.outcome.electorate.to_plain(),
                "outcome": self.outcome.payload,
            }
        ).decode("ascii")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return digest_of(self.text)

    @classmethod
    def parse(cls, text: str) -> "Value":
        """From canonical text.

        Raises:
            ValueError: it is no value, or not in canonical form.
        """
        try:
            plain: dict[str, Any] = json.loads(text)
            reports = tuple((str(author), str(found)) for author, found in plain["reports"])
            outcome = Outcome(plain["outcome"], Electorate.from_plain(plain["electorate"]))
            value = cls(int(plain["epoch"]), str(plain["previous"]), reports, outcome)
        except (KeyError, TypeError, RecursionError, OverflowError, json.JSONDecodeError) as error:
            raise ValueError(f"no value: {error}") from error
        try:
            is_canonical = value.text == text
        except (TypeError, RecursionError) as error:
            raise ValueError(f"no value: {error}") from error
        if not is_canonical:
            raise ValueError("value is not in canonical form")
        return value


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision with everything that went into it, ready for the ledger.

    Attributes:
        chain: where it was decided.
        value: what was decided.
        reports: author -> text.
    """

    chain: Chain
    value: Value
    reports: Mapping[str, str]

    @property
    def next_chain(self) -> Chain:
        """The chain with this decision."""
        return self.chain.after(self.value.digest, self.value.outcome.electorate)
