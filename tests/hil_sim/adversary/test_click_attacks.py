import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.adversary.click_attacks import corrupted_clicks
from hil_sim.adversary.state_attacks import StateAttack
from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.decoy import Observed, rate_decoy, vacuum_weak_bounds

SIGNAL, DECOY, VACUUM = 0, 1, 2
GYS = Channel(transmittance=np.array([0.045 * 10**-2.1]), background=np.array([1.7e-6]), misalignment=0.033)
INTENSITIES = np.array([[0.48], [0.05], [0.0]])

channels = st.builds(
    lambda eta, y0, e_d: Channel(np.array([10**eta]), np.array([y0]), np.array([e_d])),
    st.floats(-8, 0),
    st.one_of(st.just(0.0), st.floats(-9, -2).map(lambda exponent: 10**exponent)),
    st.floats(0, 0.5),
)
intensities = st.tuples(st.floats(1e-3, 1), st.floats(0, 1)).map(lambda t: np.array([[t[0]], [t[0] * t[1]], [0.0]]))
fractions = st.floats(0, 1)


def honest_clicks(channel, mean_photon_numbers):
    q, e = gain(channel, mean_photon_numbers), error_rate(channel, mean_photon_numbers)
    return np.stack([q * (1 - e)] * 2), np.stack([q * e] * 2)


def attacked(channel=GYS, mean_photon_numbers=INTENSITIES, **fractions):
    attack = StateAttack.of((1,), **{name: np.array([value]) for name, value in fractions.items()})
    right, wrong = honest_clicks(channel, mean_photon_numbers)
    return corrupted_clicks(right, wrong, mean_photon_numbers, channel.background, attack)


def test_splitting_leaves_the_signal_and_takes_four_fifths_of_the_decoys():
    honest, split = attacked(), attacked(photon_number_splitting=1.0)
    q, q_split = honest.right + honest.wrong, split.right + split.wrong
    assert q_split[:, SIGNAL] == pytest.approx(q[:, SIGNAL])
    assert split.wrong[:, SIGNAL] == pytest.approx(honest.wrong[:, SIGNAL])
    assert q_split[:, DECOY] / q[:, DECOY] == pytest.approx(np.full((2, 1), 0.213), abs=0.001)
    assert q_split[:, VACUUM] == pytest.approx(np.full((2, 1), 1.7e-6))
    assert split.wrong[:, VACUUM] == pytest.approx(np.full((2, 1), 0.85e-6))


def test_gains_follow_from_yields_that_are_the_same_for_every_intensity():
    mu, nu = 0.48, 0.05
    q_mu, y0 = float(gain(GYS, mu)[0]), 1.7e-6
    many = 1 - (1 + mu) * np.exp(-mu)
    y_m = (q_mu - y0 * (1 + mu) * np.exp(-mu)) / many
    q_nu = y0 * (1 + nu) * np.exp(-nu) + (1 - (1 + nu) * np.exp(-nu)) * y_m
    split = attacked(photon_number_splitting=1.0)
    assert float((split.right + split.wrong)[0, DECOY, 0]) == pytest.approx(q_nu, rel=1e-9)
    assert split.known_clicks == pytest.approx([many * y_m / q_mu], rel=1e-9)


def test_decoys_prove_that_split_pulses_make_no_key():
    for fraction, key in ((0.0, True), (1.0, False)):
        clicks = attacked(photon_number_splitting=fraction)
        q = (clicks.right + clicks.wrong)[0, :, 0]
        e = clicks.wrong[0, :, 0] / q
        signal, decoy = Observed(0.48, q[SIGNAL], e[SIGNAL]), Observed(0.05, q[DECOY], e[DECOY])
        rate = rate_decoy(signal, vacuum_weak_bounds(signal, decoy, q[VACUUM]), correction=1.22)
        assert (rate > 0) == key


def test_half_of_the_splitting_takes_half_as_much():
    none, half, all_ = (attacked(photon_number_splitting=fraction) for fraction in (0.0, 0.5, 1.0))
    assert half.right == pytest.approx((none.right + all_.right) / 2)
    assert half.wrong == pytest.approx((none.wrong + all_.wrong) / 2)
    assert half.known_clicks == pytest.approx(all_.known_clicks / 2)


