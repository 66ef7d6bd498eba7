"""A measured quantity with the short memory that decisions need, in integer arithmetic only."""

from typing import Annotated, Self

from pydantic import Field

from qkdctl.records.base import Count, Record
from qkdctl.records.saturation import saturated

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


FLOOR_SAMPLES = 4
"""Measurements of which the floor is the mean."""


class ErrorSeries(Series):
    """A QBER in ppm, with the harm that its rise since the last re-alignment has done.

    Attributes:
        floor: mean of the first four measurements after a re-alignment, or what was promised.
        floor_samples: measurements in the floor; 4 when it is settled.
        excess_sum: running sum of level minus floor, never below 0.
    """

    floor: Count
    floor_samples: Annotated[int, Field(ge=0, le=FLOOR_SAMPLES)]
    excess_sum: Count

    @classmethod
    def promised(cls, floor: int, level: int | None = None) -> Self:
        """A series without memory above a floor that nothing has measured."""
        start = floor if level is None else level
        plain = Series.starting_at(start).model_dump()
        return cls(**plain, floor=floor, floor_samples=FLOOR_SAMPLES, excess_sum=0)

    @classmethod
    def unmeasured(cls, level: int) -> Self:
        """A series without memory whose floor the next measurements give."""
        return cls(**Series.starting_at(level).model_dump(), floor=level, floor_samples=0, excess_sum=0)

    def after(self, value: int | None, elapsed: int) -> "ErrorSeries":
        """The series after one more measurement, or unchanged for None."""
        if value is None:
            return self
        floor, samples = self.floor, self.floor_samples
        if samples < FLOOR_SAMPLES:
            floor, samples = (floor * samples + value) // (samples + 1), samples + 1
        return ErrorSeries(
            **super().after(value, elapsed).model_dump(include=set(Series.model_fields)),
            floor=floor,
            floor_samples=samples,
            excess_sum=saturated(max(0, self.excess_sum + value - floor)),
        )
