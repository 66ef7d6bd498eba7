"""Measured against expected: deviations in standard errors, and how likely they are altogether."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from scipy.stats import chi2

from tests.campaigns.sequence_bb84.points import Point
from tests.campaigns.sequence_bb84.prediction import Expected


@dataclass(frozen=True, slots=True)
class Measured:
    """What SeQUeNCe counted at a point.

    Attributes:
        pulses: sent.
        sifted: bits left after sifting.
        errors: of them, those that differ between the ends.
        cpu_s: processor time of the simulation.
        versions: of SeQUeNCe and of Python.
    """

    pulses: int
    sifted: int
    errors: int
    cpu_s: float
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> Self:
        """Read what the worker printed.

        Raises:
            ValueError: the counts contradict each other, or a key is missing or unknown.
        """
        try:
            found = cls(**document)
        except TypeError as error:
            raise ValueError(f"expected the counts of a point, got {sorted(document)}: {error}") from error
        if not 0 <= found.errors <= found.sifted <= found.pulses or found.sifted == 0:
            raise ValueError(
                f"expected errors <= sifted <= pulses and at least one sifted bit, got {found.errors}, {found.sifted}, "
                f"{found.pulses}"
            )
        return found

    @property
    def sifted_per_pulse(self) -> float:
        """Sifted bits per pulse."""
        return self.sifted / self.pulses

    @property
    def qber(self) -> float:
        """Errors per sifted bit."""
        return self.errors / self.sifted


@dataclass(frozen=True, slots=True)
class Comparison:
    """A point, both ways.

    The standard errors are binomial, of the expected probabilities: sifted bits among the pulses, errors among the
    sifted bits. Dead time makes counts more regular than that, so there the deviation of the rate is understated.
    """

    point: Point
    measured: Measured
    expected: Expected

    @property
    def rate_error(self) -> float:
        """Standard error of the sifted bits per pulse."""
        p = self.expected.sifted_per_pulse
        return math.sqrt(p * (1 - p) / self.measured.pulses)

    @property
    def qber_error(self) -> float:
        """Standard error of the QBER."""
        e = self.expected.qber
        return math.sqrt(e * (1 - e) / self.measured.sifted)

    @property
    def rate_deviation(self) -> float:
        """Measured less expected, in standard errors."""
        return (self.measured.sifted_per_pulse - self.expected.sifted_per_pulse) / self.rate_error

    @property
    def qber_deviation(self) -> float:
        """Measured less expected, in standard errors."""
        return (self.measured.qber - self.expected.qber) / self.qber_error


@dataclass(frozen=True, slots=True)
class Verdict:
    """All deviations together.

    Attributes:
        chi_square: sum of their squares.
        degrees: how many they are; nothing was fitted.
        p_value: probability of a sum at least as large if both simulators draw from the same distribution.
        largest: the largest of them, without its sign.
    """

    chi_square: float
    degrees: int
    p_value: float
    largest: float

    @classmethod
    def of(cls, deviations: Iterable[float]) -> Self:
        """Of independent deviations in standard errors."""
        listed = list(deviations)
        total = math.fsum(d**2 for d in listed)
        return cls(total, len(listed), float(chi2.sf(total, len(listed))), max(abs(d) for d in listed))


def verdict(comparisons: Iterable[Comparison]) -> Verdict:
    """Of the sifted rates and the QBERs at all points."""
    return Verdict.of(d for c in comparisons for d in (c.rate_deviation, c.qber_deviation))
