"""A mere loss is found to explain nearly all honest links, and never what the linear program finds unexplained."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.consistency.decoy_yields import program_from_counts
from qkdctl.physics.consistency.mere_loss import mere_loss_explains
from qkdctl.physics.consistency.signatures import splitting_gain
from qkdctl.physics.consistency.tally import Tally
from tests.hil_sim.world.links import HandClock, lit_link

MUS = np.array([0.5, 0.1, 0.0])
OWN = 1e-9

intensities = st.lists(st.sampled_from([0.0, 1e-3, 0.05, 0.1, 0.3, 0.6, 2.0, 10.0]), min_size=2, max_size=5)
tolerances = st.sampled_from([0.0, 0.01, 0.05])
significances = st.sampled_from([1e-12, 0.1])


def exactly_explained(mus, tally, significance, tolerance):
    """By the linear program, of all yields and of those of passive channels."""
    programs = (
        program_from_counts(mus, tally, significance=significance, tolerance=tolerance, passive=passive)
        for passive in (False, True)
    )
    return all(program.explained() for program in programs)


def drawn(rng, mus, links, tolerance):
    """Links of all lengths, backgrounds and numbers of pulses, their intensities off by up to the tolerance."""
    true = mus * (1 + tolerance * rng.uniform(-1, 1, (links, len(mus))))
    channel = Channel(
        10 ** rng.uniform(-7, 0, (links, 1)), 10 ** rng.uniform(-9, -3, (links, 1)), rng.uniform(0, 0.1, (links, 1))
    )
    shares = [[0.9], [0.05]] * rng.dirichlet([2.0] * len(mus), links)[:, np.newaxis]
    sent = (10 ** rng.uniform(2, 11, (links, 1, 1)) * shares).astype(np.int64)
    detected = rng.binomial(sent, gain(channel, true)[:, np.newaxis])
    return Tally(sent, detected, rng.binomial(detected, error_rate(channel, true)[:, np.newaxis]))


def of_link(tally, number):
    return Tally(*(np.asarray(getattr(tally, part))[number] for part in Tally.__slots__))


@settings(max_examples=60, deadline=None)
@given(intensities.map(np.array), st.integers(0, 2**32 - 1), st.floats(-2, 2), tolerances, significances)
def test_what_it_explains_the_program_explains_however_forged_the_counts_are(
    mus, seed, exponent, tolerance, significance
):
    rng = np.random.default_rng(seed)
    tally = of_link(drawn(rng, mus, 1, tolerance), 0)
    cell = rng.integers(2), rng.integers(len(mus))
    tally.detected[cell] = min(tally.sent[cell], round(tally.detected[cell] * 10**exponent))
    tally.errors[cell] = rng.integers(tally.detected[cell] + 1)
    if mere_loss_explains(mus, tally, significance=significance, tolerance=tolerance):
        assert exactly_explained(mus, tally, significance, tolerance)


def most_explained(mus, sign, tolerance):
    """The strongest forgery of one intensity that a mere loss still explains, by halving."""
    channel = Channel(0.01, 1e-4, 0.01)
    gains, errors = gain(channel, mus), error_rate(channel, mus)
    sent = np.full((2, len(mus)), 10**9)

    def forged(exponent):
        factors = np.ones(len(mus))
        factors[1] = 10 ** (sign * exponent)
        detected = np.round(sent * gains * factors)
        return Tally(sent, detected, np.round(detected * errors))

    inside, outside = 0.0, 1.0
    for _ in range(40):
        middle = (inside + outside) / 2
        if mere_loss_explains(mus, forged(middle), significance=OWN, tolerance=tolerance):
            inside = middle
        else:
            outside = middle
    return inside, forged(inside)


@pytest.mark.parametrize("mus", [MUS, np.zeros(2)], ids=["decoys", "only darkness"])
@pytest.mark.parametrize("tolerance", [0.0, 0.01])
@pytest.mark.parametrize("sign", [1, -1])
def test_at_its_own_limit_too_the_program_explains_the_counts(mus, sign, tolerance):
    exponent, tally = most_explained(mus, sign, tolerance)
    assert 0 < exponent < 0.1
    assert exactly_explained(mus, tally, OWN, tolerance)


@pytest.mark.parametrize("mus", [MUS, np.array([0.25, 0.05, 0.0]), np.array([0.6, 0.1, 0.05, 0.01, 0.0])])
@pytest.mark.parametrize("tolerance", [0.01, 0.05])
def test_of_honest_links_it_explains_nearly_all(mus, tolerance):
    tally = drawn(np.random.default_rng(1), mus, 2000, tolerance)
    explained = mere_loss_explains(mus, tally, significance=OWN, tolerance=tolerance)
    assert explained.shape == (2000,)
    assert np.mean(explained) > 0.998


@pytest.mark.parametrize("length_km", [1.0, 5.0, 25.0, 120.0])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_it_explains_receivers_with_dead_time_and_links_that_drift(preset, length_km):
    clock = HandClock()
    link = lit_link(PRESETS[preset].model_copy(update={"fibre_length_km": length_km}), clock=clock)
    session = KeySession(link, SessionParameters())
    session.configure(mean_photon_number_e6=round(link.mean_photon_number() * 1e6))
    session.configure(running=True)
    clock.go_on(30)
    records = session.records("alice", 0, 30)
    cells = ([[getattr(basis, part) for basis in (r.z, r.x)] for r in records] for part in Tally.__slots__)
    tally = Tally(*map(np.array, cells))
    mus = np.array([r.mean_photon_numbers_e6 for r in records]) / 1e6
    assert mere_loss_explains(mus, tally, significance=OWN, tolerance=0.01).all()
    whole = Tally(*(getattr(tally, part).sum(axis=0) for part in Tally.__slots__))
    assert mere_loss_explains(mus[0], whole, significance=OWN, tolerance=0.01)


def test_forgeries_and_photon_number_splitting_are_left_to_the_program():
    channel = Channel(1e-3, 1e-6, 0.01)
    honest = gain(channel, MUS)
    amplified = -np.expm1(-5 * MUS)
    split = splitting_gain(channel, 0.5, MUS)
    seen = [honest * [1, 1.6, 1], honest * [1, 0, 1], honest[[1, 0, 2]], amplified, split]
    sent = np.full((len(seen), 1, 3), 10**9)
    detected = np.round(sent * np.array(seen)[:, np.newaxis])
    tally = Tally(sent, detected, np.round(0.01 * detected))
    assert not mere_loss_explains(MUS, tally, significance=OWN, tolerance=0.01).any()


def test_links_do_not_depend_on_those_tested_along_with_them():
    tally = drawn(np.random.default_rng(2), MUS, 50, 0.05)
    tolerance = np.linspace(0, 0.05, 50)
    together = mere_loss_explains(np.tile(MUS, (50, 1)), tally, significance=0.1, tolerance=tolerance)
    alone = [
        mere_loss_explains(MUS, of_link(tally, number), significance=0.1, tolerance=tolerance[number])
        for number in range(50)
    ]
    assert 0 < np.count_nonzero(together) < 50
    assert np.array_equal(together, alone)


def test_without_pulses_everything_explains_and_counts_must_be_nested():
    none = np.zeros((2, 3))
    assert mere_loss_explains(MUS, Tally(none, none, none), significance=OWN)
    with pytest.raises(ValueError, match="errors <= detected"):
        mere_loss_explains(MUS, Tally(none, none, none + 1), significance=OWN)
