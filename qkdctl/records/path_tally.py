"""What became of the keys over one path, by one of its ends."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qkdctl.records.base import Count, Name, Record
from qkdctl.records.relay import KeyId, path_of
from qkdctl.records.route import MOST_SHARES

MOST_TALLIES = 64
"""Paths of which one end speaks in one report."""


class PathTally(Record):
    """What one end of a path says of the keys that were made over it since its last report.

    Attributes:
        demand, share, since: the path, see `Route`.
        equal: keys whose hashes were equal.
        failed: keys that were unequal or lost. None at all in several reports is a path that does not work.
        unequal: the newest key whose hashes were unequal; empty without any.
    """

    demand: Name
    share: Annotated[int, Field(ge=1, le=MOST_SHARES)]
    since: Count
    equal: Count
    failed: Count
    unequal: KeyId | Literal[""]

    @model_validator(mode="after")
    def _key_is_of_the_path(self) -> Self:
        if self.unequal and (not self.failed or path_of(self.unequal) != self.path):
            raise ValueError(f"{self.unequal} is no key that failed on {self.demand}/{self.share}/{self.since}")
        return self

    @property
    def path(self) -> tuple[str, int, int]:
        """Demand, share and since."""
        return self.demand, self.share, self.since


def worst_tallies(tallies: Iterable[PathTally]) -> tuple[PathTally, ...]:
    """What one report has room for: paths that lost the most keys, by demand, share and since."""
    worst = sorted(tallies, key=lambda tally: (tally.equal - tally.failed, tally.path))[:MOST_TALLIES]
    return tuple(sorted(worst, key=lambda tally: tally.path))
