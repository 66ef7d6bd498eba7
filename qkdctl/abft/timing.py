"""How long a replica waits before it goes on without somebody."""

from dataclasses import dataclass

_MOST_DOUBLINGS = 5
"""Beyond them nobody waits longer: what stands still after 32 times the patience lacks something else than time."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Patience of one replica, in seconds on its monotonic clock. No two replicas need the same.

    Attributes:
        report_s: from the beginning of an epoch until reports count as late.
        round_s: of round 0, counted from that deadline; it doubles with each round, and after epochs that needed
            several, up to 32 times.
        repeat_s: until the first repetition of what others may have missed; doubles up to `repeat_most_s`.
    """

    report_s: float = 1.0
    round_s: float = 1.0
    repeat_s: float = 0.25
    repeat_most_s: float = 2.0

    def __post_init__(self) -> None:
        if not 0.0 < self.repeat_s <= self.repeat_most_s or self.report_s <= 0.0 or self.round_s <= 0.0:
            raise ValueError(f"patience must be positive and repeat_s at most repeat_most_s, got {self}")

    def of_round(self, turn: int, strain: int) -> float:
        """Patience in a round, in seconds.

        Args:
            turn: the round.
            strain: how often recent epochs needed more than one round, less the epochs since.
        """
        return float(self.round_s * 2 ** min(turn + strain, _MOST_DOUBLINGS))

    def strain_after(self, turn: int, strain: int) -> int:
        """The strain once an epoch was decided in a round."""
        return max(0, strain - 1) if turn == 0 else min(_MOST_DOUBLINGS, strain + 1)
