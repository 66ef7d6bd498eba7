import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.chsh import TSIRELSON_LIMIT, chsh_value, holevo_information, key_fraction, qber
from qkdctl.physics.entropy import h2

errors = st.floats(0, 0.5)


def test_the_violation_that_naik_and_others_measured_in_2000():
    assert qber(2.6545) == pytest.approx(0.03075, abs=5e-6)
    assert holevo_information(2.6545) == pytest.approx(0.341781, abs=5e-7)


def test_the_violation_is_lost_where_a_classical_model_suffices():
    assert qber(2.0) == pytest.approx((2 - np.sqrt(2)) / 4, rel=1e-12)
    assert qber(2.0) == pytest.approx(0.146447, abs=5e-7)


def test_the_key_ends_near_seven_percent():
    error = np.linspace(0.0, 0.5, 50_001)
    rate = key_fraction(error, chsh_value(error))
    assert error[np.flatnonzero(rate > 0)[-1]] == pytest.approx(0.07, abs=0.002)
    assert np.all(np.diff(rate[error < 0.146]) < 0)


def test_ends():
    assert holevo_information([0.0, 1.0, 2.0]).tolist() == [1.0, 1.0, 1.0]
    assert holevo_information(TSIRELSON_LIMIT) == pytest.approx(0.0, abs=1e-14)
    assert chsh_value([0.0, 0.5]).tolist() == [TSIRELSON_LIMIT, 0.0]
    assert key_fraction(0.0, TSIRELSON_LIMIT) == pytest.approx(1.0)


@given(errors)
def test_value_and_error_rate_invert_each_other(error):
    assert qber(chsh_value(error)) == pytest.approx(error, abs=1e-15)


@given(errors, errors)
def test_a_higher_violation_leaves_an_eavesdropper_less(first, second):
    low, high = sorted([float(chsh_value(first)), float(chsh_value(second))])
    assert 0 <= holevo_information(high) <= holevo_information(low) <= 1


@given(errors)
def test_trusting_no_device_never_gives_more_than_trusting_both(error):
    assert key_fraction(error, chsh_value(error)) <= 1 - 2 * h2(error) + 1e-12


@pytest.mark.parametrize("impossible", [-0.1, 2.83, [2.0, 4.0]])
def test_refuses_what_no_quantum_state_shows(impossible):
    for function in (qber, holevo_information):
        with pytest.raises(ValueError, match=r"2 sqrt\(2\)"):
            function(impossible)


@pytest.mark.parametrize("impossible", [-0.01, 0.51])
def test_refuses_what_is_no_error_rate(impossible):
    with pytest.raises(ValueError, match="1/2"):
        chsh_value(impossible)
