"""How numbers enter and leave the formulas of this package."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Value = TypeVar("Value", bound=DataclassInstance)

Floats = NDArray[np.float64]


def floats(values: ArrayLike) -> Floats:
    """Numbers, or sequences of them, as an array of doubles; an array of doubles is returned as it is."""
    return np.asarray(values, dtype=np.float64)


def quotient(part: ArrayLike, whole: ArrayLike, otherwise: ArrayLike) -> Floats:
    """Part over whole where the whole is positive, and `otherwise` elsewhere."""
    divisor = floats(whole)
    possible = divisor > 0
    return np.asarray(np.where(possible, floats(part) / np.where(possible, divisor, 1.0), otherwise))


def widened(value: "Value", axes: int = 1) -> "Value":
    """The same value with so many axes at the end of each of its fields, along which something else may vary."""
    index = (..., *[np.newaxis] * axes)
    columns: dict[str, Any] = {field.name: floats(getattr(value, field.name))[index] for field in fields(value)}
    return replace(value, **columns)
