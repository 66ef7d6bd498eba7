"""A measured quantity with the short memory that decisions need, in integer arithmetic only."""

from typing import Annotated, Self

from pydantic import Field

from qkdctl.records.base import Count, Record

EPOCHS_MAX = 65_535
Signed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Epochs = Annotated[int, Field(ge=0, le=EPOCHS_MAX)]


def later(epochs: int, elapsed: int) -> int:
    """Count epochs on, stopping at 65535."""
    return min(epochs + elapsed, EPOCHS_MAX)


def smooth(average: int, value: int) -> int:
    """Exponential average with weight 1/4, rounded to the nearest integer (halves up)."""
    return average + ((value - average + 2) >> 2)


class Series(Record):
    """A quantity with integer exponential averages, all in the unit of the quantity.

    Attributes:
        level: last measurement.
        average: exponential average with weight 1/4.
        trend: exponential average (weight 1/4) of the change of `average` per epoch.
        spread: exponential average (weight 1/4) of the distance of `level` from `average`.
        samples: measurements since the series last restarted; the first one sets the average.
    """

    level: Count
    average: Count
    trend: Signed
    spread: Count
    samples: Epochs

    @classmethod
    def starting_at(cls, value: int, samples: int = 0) -> Self:
        """A series without memory; with `samples` 0 the next measurement starts it afresh."""
        return cls(level=value, average=value, trend=0, spread=0, samples=samples)

    def after(self, value: int | None, elapsed: int) -> "Series":
        """The series after one more measurement, or unchanged for None.

        Args:
            value: the measurement.
            elapsed: epochs since the last update, at least 1.
        """
        if value is None:
            return self
        if self.samples == 0:
            return Series.starting_at(value, samples=1)
        average = smooth(self.average, value)
        return Series(
            level=value,
            average=average,
            trend=smooth(self.trend, (average - self.average) // elapsed),
            spread=smooth(self.spread, abs(value - average)),
            samples=later(self.samples, 1),
        )
