"""What nodes say to each other about acts, outside of reports. Handling any of it twice changes nothing."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from qkdctl.records.base import Count
from qkdctl.secretsharing.threshold import KEY_BYTES, TAG_BYTES

NUMBERS_MAX = 512


@dataclass(frozen=True, slots=True)
class PartialTag:
    """The sender stands by the act with this number, towards the receiver. It may be read by anybody.

    Attributes:
        tag: of the statement that the act makes under the receiver's key, 32 hexadecimal digits.
    """

    number: Count
    tag: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * TAG_BYTES}}}$")]
    kind: Literal["partial-tag"] = "partial-tag"


@dataclass(frozen=True, slots=True)
class SharesWanted:
    """The sender lacks its shares of the receiver's keys for these acts."""

    numbers: Annotated[tuple[Count, ...], Field(max_length=NUMBERS_MAX)]
    kind: Literal["shares-wanted"] = "shares-wanted"


@dataclass(frozen=True, slots=True)
class KeyShare:
    """The receiver's share of the sender's key for one act. Nobody else may read it.

    Attributes:
        committee: for which members it was dealt, see `ActBook`.
        share: 1056 hexadecimal digits.
    """

    number: Count
    committee: Count
    share: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * KEY_BYTES}}}$")]
    kind: Literal["key-share"] = "key-share"

    def __repr__(self) -> str:
        """No key in logs and tracebacks."""
        return f"KeyShare(number={self.number}, committee={self.committee})"


ActMessage: TypeAlias = PartialTag | SharesWanted | KeyShare


@dataclass(frozen=True, slots=True)
class Tell:
    """Effect: send a message over the authenticated channel."""

    to: str
    message: PartialTag | SharesWanted


@dataclass(frozen=True, slots=True)
class Confide:
    """Effect: send a message that is encrypted with as many bits of fresh key, then authenticated like the others."""

    to: str
    message: KeyShare
