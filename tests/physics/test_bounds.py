import math

import pytest

from qkdctl.physics.bounds import plob_bound, single_repeater_bound
from qkdctl.physics.photons import transmittance


@pytest.mark.parametrize(
    ("loss_db", "bits", "half_digit"), [(10, 0.1520031, 5e-8), (30, 1.443417e-3, 5e-10), (60, 1.442696e-6, 5e-13)]
)
def test_published_arithmetic(loss_db, bits, half_digit):
    assert plob_bound(transmittance(loss_db)) == pytest.approx(bits, abs=half_digit)


def test_stays_exact_beyond_the_reach_of_naive_arithmetic():
    assert plob_bound(1e-18) == pytest.approx(1e-18 / math.log(2), rel=1e-15)


def test_ends():
    assert plob_bound([0.0, 1.0]).tolist() == [0.0, math.inf]


def test_a_repeater_midway_halves_the_decibels():
    assert single_repeater_bound(transmittance(60)) == pytest.approx(float(plob_bound(transmittance(30))))
    assert single_repeater_bound([0.0, 1.0]).tolist() == [0.0, math.inf]


@pytest.mark.parametrize("eta", [-0.1, 1.1])
def test_refuses_what_is_no_transmittance(eta):
    for bound in (plob_bound, single_repeater_bound):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            bound(eta)
