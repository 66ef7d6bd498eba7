"""Counts that are what a channel promises prove what its formula promises, and no counts at all break the analysis."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.detection import CELLS, CLICKS
from hil_sim.network.key_credit import BITS, Block, Claims
from hil_sim.world.key_analysis import provable_key_bits
from qkdctl.physics import bb84, bbm92, decoy, mdi, mdi_decoy, sns
from qkdctl.physics.entropy import h2
from qkdctl.physics.finite import lim2014
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.security import Security
from qkdctl.physics.photons import transmittance
from tests.hil_sim.network.optics import RATIOS, SHARES, optics

PULSES = 10**15
LOSSES_DB = np.array([0.0, 10.0, 20.0, 30.0])
MU = 0.4
F = 1.16
DARK = -np.expm1(-100e-9)
ARM = transmittance(LOSSES_DB / 2 + 3.0) * 0.65


def claims(mean_photon_numbers, *, finite=False, least_clicks=200, secrecy=1e-9):
    mean = np.atleast_1d(np.asarray(mean_photon_numbers, dtype=np.float64))

    def column(value, dtype=np.float64):
        return np.full(mean.size, value, dtype=dtype)

    return Claims(
        mean_photon_number=mean,
        ratios=np.array(RATIOS)[:, np.newaxis] * np.ones(mean.size),
        shares=np.array(SHARES)[:, np.newaxis] * np.ones(mean.size),
        sending=column(0.04),
        correction=column(F),
        least_clicks=column(least_clicks, np.int64),
        finite=np.broadcast_to(np.asarray(finite), mean.shape).copy(),
        secrecy=column(secrecy),
        correctness=column(1e-15),
    )


def expected_block(protocol, pulses=PULSES, mean=MU, losses_db=LOSSES_DB):
    """What links of these losses count on average."""
    clicks = CLICKS[protocol](optics(losses_db, mean, errors=(0.01, 0.01)))
    sent = np.broadcast_to(pulses * clicks.sent, clicks.right.shape)
    detected = sent * (clicks.right + clicks.wrong)
    return Block(*(np.rint(table).astype(np.int64) for table in (sent, detected, sent * clicks.wrong)))


def bits_of(protocol, block, of):
    return BITS[protocol](block, of)


def test_mdi_gives_the_rate_of_its_decoys():
    block = expected_block("mdi")
    intensities = mdi_decoy.Intensities(MU, 0.2 * MU, 0.0)
    z, x = mdi_decoy.expected_cells(mdi.MdiChannel(ARM, ARM, DARK, 0.01), intensities)
    rate = mdi_decoy.rate_decoy(intensities, z, mdi_decoy.single_pair_bounds(intensities, z, x), correction=F)
    bits = bits_of("mdi", block, claims([MU] * 4))
    assert bits == pytest.approx(np.maximum(rate, 0) * block.sent[0, 0], rel=1e-3)
    assert (bits > 0).sum() >= 3


def test_twin_field_gives_the_rate_of_sending_or_not_sending():
    block = expected_block("tf")
    channel = sns.SnsChannel(ARM, DARK, 0.01)
    settings = sns.SnsSettings(MU, 0.04, 0.2 * MU, MU)
    rate = sns.rate_expected(channel, settings, correction=F)
    bits = bits_of("tf", block, claims([MU] * 4))
    assert bits == pytest.approx(np.maximum(rate, 0) * block.sent[0, 0], rel=1e-4)
    assert (bits > 0).all()


def test_pairs_give_the_rate_of_both_bases():
    block = expected_block("bbm92", mean=0.1)
    background = DARK * (2 - DARK)
    channel = bbm92.Bbm92Channel(ARM, ARM, background, background, 0.01)
    rate = bbm92.rate_expected(channel, 0.05, correction=F, sift=1.0)
    bits = bits_of("bbm92", block, claims([0.1] * 4))
    assert bits == pytest.approx(rate * block.sent[0, 0], rel=1e-6)
    assert (bits > 0).all()


def test_bb84_without_a_size_gives_the_rate_of_vacuum_and_weak_decoy():
    mean = 0.02
    block = expected_block("bb84", mean=mean)
    background = DARK * (2 - DARK)
    channel = bb84.Channel(transmittance(LOSSES_DB + 3.0) * 0.65, background, 0.01)
    signal, weak = (
        decoy.Observed(mu, bb84.gain(channel, mu), bb84.error_rate(channel, mu)) for mu in (mean, 0.2 * mean)
    )
    rate = decoy.rate_decoy(signal, decoy.vacuum_weak_bounds(signal, weak, background), correction=F, sift=1.0)
    bits = bits_of("bb84", block, claims([mean] * 4))
    assert bits == pytest.approx(rate * block.sent[0, 0], rel=2e-2)
    assert (bits > 0).all()


def test_bb84_without_a_size_is_the_analysis_of_single_links():
    block = expected_block("bb84", pulses=10**10)
    bits = bits_of("bb84", block, claims([MU] * 4))
    for link in range(4):
        one = SimpleNamespace(**{name: getattr(block, name)[..., link] for name in ("sent", "detected", "errors")})
        assert bits[link] == provable_key_bits(one, MU, 0.2, correction=F, least_clicks=200)


def test_bb84_of_finite_size_is_that_of_lim_and_others():
    block = expected_block("bb84", pulses=10**11)
    bits = bits_of("bb84", block, claims([MU] * 4, finite=True))
    for link in range(4):
        counts = BlockCounts(
            *(BasisCounts(block.detected[basis, :, link], block.errors[basis, :, link]) for basis in (0, 1))
        )
        settings = IntensitySettings(MU * np.array(RATIOS), SHARES)
        key = lim2014.key_length(counts, settings, correction=F, security=Security(1e-9, 1e-15))
        assert bits[link] == key.bits()
    assert (bits > 0).sum() >= 3


def endless_bits(block):
    """What the same pulses would give if yields and errors of photon numbers were known, all intensities together."""
    intensities = MU * np.array(RATIOS)[:, np.newaxis]
    channel = bb84.Channel(transmittance(LOSSES_DB + 3.0) * 0.65, DARK * (2 - DARK), 0.01)
    sent, clicks, errors = block.sent[0], block.detected[0].sum(axis=0), block.errors[0].sum(axis=0)
    empty = (sent * np.exp(-intensities)).sum(axis=0) * bb84.n_photon_yield(channel, 0)
    single = (sent * intensities * np.exp(-intensities)).sum(axis=0) * bb84.n_photon_yield(channel, 1)
    secret = empty + single * (1 - h2(bb84.single_photon_error(channel)))
    return np.maximum(secret - F * clicks * h2(errors / clicks), 0)


@pytest.mark.parametrize("pulses", [10**8, 10**9, 10**10, 10**12])
def test_a_finite_block_proves_less_than_an_endless_one(pulses):
    block = expected_block("bb84", pulses=pulses)
    bits = bits_of("bb84", block, claims([MU] * 4, finite=True))
    assert (bits <= endless_bits(block)).all()
    longer = bits_of("bb84", expected_block("bb84", pulses=10 * pulses), claims([MU] * 4, finite=True))
    assert (10 * bits <= longer).all()
    assert (10 * bits < longer).any()


def test_each_link_has_the_proof_that_it_asks_for():
    block = expected_block("bb84", pulses=10**11)
    mixed = bits_of("bb84", block, claims([MU] * 4, finite=[True, False, True, False]))
    finite, endless = (bits_of("bb84", block, claims([MU] * 4, finite=which)) for which in (True, False))
    assert mixed.tolist() == [finite[0], endless[1], finite[2], endless[3]]


@pytest.mark.parametrize("protocol", sorted(CELLS))
@pytest.mark.parametrize("finite", [False, True])
def test_nothing_counted_proves_nothing(protocol, finite):
    nothing = np.zeros((2, CELLS[protocol], 3), dtype=np.int64)
    assert (
        bits_of(protocol, Block(nothing, nothing, nothing), claims([0.0, 1e-6, 1.0], finite=finite)).tolist() == [0] * 3
    )


@pytest.mark.parametrize("protocol", sorted(CELLS))
def test_a_dark_link_claims_nothing_and_few_clicks_conclude_nothing(protocol):
    mean = 0.1
    block = expected_block(protocol, pulses=10**13, mean=mean, losses_db=[10.0] * 3)
    assert (bits_of(protocol, block, claims([mean, 0.0, mean])) > 0).tolist() == [True, False, True]
    seen = int(block.detected[0, 0, 0])
    assert not bits_of(protocol, block, claims([mean] * 3, least_clicks=seen + 1)).any()


@st.composite
def blocks(draw, cells, links=3):
    """Any counts with errors <= detected <= sent, many of them zero or tiny."""
    size = st.sampled_from([0, 0, 1, 3, 10**3, 10**6, 10**9, 10**12])
    shape = (2, cells, links)
    sent = np.array([draw(size) for _ in range(2 * cells * links)], dtype=np.int64).reshape(shape)
    share = np.array([draw(st.sampled_from([0.0, 1e-9, 1e-4, 0.3, 1.0])) for _ in range(sent.size)]).reshape(shape)
    wrong = np.array([draw(st.sampled_from([0.0, 0.01, 0.5, 1.0])) for _ in range(sent.size)]).reshape(shape)
    detected = (sent * share).astype(np.int64)
    return Block(sent, detected, (detected * wrong).astype(np.int64))


@pytest.mark.parametrize("protocol", sorted(CELLS))
@given(data=st.data())
def test_no_counts_prove_more_bits_than_clicks(protocol, data):
    block = data.draw(blocks(CELLS[protocol]))
    mean = [data.draw(st.sampled_from([0.0, 1e-6, 0.01, 0.3, 1.0])) for _ in range(3)]
    finite = [data.draw(st.booleans()) for _ in range(3)]
    of = claims(mean, finite=finite, least_clicks=1)
    bits = bits_of(protocol, block, of)
    assert bits.dtype == np.int64
    assert (bits >= 0).all()
    assert (bits <= block.detected[0].sum(axis=0)).all()
    for link in range(3):
        only = np.arange(3) == link
        assert bits_of(protocol, block.of(only), of.of(only)).tolist() == [bits[link]]
