import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.adversary.announcements import RelayAttack, announced_clicks

fractions = st.floats(0, 1)


def tables(errors, gains=(2.6e-5, 5.2e-5)):
    q, e = np.array(gains).reshape(2, 1, 1), np.array(errors).reshape(2, 1, 1)
    return q * (1 - e), q * e


def announced(errors, fabrication=0.0, z_measurement=0.0):
    attack = RelayAttack(np.array([fabrication]), np.array([z_measurement]))
    return announced_clicks(*tables(errors), attack)


def error_rates(right, wrong):
    return (wrong / (right + wrong))[:, 0, 0]


def test_made_up_announcements_show_in_both_bases():
    rates = error_rates(*announced((0.0166, 0.2575), fabrication=0.05))
    assert rates == pytest.approx([0.0408, 0.270], abs=5e-4)


def test_pulses_measured_in_z_stay_right_in_z_and_are_random_in_x():
    assert error_rates(*announced((0.0166, 0.2575), z_measurement=1.0)) == pytest.approx([0.0166, 0.5])


@given(st.floats(0, 0.5), st.floats(0, 0.5), fractions, fractions)
def test_lies_of_a_relay_only_add_errors_and_leave_the_gains(in_z, in_x, fabrication, z_measurement):
    honest_right, honest_wrong = tables((in_z, in_x))
    right, wrong = announced((in_z, in_x), fabrication, z_measurement)
    assert right + wrong == pytest.approx(honest_right + honest_wrong)
    assert np.all(wrong >= honest_wrong * (1 - 1e-12))
    assert np.all(error_rates(right, wrong) <= 0.5 + 1e-12)


def test_an_honest_relay_changes_not_a_bit():
    right, wrong = tables((0.0166, 0.2575))
    again = announced((0.0166, 0.2575))
    assert (again[0].tobytes(), again[1].tobytes()) == (right.tobytes(), wrong.tobytes())


def test_an_honest_relay_next_to_a_lying_one_changes_not_a_bit():
    right, wrong = (np.repeat(table, 2, axis=2) for table in tables((0.0166, 0.2575)))
    announced_right, announced_wrong = announced_clicks(right, wrong, RelayAttack(np.array([0.0, 0.5]), np.zeros(2)))
    assert announced_right[..., 0].tobytes() == right[..., 0].tobytes()
    assert announced_wrong[..., 0].tobytes() == wrong[..., 0].tobytes()
    assert np.all(announced_wrong[..., 1] > wrong[..., 1])
