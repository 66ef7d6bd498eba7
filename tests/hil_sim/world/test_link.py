import math

import pytest

from hil_sim.world.link import OpticalLink
from tests.hil_sim.world.links import NANOWIRE, STILL, HandClock, lit_link, with_detectors


def within_sigmas(drawn, expected, sigmas=5.0):
    return abs(drawn - expected) <= sigmas * math.sqrt(expected)


def test_a_new_link_is_dark():
    link = OpticalLink("alice-bob", STILL, 1, HandClock())
    assert link.mean_photon_number() == 0
    assert link.tap_power_w() == 0
    assert link.count_rate_hz(0) == pytest.approx(200.0)


def test_mean_photon_number_by_hand():
    link = OpticalLink("alice-bob", STILL, 1, HandClock())
    link.set_laser_power_w(10e-3)
    link.set_attenuation_db(27.0)
    # 10 mW less 82 dB: 6.30957e-11 W; over 1e9 pulses/s: 6.30957e-20 J; a photon at 1550 nm: 1.281578e-19 J
    assert link.mean_photon_number() == pytest.approx(6.30957e-20 / 1.281578e-19, rel=2e-6)
    assert link.tap_power_w() == pytest.approx(100e-6)


def test_count_rate_by_hand():
    link = lit_link(mean_photon_number=0.5)
    # 10 dB of fibre and 3 dB of receiver leave 0.5 * 0.0501187 photons; half of them reach a detector of efficiency 0.5
    clicks = -math.expm1(-0.5 * 0.0501187 * 0.5 / 2)
    assert link.count_rate_hz(0) == pytest.approx(clicks * 1e9 + 200, rel=1e-5)
    assert link.count_rate_hz(1) == link.count_rate_hz(0)


def test_ten_decibels_take_a_tenth_and_the_tap_sees_none_of_it():
    link = lit_link(mean_photon_number=0.05)
    tap, mean, counts = link.tap_power_w(), link.mean_photon_number(), link.count_rate_hz(0)
    link.set_attenuation_db(37.0)
    assert link.tap_power_w() == tap
    assert link.mean_photon_number() == pytest.approx(mean / 10)
    assert link.count_rate_hz(0) - 200 == pytest.approx((counts - 200) / 10, rel=1e-3)


def test_a_closed_shutter_leaves_dark_counts_only():
    link = lit_link()
    tap = link.tap_power_w()
    link.set_shutter_open(False)
    assert link.mean_photon_number() == 0
    assert link.tap_power_w() == tap
    assert link.count_rate_hz(0) == pytest.approx(200.0)
    assert within_sigmas(link.draw_counts(0, 100.0), 20_000)
    counts = link.detect(10**9, (1.0, 0.2, 0.0), (0.7, 0.2, 0.1), (0.5, 0.5))
    # two detectors, 200 Hz and 1 ns each: 4e-7 clicks per gate, whatever was sent, half of them wrong
    assert within_sigmas(counts.detected.sum(), counts.sent.sum() * 4e-7)
    assert within_sigmas(counts.errors.sum(), counts.sent.sum() * 2e-7)


def test_an_open_switch_darkens_the_receiver_but_not_the_fibre():
    link = lit_link()
    link.set_switch_connected(False)
    assert link.mean_photon_number() == pytest.approx(0.5)
    assert link.channel_loss_db() == math.inf
    assert link.count_rate_hz(0) == pytest.approx(200.0)


def test_modulating_decoys_dims_what_the_detectors_count():
    link = lit_link(mean_photon_number=0.01)
    signal = link.count_rate_hz(0) - 200
    link.set_modulation_ratio(0.74)
    assert link.count_rate_hz(0) - 200 == pytest.approx(0.74 * signal, rel=1e-3)
    assert link.mean_photon_number() == pytest.approx(0.01)


def test_polarisation_moves_errors_but_no_counts():
    link = lit_link()
    counts = link.count_rate_hz(0)
    link.set_polarization_voltages_mv((2500, -1250, 400, 0))
    assert link.misalignment_error() > 0.05
    assert link.count_rate_hz(0) == counts


def test_the_misalignment_angle_is_that_of_the_error():
    link = lit_link()
    assert link.misalignment_angle_rad() == pytest.approx(0, abs=1e-6)
    link.set_polarization_voltages_mv((900, 1250, -600, 400))
    share = (link.misalignment_error() - 0.01) / 0.98
    assert math.sin(link.misalignment_angle_rad()) ** 2 == pytest.approx(share)


