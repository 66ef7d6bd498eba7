"""Free-space fading as telemetry sees it: averaged over each step.

Turbulence changes within milliseconds, telemetry reports once a second. What a report holds is the irradiance averaged
over its step. The average is modelled as log-normal of mean 1 with exactly the variance that the gamma-gamma process
averages to, and with the correlation that two adjacent averages have; averages further apart are correlated as in a
chain without memory. For steps long against the coherence time the averages become independent and their variance
falls as one over the step; for short ones the process at an instant returns, with a log-normal law in place of the
gamma-gamma one. What the flicker inside a step does to a rate that is not linear in the transmittance is not part of
this model: about nothing at 20 dB; 3 dB before a link of nanowires ends it adds 2 % to the rate in weak turbulence and
10 % in strong, more beyond.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.averages import gamma_gamma_averages
from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps
from hil_sim.channels.scintillation import gamma_gamma_orders
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, POSITIVE, Range

_CALM = 1e-9
_DB = 10 / np.log(10)


@dataclass(frozen=True, slots=True, eq=False)
class EpochFading(PerLink):
    """Irradiance averaged over steps; the state is a standard normal deviate.

    Attributes:
        rytov_variance: of a plane wave; 0 for a link without turbulence.
        coherence_time_s: correlation time of the irradiance, 1 to 10 ms as a rule.
    """

    rytov_variance: ArrayLike = 0.0
    coherence_time_s: ArrayLike = 5e-3

    RANGES: ClassVar[Mapping[str, Range]] = {"rytov_variance": NON_NEGATIVE, "coherence_time_s": POSITIVE}

    @property
    def off(self) -> bool:
        """Whether no link flickers."""
        return not np.any(self.rytov_variance)

    def start(self, rng: np.random.Generator) -> Floats:
        """A deviate from the stationary law."""
        return np.asarray(rng.standard_normal(self.shape))

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process; averages over other steps are other quantities, so a walk keeps to one step."""
        require_steps(steps, step_s)
        variance, covariance = self._averages(step_s)
        correlation = np.log1p(covariance) / np.log1p(variance)
        return OrnsteinUhlenbeck(1.0, -step_s / np.log(correlation)).walk(state, steps, step_s, rng)

    def excess_db(self, deviate: Floats, step_s: float) -> Floats:
        """Loss of the average over a step of this length beyond its mean, in dB; negative for a bright one."""
        variance = np.where(floats(self.rytov_variance) > 0, np.log1p(self._averages(step_s)[0]), 0.0)
        return np.asarray(_DB * (variance / 2 - np.sqrt(variance) * deviate))

    def _averages(self, step_s: float) -> tuple[Floats, Floats]:
        orders = gamma_gamma_orders(np.maximum(floats(self.rytov_variance), _CALM))
        return gamma_gamma_averages(*orders, step_s / floats(self.coherence_time_s))
