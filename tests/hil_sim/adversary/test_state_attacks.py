import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from hil_sim.adversary.state_attacks import StateAttack, corrupted_errors

fractions = st.floats(0, 1)
errors = npst.arrays(float, (2, 5), elements=st.floats(0, 0.5))
strengths = npst.arrays(float, 5, elements=fractions)
attacks = st.builds(StateAttack, *[strengths] * 5)


def on_one_link(**fractions):
    return StateAttack.of((1,), **{name: np.array([value]) for name, value in fractions.items()})


def error_rates(e_d, **fractions):
    return corrupted_errors(np.full((2, 1), e_d), on_one_link(**fractions))[:, 0]


@pytest.mark.parametrize(("fraction", "percent"), [(0.04, 1.49), (0.1, 2.98), (1.0, 25.25), (0.02, 1.0)])
def test_intercept_resend_at_an_error_rate_of_half_a_percent(fraction, percent):
    assert 100 * error_rates(0.005, intercept_resend=fraction) == pytest.approx([percent] * 2, abs=0.0051)


def test_intercept_resend_crosses_one_percent_at_four_percent_of_perfect_pulses():
    assert error_rates(0.0, intercept_resend=0.04) == pytest.approx([0.01, 0.01])


def test_a_tenth_of_random_states_costs_five_percent():
    assert error_rates(0.01, random_states=0.1) == pytest.approx([0.059, 0.059])


def test_measuring_in_z_shows_in_x_only():
    assert error_rates(0.005, one_basis=1.0).tolist() == [0.005, 0.5]
    assert error_rates(0.0, one_basis=0.3) == pytest.approx([0.0, 0.15])


def test_pooled_over_both_bases_a_total_break_looks_like_little():
    share_z = np.array([0.9**2, 0.1**2]) / (0.9**2 + 0.1**2)
    assert 100 * share_z @ error_rates(0.0, one_basis=1.0) == pytest.approx(0.61, abs=0.0051)


@given(errors)
def test_without_attack_not_a_bit_changes(rates):
    assert corrupted_errors(rates, StateAttack.none(5)).tobytes() == rates.tobytes()


@given(errors, attacks)
def test_attacks_only_add_errors_up_to_one_half(rates, attack):
    corrupted = corrupted_errors(rates, attack)
    assert np.all(corrupted >= rates - 1e-15)
    assert np.all(corrupted <= 0.5)


@given(errors, attacks)
def test_attacks_at_once_are_attacks_one_after_the_other_in_any_order(rates, attack):
    alone = [
        StateAttack.of((5,), **{name: getattr(attack, name)})
        for name in ("random_states", "intercept_resend", "one_basis")
    ]
    for order in (alone, alone[::-1]):
        after = rates
        for part in order:
            after = corrupted_errors(after, part)
        assert after == pytest.approx(corrupted_errors(rates, attack), abs=1e-15)


def test_error_rates_agree_with_pulses_drawn_one_by_one():
    rng = np.random.default_rng(1)
    pulses, e_d, f, g = 400_000, 0.02, 0.3, 0.2
    bit, basis = rng.integers(2, size=(2, pulses))
    state, prepared = bit.copy(), basis.copy()
    for fraction, measured in ((f, rng.integers(2, size=pulses)), (g, np.zeros(pulses, dtype=int))):
        struck = rng.random(pulses) < fraction
        outcome = np.where(measured == prepared, state, rng.integers(2, size=pulses))
        state, prepared = np.where(struck, outcome, state), np.where(struck, measured, prepared)
    received = np.where(basis == prepared, state, rng.integers(2, size=pulses)) ^ (rng.random(pulses) < e_d)
    drawn = [np.mean((received != bit)[basis == b]) for b in (0, 1)]
    assert drawn == pytest.approx(error_rates(e_d, intercept_resend=f, one_basis=g), abs=0.004)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_fraction_of_pulses_lies_between_none_and_all(fraction):
    with pytest.raises(ValueError, match=r"one_basis must lie in \[0, 1\]"):
        on_one_link(one_basis=fraction)


def test_attacks_are_on_the_same_links():
    with pytest.raises(ValueError, match="shape"):
        StateAttack.of((2,), blinding=np.zeros(3))


@given(attacks, st.lists(st.integers(0, 4), min_size=1))
def test_some_links_can_be_taken_out(attack, links):
    taken = attack.take(np.array(links))
    assert taken.blinding.tolist() == attack.blinding[links].tolist()
    assert taken.one_basis.tolist() == attack.one_basis[links].tolist()
