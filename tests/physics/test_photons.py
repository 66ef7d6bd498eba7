import math

import pytest

from qkdctl.physics.photons import mean_photon_number, photon_energy_j, transmittance


def test_photon_at_1550_nm_carries_0_8_electronvolts():
    # 1239.841984 eV nm / 1550 nm = 0.7998980 eV, times 1.602176634e-19 J/eV
    assert photon_energy_j(1550) == pytest.approx(0.7998980 * 1.602176634e-19, rel=1e-6)


def test_mean_photon_number_by_hand():
    # 64.0789 pW at 1 GHz is 6.40789e-20 J per pulse, half a photon of 1.281578e-19 J
    assert mean_photon_number(64.0789e-12, 1550, 1e9) == pytest.approx(0.5, rel=2e-6)


def test_a_step_of_an_attenuator_is_a_step_of_the_mean_photon_number():
    assert 1 / transmittance([0.1, 0.5]) - 1 == pytest.approx([0.023, 0.122], abs=5e-4)


def test_decibels():
    assert transmittance([0, 3, 10, 30, math.inf]) == pytest.approx([1, 0.5011872, 0.1, 1e-3, 0])
