"""Detectors that grow old: they see less and count more in the dark, steadily and by sudden steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hil_sim.channels.per_link import PerLink
from hil_sim.channels.process import require_steps
from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.ranges import NON_NEGATIVE, Range

YEAR_S = 365.25 * 86_400.0

_EFFICIENCY, _DARK = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class DetectorAgeing(PerLink):
    """Logarithms of what sudden steps have taken from the efficiency and added to the dark counts, (links, 2).

    Steps come as Poisson events; the size of each is exponentially distributed.

    Attributes:
        efficiency_decay_per_year, dark_growth_per_year: steady rates of the two logarithms.
        steps_per_year: rate of the events.
        efficiency_step, dark_step: mean size of an event in either logarithm.
    """

    efficiency_decay_per_year: ArrayLike = 0.0
    dark_growth_per_year: ArrayLike = 0.0
    steps_per_year: ArrayLike = 0.0
    efficiency_step: ArrayLike = 0.0
    dark_step: ArrayLike = 0.0

    RANGES: ClassVar[Mapping[str, Range]] = dict.fromkeys(
        ("efficiency_decay_per_year", "dark_growth_per_year", "steps_per_year", "efficiency_step", "dark_step"),
        NON_NEGATIVE,
    )

    @property
    def off(self) -> bool:
        """Whether no detector ages."""
        return not any(
            np.any(rate) for rate in (self.efficiency_decay_per_year, self.dark_growth_per_year, self.steps_per_year)
        )

    def start(self, rng: np.random.Generator) -> Floats:  # noqa: ARG002 - an origin needs no chance
        """New detectors."""
        return np.zeros((*self.shape, 2))

    def walk(self, state: Floats, steps: int, step_s: float, rng: np.random.Generator) -> Floats:
        """See Process; the events of all links together are one Poisson process, each of them falls on one link."""
        require_steps(steps, step_s)
        rates = floats(self.steps_per_year).ravel() / YEAR_S
        path = np.zeros((steps, len(rates), 2))
        events = int(rng.poisson(rates.sum() * steps * step_s))
        if events:
            step = rng.integers(steps, size=events)
            link = rng.choice(len(rates), size=events, p=rates / rates.sum())
            means = np.stack([floats(self.efficiency_step).ravel(), floats(self.dark_step).ravel()], axis=-1)
            np.add.at(path, (step, link), means[link] * rng.standard_exponential((events, 2)))
        path[0] += state.reshape(len(rates), 2)
        return np.cumsum(path, axis=0, out=path).reshape(steps, *self.shape, 2)

    def efficiency_factor(self, state: Floats, elapsed_s: ArrayLike) -> Floats:
        """Efficiency over that of the new detector."""
        years = floats(elapsed_s) / YEAR_S
        return np.asarray(np.exp(-(state[..., _EFFICIENCY] + floats(self.efficiency_decay_per_year) * years)))

    def dark_factor(self, state: Floats, elapsed_s: ArrayLike) -> Floats:
        """Dark-count rate over that of the new detector."""
        years = floats(elapsed_s) / YEAR_S
        return np.asarray(np.exp(state[..., _DARK] + floats(self.dark_growth_per_year) * years))
