"""Where an error rate below one percent is possible."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, error_rate
from qkdctl.physics.detectors import error_rate_with_afterpulses
from qkdctl.physics.error_budget import loss_at_error_db
from qkdctl.physics.photons import transmittance

RECEIVERS = {  # efficiency, Y0, e_d, afterpulses, extra loss in dB, QBER in % at 0 dB, loss in dB at which it is 1 %
    "gys": (0.045, 1.7e-6, 0.033, 0.0, 0, 3.30, None),
    "lo-curty-qi": (0.145, 6.02e-6, 0.015, 0.0, 0, 1.50, None),
    "lim": (0.1, 1.2e-6, 0.005, 0.04, 0, 2.41, None),
    "lim without afterpulses": (0.1, 1.2e-6, 0.005, 0.0, 0, 0.50, 26.3),
    "ingaas": (0.2, 2e-6, 0.005, 0.01, 3, 0.99, 7.0),
    "ingaas, half the afterpulses": (0.2, 2e-6, 0.005, 0.005, 3, 0.75, 21.1),
    "ingaas, good": (0.25, 4e-7, 0.005, 0.002, 3, 0.60, 31.1),
    "snspd": (0.65, 2e-7, 0.005, 0.0, 0, 0.50, 42.2),
    "snspd behind 3 dB": (0.65, 2e-7, 0.005, 0.0, 3, 0.50, 39.2),
    "snspd, low noise": (0.92, 2e-9, 0.005, 0.0, 3, 0.50, 60.7),
    "snspd, lowest noise": (0.5, 8e-11, 0.005, 0.0, 3, 0.50, 72.0),
}


def decades(low, high):
    return st.floats(low, high).map(lambda exponent: 10**exponent)


def qber(receiver, mean_photon_number, loss_db, afterpulses):
    channel = Channel(receiver.transmittance * transmittance(loss_db), receiver.background, receiver.misalignment)
    return error_rate_with_afterpulses(error_rate(channel, mean_photon_number), afterpulses)


@pytest.mark.parametrize("name", RECEIVERS)
def test_receivers_of_the_field(name):
    efficiency, background, misalignment, afterpulses, extra_db, percent, reach_db = RECEIVERS[name]
    receiver = Channel(efficiency * transmittance(extra_db), background, misalignment)
    loss = loss_at_error_db(receiver, 0.5, limit=0.01, afterpulse_probability=afterpulses)
    assert 100 * qber(receiver, 0.5, 0.0, afterpulses) == pytest.approx(percent, abs=0.0051)
    assert loss == (-math.inf if reach_db is None else pytest.approx(reach_db, abs=0.051))


@pytest.mark.parametrize("name", [name for name, row in RECEIVERS.items() if row[6] and not row[3]])
def test_to_first_order_light_must_outshine_background(name):
    efficiency, background, misalignment, _, extra_db, _, _ = RECEIVERS[name]
    receiver = Channel(efficiency * transmittance(extra_db), background, misalignment)
    loss = loss_at_error_db(receiver, 0.5, limit=0.01)
    arriving = 0.5 * receiver.transmittance * transmittance(loss)
    assert arriving == pytest.approx(background * (0.5 - 0.01) / (0.01 - misalignment), rel=1e-2)


receivers = st.builds(Channel, decades(-4, 0), decades(-11, -2), st.floats(0, 0.2))


@given(receivers, st.floats(0.05, 1.0), st.floats(0.001, 0.4), st.floats(0, 0.1))
def test_the_error_rate_at_that_loss_is_the_limit(receiver, mu, limit, afterpulses):
    loss = loss_at_error_db(receiver, mu, limit=limit, afterpulse_probability=afterpulses)
    if loss > 0:
        assert qber(receiver, mu, loss, afterpulses) == pytest.approx(limit, rel=1e-9)
    else:
        assert qber(receiver, mu, 0.0, afterpulses) >= limit * (1 - 1e-9)
    if receiver.misalignment + afterpulses / 2 >= limit * (1 + afterpulses):
        assert loss == -math.inf


def test_ends():
    quiet, dark, noisy = Channel(0.1, 0.0, 0.005), Channel(0.0, 1e-6, 0.005), Channel(0.1, 0.9, 0.005)
    assert loss_at_error_db(quiet, 0.5, limit=0.01) == math.inf
    assert loss_at_error_db(dark, 0.5, limit=0.01) == -math.inf
    assert loss_at_error_db(noisy, 0.5, limit=0.01) == -math.inf
    assert loss_at_error_db(quiet, 0.5, limit=0.005) == -math.inf
    # even if every pulse arrived, half of them would click by background too
    assert loss_at_error_db(Channel(1.0, 0.5, 0.0), 0.5, limit=0.2) == -math.inf


def test_receivers_and_limits_broadcast():
    many = Channel([0.1, 0.65], [1.2e-6, 2e-7], 0.005)
    losses = loss_at_error_db(many, 0.5, limit=np.array([[0.01], [0.02]]))
    assert losses.shape == (2, 2)
    assert losses[0] == pytest.approx([26.3, 42.2], abs=0.051)
    assert np.all(losses[1] > losses[0])


@pytest.mark.parametrize("limit", [0.0, 0.5, -0.1, 1.0])
def test_limits_that_are_none_are_refused(limit):
    with pytest.raises(ValueError, match="limit must lie"):
        loss_at_error_db(Channel(0.1, 1e-6, 0.01), 0.5, limit=limit)
