"""Groups of arrays that are zero wherever everybody is honest."""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


FRACTION: Final = {"dtype": np.dtype(np.float64), "highest": 1.0}
ERROR_RATE: Final = {"dtype": np.dtype(np.float64), "highest": 0.5}
MOST_EXCESS: Final = 1000.0
MOST_EPOCHS: Final = 10_000
EXCESS: Final = {"dtype": np.dtype(np.float64), "highest": MOST_EXCESS}
EPOCHS: Final = {"dtype": np.dtype(np.int64), "highest": MOST_EPOCHS}
FLAG: Final = {"dtype": np.dtype(np.bool_), "highest": 1.0}
"""Metadata of a field: the type of its array, and the highest value."""


@lru_cache(maxsize=1024)
def nothing(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros that nobody can write to; whoever asks for the same shape shares them."""
    zeros = np.zeros(shape, dtype=dtype)
    zeros.setflags(write=False)
    return zeros


@dataclass(frozen=True, slots=True)
class Strengths:
    """Arrays of one shape, the links being the last axis; each field says in its metadata what it holds.

    Raises:
        ValueError: for arrays of different shapes, and for values outside their range.
    """

    def __post_init__(self) -> None:
        shape = getattr(self, fields(self)[0].name).shape
        for part in fields(self):
            values = getattr(self, part.name)
            if values.shape != shape:
                raise ValueError(f"{part.name} must have the shape {shape} of the other strengths, got {values.shape}")
            highest = part.metadata["highest"]
            if values is not nothing(shape, part.metadata["dtype"]) and not np.all((values >= 0) & (values <= highest)):
                raise ValueError(f"{part.name} must lie in [0, {highest:g}], got {values!r}")

    @classmethod
    def none(cls, *shape: int) -> Self:
        """No strength anywhere."""
        return cls(*(nothing(shape, part.metadata["dtype"]) for part in fields(cls)))

    @classmethod
    def of(cls, shape: tuple[int, ...], **arrays: NDArray[Any]) -> Self:
        """These arrays, and no strength in the others."""
        parts = ((part.name, part.metadata["dtype"]) for part in fields(cls))
        return cls(*(arrays[name] if name in arrays else nothing(shape, dtype) for name, dtype in parts))

    def take(self, links: Integers) -> Self:
        """The same for some of the links only."""
        shape = getattr(self, fields(self)[0].name).shape
        arrays = {
            part.name: values[..., links]
            for part in fields(self)
            if (values := getattr(self, part.name)) is not nothing(shape, part.metadata["dtype"])
        }
        return self.of((*shape[:-1], links.size), **arrays)
