"""Where a replica stands: the next epoch, the decision before it, and who decides in it and in the one after."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from qkdctl.abft.quorum import Electorate
from qkdctl.records.encoding import digest

NOTHING_AGREED = "0" * 64
FIRST_EPOCH = 1


@dataclass(frozen=True)
class Chain:
    """The end of the chain of decisions.

    Attributes:
        epoch: the next to be decided.
        previous: digest of the decision of the epoch before; before the first, of what was agreed beforehand.
        electorate: members, scores and f of `epoch`.
        following: those of the epoch after it; a decision at e names those of e + 2.
    """

    epoch: int
    previous: str
    electorate: Electorate
    following: Electorate

    @classmethod
    def beginning(cls, electorate: Electorate, agreed: str = NOTHING_AGREED) -> Self:
        """The chain of a new network.

        Args:
            electorate: members of the first two epochs.
            agreed: digest of the description of the network; who has another one counts for nothing.
        """
        return cls(FIRST_EPOCH, agreed, electorate, electorate)

    @cached_property
    def context(self) -> str:
        """Binds messages to epoch, weights and decision before; other contexts are other histories."""
        return digest({"epoch": self.epoch, "previous": self.previous, "electorate": self.electorate.digest})

    def after(self, decision: str, electorate: Electorate) -> "Chain":
        """The chain once `epoch` is decided, with the members that the decision names for `epoch` + 2."""
        # Members that stay as they are keep what was computed from them.
        last = self.following if electorate == self.following else electorate
        return Chain(self.epoch + 1, decision, self.following, last)

    def to_plain(self) -> dict[str, Any]:
        """For the canonical encoding."""
        return {
            "epoch": self.epoch,
            "previous": self.previous,
            "electorate": self.electorate.to_plain(),
            "following": self.following.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """From what `to_plain` gave.

        Raises:
            ValueError: it is nothing of the kind.
        """
        try:
            electorates = Electorate.from_plain(plain["electorate"]), Electorate.from_plain(plain["following"])
            return cls(int(plain["epoch"]), str(plain["previous"]), *electorates)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no end of a chain: {error}") from error
