import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.consistency.link_model import Readings, check_link, fit_link
from qkdctl.physics.consistency.signatures import splitting_gain
from qkdctl.physics.consistency.tally import Tally
from qkdctl.physics.photons import transmittance

MUS = np.array([0.5, 0.1, 0.0])


def link(loss_db=30.0, background=2e-6, misalignment=0.01):
    return Channel(transmittance(loss_db), background, misalignment)


def read(loss_db=30.0, background=2e-6):
    return Readings(loss_db, 0.2, background, 0.2)


def drawn(rng, channel, pulses, links=(), mus=MUS):
    detected = rng.binomial(pulses, gain(channel, mus), (*links, mus.size))
    return Tally(np.full(detected.shape, pulses), detected, rng.binomial(detected, error_rate(channel, mus)))


@settings(max_examples=30)
@given(st.floats(0.5, 45), st.floats(-8, -5), st.floats(1e-3, 0.4))
def test_the_channel_is_found_again(loss_db, exponent, misalignment):
    channel = link(loss_db, 10**exponent, misalignment)
    gains, errors = gain(channel, MUS), error_rate(channel, MUS)
    tally = Tally(1e15, 1e15 * gains, 1e15 * gains * errors)
    fit = fit_link(MUS, tally, read(loss_db, 10**exponent))
    assert fit.channel.transmittance == pytest.approx(float(channel.transmittance), rel=1e-3)
    assert fit.channel.background == pytest.approx(channel.background, rel=1e-2)
    assert fit.channel.misalignment == pytest.approx(misalignment, rel=1e-2)


@pytest.mark.parametrize("pulses", [10**5, 10**7, 10**9])
@pytest.mark.parametrize(("loss_db", "misalignment"), [(10, 0.0), (30, 0.005), (45, 0.03)])
def test_honest_links_are_accused_no_more_often_than_stated(pulses, loss_db, misalignment):
    rng = np.random.default_rng(71)
    links = 1000
    tally = drawn(rng, link(loss_db, misalignment=misalignment), pulses, (links,))
    readings = read(loss_db + 0.2 * rng.normal(size=links), 2e-6 * np.exp(0.2 * rng.normal(size=links)))
    check = check_link(MUS, tally, readings, significance=1e-2)
    assert check.failed.sum() <= 10 + 5 * np.sqrt(10)
    assert (check.p_value <= 1e-6).sum() == 0


def accused(tally, readings, significance=1e-9, **options):
    return check_link(MUS, tally, readings, significance=significance, **options).finding()


def test_each_embellished_report_is_found():
    rng = np.random.default_rng(72)
    honest = drawn(rng, link(), 10**10)
    assert accused(honest, read()) is None
    assert accused(honest, read(loss_db=27)) is not None
    assert accused(honest, read(background=2e-5)) is not None
    embellished = {
        "signal": Tally(honest.sent, honest.detected * [1.05, 1, 1], honest.errors),
        "signal errors": Tally(honest.sent, honest.detected, np.round(honest.errors * [0.7, 1, 1])),
        "decoy errors": Tally(honest.sent, honest.detected, np.round(honest.errors * [1, 0.7, 1])),
        "vacuum errors": Tally(honest.sent, honest.detected, np.round(honest.errors * [1, 1, 0.5])),
    }
    for name, tally in embellished.items():
        rounded = Tally(tally.sent, np.round(tally.detected), tally.errors)
        assert accused(rounded, read()) is not None, name


def test_photon_number_splitting_fits_no_channel():
    rng = np.random.default_rng(73)
    channel = link()
    detected = rng.binomial(10**8, splitting_gain(channel, 0.5, MUS))
    tally = Tally(np.full(3, 10**8), detected, rng.binomial(detected, error_rate(channel, MUS)))
    found = accused(tally, read())
    assert found.test == "bb84-link-model"
    assert found.statistic > found.bound
    assert found.p_value <= 1e-9


@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_a_decoy_of_another_intensity_than_claimed_is_found(factor):
    tally = drawn(np.random.default_rng(74), link(), 10**10, mus=MUS * [1, factor, 1])
    assert accused(tally, read()) is not None
    assert accused(tally, read(), tolerance=0.06) is None


def test_all_intensities_brighter_by_one_factor_show_in_the_loss_alone():
    tally = drawn(np.random.default_rng(75), link(), 10**9, mus=MUS * 1.6)
    assert accused(tally, read()) is not None
    assert accused(tally, Readings(30.0, 2.0, 2e-6, 0.2)) is None


def test_nothing_sent_is_no_accusation():
    nothing = np.zeros(3)
    fit = fit_link(MUS, Tally(nothing, nothing, nothing), read())
    assert fit.chi_square == pytest.approx(0)
    assert fit.p_value == 1
    assert fit.channel.transmittance == pytest.approx(1e-3)


def test_readings_need_a_deviation():
    with pytest.raises(ValueError, match="positive"):
        fit_link(MUS, Tally([1, 1, 1], 0, 0), Readings(30, 0.0, 1e-6, 0.1))
