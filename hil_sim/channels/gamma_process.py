"""Positive wander with a gamma law, exact in its step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import POSITIVE, Range


@dataclass(frozen=True, slots=True, eq=False)
class GammaProcess(PerLink):
    """Square-root diffusion of mean 1 whose stationary law is gamma; its correlation is exp(-t/tau) exactly.

    Over a step it is x' = c Gamma(a + N) with N ~ Poisson(x exp(-dt/tau) / c) and c = (1 - exp(-dt/tau)) / a (Cox,
    Ingersoll and Ross, Econometrica 53, 385 (1985); Gourieroux and Jasiak, J. Forecast. 25, 129 (2006)).

    Attributes:
        order: shape a of the gamma law; the variance is 1/a.
        time_s: correlation time tau.
    """

    order: ArrayLike
    time_s: ArrayLike

    RANGES: ClassVar[Mapping[str, Range]] = {"order": POSITIVE, "time_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Never: a finite order always scatters."""
        return False

    def start(self, rng: np.random.Generator) -> Floats:
        """A draw from the stationary law."""
        order = floats(self.order)
        return np.asarray(rng.standard_gamma(order) / order)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        require_steps(steps, step_s)
        order, lapse = floats(self.order), step_s / floats(self.time_s)
        scale, keep = -np.expm1(-lapse) / order, np.exp(-lapse)
        path = np.empty((steps, *self.shape))
        before = state
        for step in range(steps):
            path[step] = before = scale * rng.standard_gamma(order + rng.poisson(keep * before / scale))
        return path
