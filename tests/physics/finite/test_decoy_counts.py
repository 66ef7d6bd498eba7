import numpy as np
import pytest

from qkdctl.physics.bb84 import Channel
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.expected_counts import expected_block
from qkdctl.physics.finite.security import Security


@pytest.mark.parametrize(
    ("mean_photon_numbers", "probabilities", "words"),
    [
        ([0.1, 0.5], [0.5, 0.5], "fall strictly"),
        ([0.5, 0.5], [0.5, 0.5], "fall strictly"),
        ([0.5, -0.1], [0.5, 0.5], ">= 0"),
        ([[0.5, 0.1], [0.1, 0.5]], [0.5, 0.5], "fall strictly"),
        ([0.5, 0.1], [0.5, 0.4], "add up to 1"),
        ([0.5, 0.1], [1.0, 0.0], "add up to 1"),
        ([0.5, 0.1], [0.3, 0.3, 0.4], "one probability per intensity"),
        (0.5, 1.0, "one probability per intensity"),
    ],
)
def test_settings_that_no_source_has_are_refused(mean_photon_numbers, probabilities, words):
    with pytest.raises(ValueError, match=words):
        IntensitySettings(mean_photon_numbers, probabilities)


@pytest.mark.parametrize(("clicks", "errors"), [([10, 5], [11, 0]), ([10, 5], [-1, 0]), ([-1, 5], [0, 0])])
def test_counts_that_cannot_be_are_refused(clicks, errors):
    with pytest.raises(ValueError, match="0 <= errors <= clicks"):
        BasisCounts(clicks, errors)


@pytest.mark.parametrize("value", [0.0, 1.0, -1e-9, 2.0])
def test_failure_probabilities_lie_strictly_between_zero_and_one(value):
    with pytest.raises(ValueError, match="secrecy must lie"):
        Security(secrecy=value)
    with pytest.raises(ValueError, match="correctness must lie"):
        Security(correctness=value)


def counts(intensities):
    one = BasisCounts(np.full(intensities, 1000), np.full(intensities, 10))
    return BlockCounts(key=one, test=one)


def test_each_analysis_insists_on_its_number_of_intensities():
    two, three = IntensitySettings([0.5, 0.1], [0.5, 0.5]), IntensitySettings([0.5, 0.1, 0], [0.5, 0.3, 0.2])
    with pytest.raises(ValueError, match="expected 3 intensities, got 2"):
        lim2014.key_length(counts(2), two, correction=1.16, security=Security())
    with pytest.raises(ValueError, match="expected 2 intensities, got 3"):
        rusca2018.key_length(counts(3), three, correction=1.16, security=Security())


def test_the_signal_must_outshine_both_decoys_together():
    settings = IntensitySettings([0.5, 0.4, 0.1], [0.5, 0.3, 0.2])
    with pytest.raises(ValueError, match="mu2 \\+ mu3 < mu1"):
        lim2014.key_length(counts(3), settings, correction=1.16, security=Security())


def test_a_single_decoy_must_hold_light():
    settings = IntensitySettings([0.5, 0.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="hold light"):
        rusca2018.key_length(counts(2), settings, correction=1.16, security=Security())


@pytest.mark.parametrize(("pulses", "basis", "words"), [(-1, 0.9, "pulses"), (1, 0.0, "basis"), (1, 1.0, "basis")])
def test_expected_counts_need_pulses_and_two_bases(pulses, basis, words):
    settings = IntensitySettings([0.5, 0.1], [0.5, 0.5])
    with pytest.raises(ValueError, match=words):
        expected_block(Channel(0.1, 1e-6, 0.01), settings, pulses=pulses, key_basis_probability=basis)


def test_probabilities_of_photon_numbers_by_hand():
    settings = IntensitySettings([0.5, 0.1], [0.75, 0.25])
    empty, single = np.exp([-0.5, -0.1]), np.exp([-0.5, -0.1]) * [0.5, 0.1]
    assert settings.photon_number_probability(0) == pytest.approx(0.75 * empty[0] + 0.25 * empty[1])
    assert settings.photon_number_probability(1) == pytest.approx(0.75 * single[0] + 0.25 * single[1])
    with pytest.raises(ValueError, match="0 or 1"):
        settings.photon_number_probability(2)


def test_all_intensities_pool_into_one_error_rate():
    assert BasisCounts([600, 300, 100], [6, 3, 41]).error_rate() == pytest.approx(0.05)
    assert BasisCounts([0, 0, 0], [0, 0, 0]).error_rate() == 0.5
