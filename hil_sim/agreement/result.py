"""What a simulation has shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one seed.

    Attributes:
        violation: what failed, "" when nothing did.
        decided: epochs.
        steps: events handled.
        ended_s: virtual time.
        rounds: highest round entered after healing, less what the epoch had reached before.
        memory: most entries of a replica that were found, as a share of the bound.
    """

    violation: str
    decided: int
    steps: int
    ended_s: float
    rounds: int = 0
    memory: float = 0.0
