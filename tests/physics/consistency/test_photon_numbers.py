import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from qkdctl.physics.consistency.photon_numbers import of_pairs, of_pulses

intensities = st.lists(st.one_of(st.just(0.0), st.floats(1e-4, 2.0)), min_size=1, max_size=4)


@given(intensities, st.floats(-15, -1))
def test_nothing_is_lost_but_what_is_said_to_be(mus, exponent):
    photons = of_pulses(mus, beyond=10**exponent)
    assert photons.least.sum(axis=1) + photons.beyond == pytest.approx(np.ones(len(mus)), rel=1e-12)
    assert np.all(photons.beyond <= 10**exponent)
    assert photons.least == pytest.approx(photons.most, rel=1e-12, abs=0)


@given(intensities, intensities)
def test_nothing_is_lost_of_pairs(mus_a, mus_b):
    photons = of_pairs(mus_a, mus_b, beyond=1e-9)
    assert photons.least.sum(axis=1) + photons.beyond == pytest.approx(np.ones(len(mus_a) * len(mus_b)), rel=1e-12)


@given(st.floats(1e-3, 3.0), st.floats(0, 0.5), st.floats(-1, 1))
def test_a_tolerance_holds_every_intensity_within_it(mu, tolerance, share):
    photons = of_pulses([mu], beyond=1e-9, tolerance=tolerance)
    true = mu * (1 + share * tolerance)
    numbers = np.array(photons.states)[:, 0]
    probabilities = poisson.pmf(numbers, true)
    assert np.all(photons.least[0] <= probabilities * (1 + 1e-9))
    assert np.all(probabilities <= photons.most[0] * (1 + 1e-9))
    assert poisson.sf(numbers[-1], true) <= photons.beyond[0] * (1 + 1e-9) + 1e-15


def test_a_tolerance_holds_both_intensities_of_a_pair():
    photons = of_pairs([0.5], [0.3], beyond=1e-4, tolerance=0.2)
    numbers = np.array(photons.states)
    kept = numbers.sum(axis=1).max()
    for true_a, true_b in ((0.4, 0.24), (0.6, 0.36), (0.4, 0.36)):
        probabilities = poisson.pmf(numbers[:, 0], true_a) * poisson.pmf(numbers[:, 1], true_b)
        assert np.all(photons.least[0] <= probabilities * (1 + 1e-12))
        assert np.all(probabilities <= photons.most[0] * (1 + 1e-12))
        assert poisson.sf(kept, true_a + true_b) <= photons.beyond[0] * (1 + 1e-9) <= 1e-4


def test_the_second_sender_runs_first():
    photons = of_pairs([0.5, 0.0], [0.3, 0.1, 0.0], beyond=1e-9)
    vacuum = photons.states.index((0, 0))
    assert photons.least[:, vacuum] == pytest.approx(np.exp([-0.8, -0.6, -0.5, -0.3, -0.1, 0.0]))


@pytest.mark.parametrize(("mus", "tolerance"), [([-0.1], 0.0), ([np.inf], 0.0), ([[0.5]], 0.0), ([0.5], 1.0)])
def test_intensities_out_of_range_are_refused(mus, tolerance):
    with pytest.raises(ValueError, match="must"):
        of_pulses(mus, beyond=1e-9, tolerance=tolerance)
