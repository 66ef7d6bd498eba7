"""What every random process of a link can do."""

import math
from typing import Protocol

import numpy as np

from qkdctl.physics.arrays import Floats

_BLOCK = 4096


class Process(Protocol):
    """A Markov process of many links, exact in its step: the law at a time does not depend on the steps up to it.

    A state is an array of shape (links, ...), or (...) for a single link. All randomness comes from the generator
    that is passed in, so that equal generators give equal paths, bit for bit.
    """

    @property
    def off(self) -> bool:
        """Whether no link is affected: states stay neutral, and the walk need not be taken."""
        ...

    def start(self, rng: np.random.Generator) -> Floats:
        """A first state: drawn from the stationary law where there is one, the origin otherwise."""
        ...

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """States at the end of each of `steps` steps, shape (steps, links, ...); the last is the next start.

        Raises:
            ValueError: for less than one step, or steps that take no time.
        """
        ...


def require_steps(steps: int, step_s: float) -> None:
    """Refuse a walk without steps or without time.

    Raises:
        ValueError: if steps < 1 or step_s is not a positive finite number.
    """
    if steps < 1 or not 0 < step_s < math.inf:
        raise ValueError(f"a walk takes 1 or more steps of positive length, got {steps} of {step_s!r} s")


def rows_per_block(size: int) -> int:
    """Steps to take together for states of this size: blocks stay in the cache, and few links share a long one."""
    return max(_BLOCK // max(size, 1), 1)
