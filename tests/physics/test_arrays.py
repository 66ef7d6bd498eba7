import numpy as np
import pytest

from qkdctl.physics.arrays import floats, quotient, widened
from qkdctl.physics.bb84 import Channel


def test_whole_numbers_and_lists_become_doubles_and_doubles_stay_what_they_are():
    assert floats([1, 2]).dtype == np.float64
    same = np.ones(3)
    assert floats(same) is same


def test_a_share_of_nothing_is_what_the_caller_says():
    assert quotient([1, 1, -1, 0], [2, 0, 4, -1], 0.5).tolist() == [0.5, 0.5, -0.25, 0.5]
    assert quotient(1.0, [0.0, 4.0], [7.0, 8.0]).tolist() == [7.0, 0.25]
    assert quotient(1.0, 4.0, 0.0).shape == ()


def test_room_for_something_else_that_varies():
    wide = widened(Channel(np.array([0.1, 0.2]), 1e-6, 0.01), axes=2)
    assert isinstance(wide, Channel)
    assert np.shape(wide.transmittance) == (2, 1, 1)
    assert np.shape(wide.background) == (1, 1)
    assert wide.transmittance[:, 0, 0] == pytest.approx([0.1, 0.2])
