import numpy as np
import pytest

from hil_sim.channels.impairments import IMPAIRMENTS, Impairment, co_propagating_lasers, photon_loss
from qkdctl.physics.bb84 import Channel, error_rate, gain, rate_infinite_decoy
from qkdctl.physics.photons import transmittance


def seen(impairment):
    """QBER and key rate per pulse of a metro link: 15 km, 3 dB receiver, nanowires."""
    loss_db = 3.0 + 3.0 + float(impairment.loss_db)
    noise = -np.expm1(-float(impairment.photons_per_gate) * transmittance(3.0) * 0.65)
    channel = Channel(0.65 * transmittance(loss_db), 2e-7 + noise, 0.01)
    return float(error_rate(channel, 0.5)), float(rate_infinite_decoy(channel, 0.5, correction=1.16))


NORMAL_QBER, NORMAL_RATE = seen(IMPAIRMENTS["normal"])


@pytest.mark.parametrize(
    ("name", "left"), [("photon-loss-20", 0.8), ("photon-loss-46", 0.54), ("photon-loss-67", 0.33)]
)
def test_loss_lowers_the_rate_and_hardly_touches_the_qber(name, left):
    qber, rate = seen(IMPAIRMENTS[name])
    assert abs(qber - NORMAL_QBER) < 0.0002
    assert rate == pytest.approx(left * NORMAL_RATE, rel=0.05)


NOISY = ["laser", "two-lasers", "four-lasers-edfa-low", "four-lasers-edfa-medium", "four-lasers-edfa-high"]


def test_noise_raises_the_qber_and_lowers_the_rate_class_by_class():
    qbers, rates = zip(*(seen(IMPAIRMENTS[name]) for name in ["normal", *NOISY]), strict=True)
    assert np.all(np.diff(qbers) > 0.002)
    assert np.all(np.diff(rates) < 0)
    assert qbers[1] < 0.02
    assert 0.05 < qbers[-1] < 0.11


def test_noise_adds_clicks_where_loss_takes_them():
    def clicks(impairment):
        noise = -np.expm1(-float(impairment.photons_per_gate))
        return float(gain(Channel(transmittance(6.0 + float(impairment.loss_db)), noise, 0.01), 0.5))

    normal = clicks(IMPAIRMENTS["normal"])
    assert clicks(IMPAIRMENTS["four-lasers-edfa-high"]) > normal > clicks(IMPAIRMENTS["photon-loss-20"])


def test_ten_decibels_make_ten_times_the_noise():
    weak, strong = co_propagating_lasers(2, -20.0), co_propagating_lasers(2, -10.0)
    assert strong.photons_per_gate == pytest.approx(10 * weak.photons_per_gate)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_more_than_all_photons_cannot_be_lost(share):
    with pytest.raises(ValueError, match=r"share of lost photons must lie in \[0, 1\)"):
        photon_loss(share)


def test_an_impairment_never_helps():
    with pytest.raises(ValueError, match=r"Impairment\.loss_db must lie in \[0, inf\)"):
        Impairment(loss_db=-1.0)
