"""What replicas say to each other. Handling any of it twice changes nothing, so it may be repeated and reordered."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from qkdctl.records.base import Count, Name

ROUND_MAX = 1_000_000

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Round = Annotated[int, Field(ge=0, le=ROUND_MAX)]
Phase = Annotated[int, Field(ge=1, le=4)]


def digest_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, 64 hexadecimal digits: the name of a report or a value."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Slot:
    """A vote that was once given: its round and value."""

    round: Round
    value: Digest


@dataclass(frozen=True, slots=True)
class Report:
    """Phase 1: what the sender measured.

    Attributes:
        context: binds the message to the weights and to the decision before, see `Chain.context`.
        content: canonical text of its report.
    """

    epoch: Count
    context: Digest
    content: str
    kind: Literal["report"] = "report"


@dataclass(frozen=True, slots=True)
class Echo:
    """Phase 2: which reports the sender has, per author.

    Attributes:
        seen: (author, digests) in the order of authors; all the sender ever had, so a later one replaces earlier ones.
    """

    epoch: Count
    context: Digest
    seen: tuple[tuple[Name, tuple[Digest, ...]], ...]
    kind: Literal["echo"] = "echo"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Phase 3: what the leader of a round wants decided, as canonical text."""

    epoch: Count
    context: Digest
    round: Round
    value: str
    kind: Literal["proposal"] = "proposal"


@dataclass(frozen=True, slots=True)
class Vote:
    """Phase 4: votes 1 to 4 for the digest of a value."""

    epoch: Count
    context: Digest
    round: Round
    phase: Phase
    value: Digest
    kind: Literal["vote"] = "vote"


@dataclass(frozen=True, slots=True)
class Proof:
    """The sender's past below a round, for voters: highest vote 1, highest other vote 1, highest vote 4."""

    epoch: Count
    context: Digest
    round: Round
    highest: Slot | None
    other: Slot | None
    last: Slot | None
    kind: Literal["proof"] = "proof"


@dataclass(frozen=True, slots=True)
class Suggest:
    """The sender's past below a round, for its leader: highest vote 2, highest other vote 2, highest vote 3."""

    epoch: Count
    context: Digest
    round: Round
    highest: Slot | None
    other: Slot | None
    last: Slot | None
    kind: Literal["suggest"] = "suggest"


@dataclass(frozen=True, slots=True)
class RoundChange:
    """The sender wants to enter this round."""

    epoch: Count
    context: Digest
    round: Round
    kind: Literal["round-change"] = "round-change"


@dataclass(frozen=True, slots=True)
class Decided:
    """The sender knows the decision of an epoch."""

    epoch: Count
    value: Digest
    kind: Literal["decided"] = "decided"


@dataclass(frozen=True, slots=True)
class Here:
    """The sender is in this epoch: said while it has nothing else to say of it."""

    epoch: Count
    context: Digest
    kind: Literal["here"] = "here"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sender lacks the reports or values with these digests."""

    epoch: Count
    digests: Annotated[tuple[Digest, ...], Field(max_length=64)]
    kind: Literal["wanted"] = "wanted"


@dataclass(frozen=True, slots=True)
class Content:
    """A report or value that was wanted; its digest shows which."""

    epoch: Count
    text: str
    kind: Literal["content"] = "content"


Message: TypeAlias = Report | Echo | Proposal | Vote | Proof | Suggest | RoundChange | Decided | Here | Wanted | Content
InContext: TypeAlias = Report | Echo | Proposal | Vote | Proof | Suggest | RoundChange | Here
"""Messages that count in one epoch under one electorate only."""
