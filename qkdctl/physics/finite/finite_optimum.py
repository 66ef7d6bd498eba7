"""Source settings that make the most key out of a finite block.

Everything broadcasts over links, so that many of them are optimised in one call.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qkdctl.physics.arrays import Floats
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.decoy_counts import IntensitySettings
from qkdctl.physics.finite.finite_link import ExpectedBlock, FiniteLink, FiniteSource, KeyLength, expect_block
from qkdctl.physics.search import Objective, best_of, climb, survey

LEAST_PROBABILITY = 1e-3
"""No basis and no intensity is chosen more rarely."""

LEAST_SIGNAL, MOST_SIGNAL = 0.01, 1.0
"""Range of the mean photon number of a signal."""

_LARGER_BLOCKS = 10.0 ** np.array([9, 7, 5, 4, 3, 2, 1])
_APART = 0.01  # share of its range by which a decoy keeps away from where bounds become singular

SourceAt = Callable[[Floats], FiniteSource]


@dataclass(frozen=True, slots=True)
class FiniteOptimum:
    """The best that was found.

    Attributes:
        source: what to choose; where the rate is negative no choice gives key, and this one comes nearest.
        block: what it is expected to give.
    """

    source: FiniteSource
    block: ExpectedBlock


def optimal_two_decoys(link: FiniteLink, *, weakest: float = 2e-4) -> FiniteOptimum:
    """Best signal, decoy, probabilities and basis for three intensities (Lim et al. 2014), the weakest being given.

    Modulators extinguish by a finite factor, so the weakest intensity is no choice; 2e-4 is the value of that paper.

    Raises:
        ValueError: unless 0 <= weakest < 0.005, so that there is room for the other two.
    """
    if not 0 <= weakest < LEAST_SIGNAL / 2:
        raise ValueError(f"the weakest intensity must lie in [0, {LEAST_SIGNAL / 2}), got {weakest!r}")

    def source_at(point: Floats) -> FiniteSource:
        basis, signal, decoy, first, second = np.moveaxis(point, -1, 0)
        mu = _between(LEAST_SIGNAL, MOST_SIGNAL, signal)
        nu = weakest + _between(_APART, 1 - _APART, decoy) * (mu - 2 * weakest)
        p_mu = _between(LEAST_PROBABILITY, 1 - 2 * LEAST_PROBABILITY, first)
        p_nu = _between(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY - p_mu, second)
        return _source(basis, [mu, nu, np.full_like(mu, weakest)], [p_mu, p_nu, 1 - p_mu - p_nu])

    return _optimum(link, source_at, 5, lim2014.key_length)


def optimal_one_decoy(link: FiniteLink) -> FiniteOptimum:
    """Best signal, decoy, probabilities and basis for two intensities (Rusca et al. 2018)."""

    def source_at(point: Floats) -> FiniteSource:
        basis, signal, decoy, first = np.moveaxis(point, -1, 0)
        mu = _between(LEAST_SIGNAL, MOST_SIGNAL, signal)
        nu = _between(_APART, 1 - _APART, decoy) * mu
        p_mu = _between(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY, first)
        return _source(basis, [mu, nu], [p_mu, 1 - p_mu])

    return _optimum(link, source_at, 4, rusca2018.key_length)


def _optimum(link: FiniteLink, source_at: SourceAt, choices: int, key_length: KeyLength) -> FiniteOptimum:
    """Best point of the unit cube of choices.

    Small blocks give key in a tiny part of the cube only. A block without end gives key nearly everywhere that key can
    be had, so the search starts there and follows the peak down to the block asked for. Choices without key compare by
    the secret fraction: their negative rate would be best for sources that hardly ever click.
    """

    def merits(larger: float) -> Objective:
        wide = link.for_candidates(larger)

        def merit(points: Floats) -> Floats:
            block = expect_block(wide, source_at(points), key_length)
            return np.where(block.key.length > 0, block.rate(), block.secret_fraction())

        return merit

    best = survey(merits(_LARGER_BLOCKS[0]), choices)
    for larger in _LARGER_BLOCKS:
        best = climb(merits(larger), best, reach=0.2, precision=0.02)
    asked = merits(1.0)
    starts = np.stack([best, survey(asked, choices)], axis=-2)
    best = climb(asked, best_of(starts, asked(starts)), reach=0.25, precision=1e-4)
    source = source_at(best)
    return FiniteOptimum(source=source, block=expect_block(link, source, key_length))


def _between(low: float | Floats, high: float | Floats, share: Floats) -> Floats:
    return np.asarray(low + (high - low) * share)


def _source(basis: Floats, mean_photon_numbers: list[Floats], probabilities: list[Floats]) -> FiniteSource:
    return FiniteSource(
        settings=IntensitySettings(np.stack(mean_photon_numbers, axis=-1), np.stack(probabilities, axis=-1)),
        key_basis_probability=_between(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY, basis),
    )
