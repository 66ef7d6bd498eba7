"""Counts of a train of pulses, per basis and intensity."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]


class SiftedCounts(Protocol):
    """Tables of shape (2, intensities, *links); row 0 is basis Z, row 1 basis X; no links axis for a single link.

    Attributes:
        sent: pulses for which both ends chose this basis.
        detected: those of them with a click.
        errors: those of them read as the wrong bit.
    """

    @property
    def sent(self) -> Table: ...  # noqa: D102
    @property
    def detected(self) -> Table: ...  # noqa: D102
    @property
    def errors(self) -> Table: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class PulseCounts:
    """Sifted counts as tables of shape (2, intensities); row 0 is basis Z, row 1 basis X.

    Attributes:
        pulses: all pulses emitted, also those whose bases differed.
        sent: pulses for which both ends chose this basis.
        detected: those of them with a click.
        errors: those of them read as the wrong bit.
    """

    pulses: int
    sent: Table
    detected: Table
    errors: Table

    @classmethod
    def none(cls, intensities: int) -> Self:
        """No pulses at all."""
        zero = np.zeros((2, intensities), dtype=np.int64)
        return cls(0, zero, zero, zero)

    def __add__(self, other: Self) -> Self:
        """Counts of both trains together."""
        return type(self)(
            self.pulses + other.pulses,
            self.sent + other.sent,
            self.detected + other.detected,
            self.errors + other.errors,
        )
