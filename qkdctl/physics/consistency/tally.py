"""Counts of one session, as the consistency tests take them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts per setting of the sources; the first axis is the basis where a test distinguishes bases.

    Attributes:
        sent: pulses, or pairs of pulses, of this setting.
        detected: those of them with a click, or an announced coincidence.
        errors: those of them with the wrong bit.
    """

    sent: ArrayLike
    detected: ArrayLike
    errors: ArrayLike


def nested(tally: Tally) -> tuple[Floats, Floats, Floats]:
    """The counts as arrays of one shape.

    Raises:
        ValueError: unless 0 <= errors <= detected <= sent.
    """
    sent, detected, errors = np.broadcast_arrays(floats(tally.sent), floats(tally.detected), floats(tally.errors))
    if not np.all((errors >= 0) & (errors <= detected) & (detected <= sent)):
        raise ValueError(f"counts must satisfy 0 <= errors <= detected <= sent, got {errors!r}, {detected!r}, {sent!r}")
    return sent, detected, errors
