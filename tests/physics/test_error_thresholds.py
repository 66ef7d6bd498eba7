import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.entropy import h2
from qkdctl.physics.error_thresholds import bb84_error_threshold, six_state_error_threshold


@pytest.mark.parametrize(("correction", "printed", "last_digit"), [(1.0, 0.110028, 1e-6), (1.22, 0.09424, 1e-5)])
def test_thresholds_of_bb84(correction, printed, last_digit):
    assert bb84_error_threshold(correction) == pytest.approx(printed, abs=last_digit / 2)


def test_threshold_of_six_states():
    assert six_state_error_threshold() == pytest.approx(0.12619, abs=5e-6)
    assert six_state_error_threshold() > bb84_error_threshold()


@given(st.floats(1.0, 3.0))
def test_the_rate_vanishes_at_the_threshold(correction):
    threshold = bb84_error_threshold(correction)
    assert 1 - (1 + correction) * h2(threshold) == pytest.approx(0, abs=1e-12)


def test_worse_correction_tolerates_fewer_errors():
    assert np.all(np.diff(bb84_error_threshold(np.linspace(1, 2, 11))) < 0)
