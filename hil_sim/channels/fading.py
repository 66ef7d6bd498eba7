"""Flickering irradiance of a free-space link at an instant: log-normal and gamma-gamma, exact in the step.

Both have mean 1, and an autocovariance that is a power series in exp(-t/tau). Its integral is known, so the variance
of the average over any span is exact.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.averages import averaged_variance, gamma_gamma_averages
from hil_sim.channels.gamma_process import GammaProcess
from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.channels.per_link import PerLink
from hil_sim.channels.scintillation import gamma_gamma_orders
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import POSITIVE, Range

_TERMS = 30


@dataclass(frozen=True, slots=True, eq=False)
class LogNormalFading(PerLink):
    """Irradiance exp(x - s^2/2) of an Ornstein-Uhlenbeck process x of variance s^2 = ln(1 + SI): weak turbulence.

    Attributes:
        scintillation_index: SI, the stationary variance of the irradiance; at most 3.
        coherence_time_s: correlation time of x.
    """

    scintillation_index: ArrayLike = 0.0
    coherence_time_s: ArrayLike = 5e-3

    RANGES: ClassVar[Mapping[str, Range]] = {"scintillation_index": Range(0.0, 3.0), "coherence_time_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Whether no link flickers."""
        return not np.any(self.scintillation_index)

    def start(self, rng: np.random.Generator) -> Floats:
        """An x from its stationary law."""
        return self._exponent().start(rng)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        return self._exponent().walk(state, steps, step_s, rng)

    def irradiance(self, exponent: Floats) -> Floats:
        """Irradiance over its mean."""
        return np.asarray(np.exp(exponent - np.log1p(floats(self.scintillation_index)) / 2))

    def averaged_variance(self, span_s: ArrayLike) -> Floats:
        """Variance of the irradiance averaged over a span: the autocovariance exp(s^2 r) - 1, term by term."""
        variance = np.log1p(floats(self.scintillation_index))
        x = floats(span_s) / floats(self.coherence_time_s)
        total = np.zeros(np.broadcast_shapes(variance.shape, x.shape))
        for k in range(1, _TERMS):
            total += variance**k / math.factorial(k) * averaged_variance(k * x)
        return total

    def _exponent(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(np.sqrt(np.log1p(floats(self.scintillation_index))), self.coherence_time_s)


@dataclass(frozen=True, slots=True, eq=False)
class GammaGammaFading(PerLink):
    """Product of two independent gamma processes, large and small eddies; the state is the pair, (links, 2).

    Attributes:
        alpha, beta: orders of the two laws.
        coherence_time_s: correlation time of both.
    """

    alpha: ArrayLike
    beta: ArrayLike
    coherence_time_s: ArrayLike = 5e-3

    RANGES: ClassVar[Mapping[str, Range]] = {"alpha": POSITIVE, "beta": POSITIVE, "coherence_time_s": POSITIVE}

    @classmethod
    def of_rytov_variance(cls, rytov_variance: ArrayLike, coherence_time_s: ArrayLike = 5e-3) -> Self:
        """Fading of a plane wave with this Rytov variance, > 0."""
        return cls(*gamma_gamma_orders(rytov_variance), coherence_time_s)

    @property
    def off(self) -> bool:
        """Never: finite orders always flicker."""
        return False

    def start(self, rng: np.random.Generator) -> Floats:
        """Both factors from their stationary laws."""
        return np.stack([eddies.start(rng) for eddies in self._eddies()], axis=-1)

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process."""
        paths = [eddies.walk(state[..., n], steps, step_s, rng) for n, eddies in enumerate(self._eddies())]
        return np.stack(paths, axis=-1)

    def irradiance(self, factors: Floats) -> Floats:
        """Irradiance over its mean."""
        return np.asarray(factors[..., 0] * factors[..., 1])

    def averaged_variance(self, span_s: ArrayLike) -> Floats:
        """Variance of the irradiance averaged over a span: of the autocovariance r/a + r/b + r^2/(ab)."""
        return gamma_gamma_averages(self.alpha, self.beta, floats(span_s) / floats(self.coherence_time_s))[0]

    def _eddies(self) -> tuple[GammaProcess, GammaProcess]:
        return GammaProcess(self.alpha, self.coherence_time_s), GammaProcess(self.beta, self.coherence_time_s)
