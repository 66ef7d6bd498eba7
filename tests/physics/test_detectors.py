import math

import numpy as np
import pytest

from qkdctl.physics import detectors


def test_gate_arithmetic():
    assert detectors.dark_probability_per_gate(100, 1e-9) == pytest.approx(1e-7, rel=1e-6)
    assert detectors.dark_probability_per_gate(1e-3, 1e-15) == pytest.approx(1e-18, rel=1e-12)


def test_light_and_darkness_make_a_detector_click():
    assert detectors.click_probability(0.5, 0.1) == pytest.approx(1 - 0.9 * math.exp(-0.5))
    assert detectors.click_probability([0.0, 1e-18, 1e3], 1e-9) == pytest.approx([1e-9, 1e-9, 1], rel=1e-8)
    assert detectors.click_probability(1e-18, 0.0) == pytest.approx(1e-18, rel=1e-15)


def test_background_of_two_detectors():
    assert detectors.background_yield(8.5e-7) == pytest.approx(1.7e-6, rel=1e-6)
    assert detectors.background_yield(0.5, detectors=2) == pytest.approx(0.75)


@pytest.mark.parametrize(("afterpulses", "floor"), [(0.01, 0.0050), (0.04, 0.0192)])
def test_afterpulses_set_an_error_floor(afterpulses, floor):
    assert detectors.error_rate_with_afterpulses(0.0, afterpulses) == pytest.approx(floor, abs=5e-5)


def test_afterpulses_add_clicks():
    assert detectors.gain_with_afterpulses(1e-3, 0.04) == pytest.approx(1.04e-3)


def test_dead_time_of_ten_microseconds_at_100_kilohertz():
    assert detectors.nonparalyzable_rate_hz(1e5, 1e-5) == pytest.approx(5.0e4)
    assert detectors.paralyzable_rate_hz(1e5, 1e-5) == pytest.approx(3.7e4, rel=0.01)


def test_saturation():
    assert detectors.nonparalyzable_ceiling_hz(1e-5) == pytest.approx(1e5)
    assert detectors.paralyzable_ceiling_hz(1e-5) == pytest.approx(3.7e4, rel=0.01)
    rates = np.geomspace(1, 1e9, 200)
    assert np.all(detectors.nonparalyzable_rate_hz(rates, 1e-5) < detectors.nonparalyzable_ceiling_hz(1e-5))
    assert np.all(np.diff(detectors.nonparalyzable_rate_hz(rates, 1e-5)) > 0)
    assert detectors.paralyzable_rate_hz(rates, 1e-5).max() <= detectors.paralyzable_ceiling_hz(1e-5)
    assert detectors.paralyzable_rate_hz(3e5, 1e-5) < detectors.paralyzable_rate_hz(1e5, 1e-5)


def test_ceilings_meet_the_curves():
    assert detectors.paralyzable_rate_hz(1e6, 1e-6) == pytest.approx(float(detectors.paralyzable_ceiling_hz(1e-6)))
    assert detectors.nonparalyzable_rate_hz(1e15, 1e-6) == pytest.approx(
        float(detectors.nonparalyzable_ceiling_hz(1e-6)), rel=1e-8
    )
    assert math.isfinite(detectors.nonparalyzable_rate_hz(0, 0))
