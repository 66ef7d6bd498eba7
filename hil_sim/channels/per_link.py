"""Values that hold one number per link and field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import Range, require


@dataclass(frozen=True, slots=True, eq=False)
class PerLink:
    """Base of frozen values whose fields are numbers, or arrays of them with one entry per link.

    The fields are turned into read-only arrays of one shape: () when all are numbers, (links,) otherwise.

    Attributes:
        RANGES: what each field of the class may hold.

    Raises:
        ValueError: for a field outside its range, or fields whose shapes do not fit each other.
    """

    RANGES: ClassVar[Mapping[str, Range]] = {}

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]
        for name, values in zip(names, np.broadcast_arrays(*(floats(getattr(self, n)) for n in names)), strict=True):
            frozen = values.copy()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)
        require(self, self.RANGES, prefix=f"{type(self).__name__}.")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every field."""
        first: Floats = getattr(self, fields(self)[0].name)
        return first.shape

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """One value for many links from values for one link each."""
        columns: dict[str, Any] = {
            field.name: np.array([getattr(part, field.name) for part in parts]) for field in fields(cls)
        }
        return cls(**columns)

    def resized(self, shape: tuple[int, ...]) -> Self:
        """The same value for links of this shape.

        Raises:
            ValueError: if the present shape does not broadcast to it.
        """
        if self.shape == shape:
            return self
        columns: dict[str, Any] = {
            field.name: np.broadcast_to(getattr(self, field.name), shape) for field in fields(self)
        }
        return type(self)(**columns)