def test_dead_time_limits_what_is_counted():
    link = lit_link(with_detectors(dead_time_s=1e-6), mean_photon_number=1.0)
    free = lit_link(mean_photon_number=1.0).count_rate_hz(0)
    assert link.count_rate_hz(0) == pytest.approx(free / (1 + free * 1e-6))
    link.set_attenuation_db(0.0)
    assert max(link.draw_counts(0, 0.01) for _ in range(50)) <= 10_000
    assert link.count_rate_hz(0) == pytest.approx(1e6, rel=0.01)


def test_afterpulses_add_counts():
    link = lit_link(with_detectors(afterpulse_probability=0.04))
    assert link.count_rate_hz(0) == pytest.approx(1.04 * lit_link().count_rate_hz(0))


def test_drawn_counts_scatter_like_poisson_around_the_rate():
    link = lit_link(mean_photon_number=0.001)
    expected = link.count_rate_hz(0) * 0.1
    drawn = [link.draw_counts(0, 0.1) for _ in range(400)]
    mean = sum(drawn) / len(drawn)
    chi_square = sum((d - expected) ** 2 for d in drawn) / expected
    assert abs(mean - expected) < 5 * math.sqrt(expected / 400)
    assert abs(chi_square - 400) < 5 * math.sqrt(2 * 400)


def test_a_nanowire_follows_its_bias():
    link = lit_link(STILL.model_copy(update={"detectors": (NANOWIRE, NANOWIRE)}), mean_photon_number=0.001)
    plateau = link.count_rate_hz(0)
    link.set_detector_bias_ua(0, 12.0, True)
    assert link.count_rate_hz(0) == pytest.approx(plateau / 2, rel=0.02)
    assert link.count_rate_hz(1) == plateau


def test_a_disabled_detector_is_silent():
    link = lit_link()
    link.set_detector_enabled(1, False)
    assert link.count_rate_hz(1) == 0
    assert link.draw_counts(1, 10.0) == 0
    assert link.count_rate_hz(0) > 0


def test_changes_are_traced_with_the_light_that_is_launched():
    link = lit_link()
    seen = []
    link.on_change = lambda name, value: seen.append((name, value))
    link.set_laser_power_w(0.0)
    link.set_shutter_open(False)
    link.set_attenuation_db(45.0)
    link.set_attenuation_db(45.0)
    link.set_polarization_voltages_mv((600, 1250, 0, 400))
    assert seen == [
        ("laser_power_w", 0.0),
        ("mean_photon_number", 0.0),
        ("shutter_open", False),
        ("attenuation_db", 45.0),
        ("polarization_voltage_3_mv", 0),
    ]


def test_detector_settings_are_traced():
    link = OpticalLink("a", STILL.model_copy(update={"detectors": (NANOWIRE, NANOWIRE)}), 1, HandClock())
    seen = []
    link.on_change = lambda name, value: seen.append((name, value))
    link.set_detector_bias_ua(1, 15.0, False)
    assert seen == [("detector_1_bias_ua", 15.0), ("detector_1_enabled", False)]


def test_whoever_counts_is_told_before_a_setting_changes():
    link = lit_link()
    powers = []
    link.before_change.append(lambda: powers.append(link.mean_photon_number()))
    link.set_shutter_open(False)
    link.set_shutter_open(False)
    link.set_polarization_voltages_mv((0, 0, 0, 0))
    assert powers == pytest.approx([0.5, 0.0])


@pytest.mark.parametrize(
    "act",
    [
        lambda link: link.set_laser_power_w(-1e-3),
        lambda link: link.set_laser_power_w(math.nan),
        lambda link: link.set_attenuation_db(-1.0),
        lambda link: link.set_modulation_ratio(1.5),
        lambda link: link.set_polarization_voltages_mv((0, 0, 0, 5001)),
        lambda link: link.set_detector_enabled(2, True),
        lambda link: link.set_detector_bias_ua(0, 10.0, True),
        lambda link: link.count_rate_hz(-1),
        lambda link: link.draw_counts(0, 0.0),
        lambda link: link.detect(-1, (1.0,), (1.0,), (0.5, 0.5)),
    ],
)
def test_what_no_instrument_could_do_is_refused(act):
    link = lit_link()
    before = link.settings
    with pytest.raises(ValueError):
        act(link)
    assert link.settings == before
