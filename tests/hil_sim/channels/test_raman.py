import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from hil_sim.channels.raman import (
    amplifier_noise_w,
    backward_raman_w,
    forward_raman_w,
    photons_per_gate,
    power_w,
)

LENGTHS = st.floats(0.1, 200)
LOSSES = st.floats(0.1, 0.5)


def linear(db_per_km):
    return db_per_km * math.log(10) / 10


@given(LENGTHS, LOSSES)
def test_equal_losses_give_the_published_forms(length, loss):
    keywords = {"quantum_db_per_km": loss, "classical_db_per_km": loss, "bandwidth_nm": 0.5, "raman_per_km_nm": 2e-9}
    arriving = 1e-3 * 10 ** (-loss * length / 10)
    a = linear(loss)
    assert forward_raman_w(1e-3, length, **keywords) == pytest.approx(arriving * length * 1e-9)
    assert backward_raman_w(1e-3, length, **keywords) == pytest.approx(arriving * math.sinh(a * length) / a * 1e-9)


@given(LENGTHS, LOSSES, LOSSES)
def test_different_losses_give_the_integral_along_the_fibre(length, quantum, classical):
    keywords = {"quantum_db_per_km": quantum, "classical_db_per_km": classical, "bandwidth_nm": 1.0}
    q, c = linear(quantum), linear(classical)
    forward, _ = quad(lambda z: math.exp(-c * z - q * (length - z)), 0, length, epsabs=0, epsrel=1e-10)
    backward, _ = quad(lambda z: math.exp(-(c + q) * z), 0, length, epsabs=0, epsrel=1e-10)
    assert forward_raman_w(1.0, length, raman_per_km_nm=1.0, **keywords) == pytest.approx(forward, rel=1e-8)
    assert backward_raman_w(1.0, length, raman_per_km_nm=1.0, **keywords) == pytest.approx(backward, rel=1e-8)


def test_forward_noise_peaks_and_backward_noise_saturates():
    lengths = np.linspace(1, 200, 400)
    keywords = {"quantum_db_per_km": 0.2, "classical_db_per_km": 0.2, "bandwidth_nm": 1.0}
    forward, backward = forward_raman_w(1e-3, lengths, **keywords), backward_raman_w(1e-3, lengths, **keywords)
    assert lengths[forward.argmax()] == pytest.approx(1 / linear(0.2), abs=0.6)
    assert np.all(np.diff(backward) > 0)
    assert backward[-1] == pytest.approx(1e-3 * 3e-9 / (2 * linear(0.2)), rel=1e-6)


def test_photons_of_a_milliwatt_in_a_gate():
    assert power_w([0.0, -10.0, -math.inf]).tolist() == pytest.approx([1e-3, 1e-4, 0])
    assert photons_per_gate(1e-3, 1550.0, 1e-9) == pytest.approx(7.803e6, rel=1e-3)


def test_no_fibre_and_no_light_make_no_noise():
    keywords = {"quantum_db_per_km": 0.2, "classical_db_per_km": 0.3, "bandwidth_nm": 1.0}
    for raman in (forward_raman_w, backward_raman_w):
        assert raman(1e-3, 0.0, **keywords) == 0
        assert raman(0.0, 50.0, **keywords) == 0


def test_an_amplifier_emits_its_noise_figure_per_mode():
    # 3.01 dB is the quantum limit of two polarisations, one photon each per unit of gain and mode
    photons_per_mode = amplifier_noise_w(20.0, 10 * math.log10(2), 1550.0, 0.1) / (1.2816e-19 * 12.478e9)
    assert photons_per_mode == pytest.approx(2 * 99, rel=1e-3)
    assert amplifier_noise_w(0.0, 5.0, 1550.0, 0.1) == 0