def test_where_pulses_of_many_photons_are_too_few_some_single_ones_must_pass():
    short = Channel(np.array([0.5]), np.array([1e-6]), 0.01)
    mu, nu = INTENSITIES[SIGNAL, 0], INTENSITIES[DECOY, 0]
    split = attacked(short, photon_number_splitting=1.0)
    q = (split.right + split.wrong)[0, :, 0]
    many, many_nu = (1 - (1 + n) * np.exp(-n) for n in (mu, nu))
    y_1 = (float(gain(short, mu)[0]) - many - np.exp(-mu) * 1e-6) / (mu * np.exp(-mu))
    assert 0 < y_1 < 0.5
    assert q[SIGNAL] == pytest.approx(float(gain(short, mu)[0]))
    assert q[DECOY] == pytest.approx(many_nu + nu * np.exp(-nu) * y_1 + np.exp(-nu) * 1e-6, rel=1e-5)
    assert split.known_clicks == pytest.approx([many / q[SIGNAL]], rel=1e-5)


@given(channels, intensities, fractions, fractions)
def test_clicks_stay_probabilities_and_splitting_never_brightens_decoys(channel, mean, split, blind):
    honest, clicks = attacked(channel, mean), attacked(channel, mean, photon_number_splitting=split, blinding=blind)
    total = clicks.right + clicks.wrong
    assert np.all((clicks.right >= 0) & (clicks.wrong >= 0) & (total <= 1 + 1e-12))
    assert np.all(total <= (honest.right + honest.wrong) * (1 + 1e-9) + 1e-15)
    assert np.all((clicks.known_clicks >= 0) & (clicks.known_clicks <= 1))


@given(channels, intensities, fractions)
def test_splitting_leaves_gain_and_errors_of_the_signal(channel, mean, split):
    honest, clicks = attacked(channel, mean), attacked(channel, mean, photon_number_splitting=split)
    assert clicks.right[:, SIGNAL] == pytest.approx(honest.right[:, SIGNAL], rel=1e-9, abs=1e-15)
    assert clicks.wrong[:, SIGNAL] == pytest.approx(honest.wrong[:, SIGNAL], rel=1e-9, abs=1e-15)


@given(channels, intensities)
def test_without_attack_not_a_bit_changes(channel, mean):
    right, wrong = honest_clicks(channel, mean)
    clicks = attacked(channel, mean)
    assert (clicks.right.tobytes(), clicks.wrong.tobytes()) == (right.tobytes(), wrong.tobytes())
    assert (clicks.known_clicks, clicks.double_click_factor, clicks.photocurrent_deviation) == (0, 1, 0)


def test_links_without_attack_next_to_attacked_ones_keep_every_bit():
    right, wrong = (np.repeat(table, 3, axis=2) for table in honest_clicks(GYS, INTENSITIES))
    attack = StateAttack.of((3,), photon_number_splitting=np.array([1.0, 0.0, 0.0]), blinding=np.array([0.0, 0.0, 0.7]))
    clicks = corrupted_clicks(right, wrong, np.repeat(INTENSITIES, 3, axis=1), np.full(3, 1.7e-6), attack)
    assert clicks.right[..., 1].tobytes() == right[..., 1].tobytes()
    assert clicks.wrong[..., 1].tobytes() == wrong[..., 1].tobytes()
    assert clicks.known_clicks[1] == 0
    assert not np.array_equal(clicks.right[..., 0], right[..., 0])
    assert not np.array_equal(clicks.right[..., 2], right[..., 2])


def test_a_blinded_receiver_shows_in_count_rate_double_clicks_and_current_but_not_in_errors():
    honest, blind = attacked(), attacked(blinding=1.0)
    assert blind.right == pytest.approx(honest.right / 2)
    assert blind.wrong / blind.right == pytest.approx(honest.wrong / honest.right)
    assert (blind.double_click_factor, blind.photocurrent_deviation, blind.known_clicks) == (0, 1, 1)


def test_of_a_receiver_blinded_half_of_the_time_a_third_of_the_clicks_is_known():
    assert attacked(blinding=0.5).known_clicks == pytest.approx([1 / 3])


def test_a_dark_link_is_split_without_warning():
    dark = Channel(np.array([0.0]), np.array([1e-6]), 0.01)
    clicks = attacked(dark, photon_number_splitting=1.0)
    assert clicks.right == pytest.approx(np.full((2, 3, 1), 0.5e-6))
    off = attacked(GYS, np.zeros((3, 1)), photon_number_splitting=1.0)
    assert off.right == pytest.approx(np.full((2, 3, 1), 0.85e-6))


def test_a_signal_must_be_the_brightest():
    with pytest.raises(ValueError, match="first and brightest"):
        attacked(GYS, INTENSITIES[::-1], photon_number_splitting=1.0)
