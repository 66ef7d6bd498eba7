"""Calibration: photons per pulse against hand calculation, rounding towards less power, uncertainty in quadrature."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.actuation.calibration import CalibrationRecord, OpticalPath, photon_energy_j

PATH = OpticalPath(wavelength_nm=1550.0, pulse_rate_hz=1e9, tap_ratio=99.0, fixed_loss_db=50.0)


def record(tap_power_w: float = 1e-5, path: OpticalPath = PATH, **changes: float) -> CalibrationRecord:
    values = {
        "link": "a-b",
        "made_at_ms": 0,
        "path": path,
        "operating_current_a": 0.04,
        "tap_power_w": tap_power_w,
        "tap_power_sd_w": 1e-8,
        "samples": 20,
        "meter_uncertainty_db": 0.13,
        "source": "s",
        "power_meter": "p",
        "attenuator": "a",
    }
    return CalibrationRecord.model_validate({**values, **changes})


def test_photon_energy_at_1550_nm() -> None:
    assert photon_energy_j(1550.0) == pytest.approx(1.281578e-19, rel=1e-6)


def test_mean_photon_number_by_hand() -> None:
    # 10 uW at the tap, 990 uW towards the attenuator, 50 dB fixed and 30 dB variable loss, 1e9 pulses per second
    by_hand = 990e-6 * 1e-8 / 1e9 / 1.281578e-19
    assert record().mean_photon_number(30.0) == pytest.approx(by_hand, rel=1e-6)


@given(
    mu=st.floats(1e-3, 10.0),
    power_w=st.floats(1e-9, 1e-2),
    resolution_db=st.sampled_from([0.0, 0.001, 0.01, 0.1, 0.5]),
)
def test_attenuation_never_gives_more_light_than_asked_for(mu: float, power_w: float, resolution_db: float) -> None:
    calibration = record(power_w)
    attenuation_db = calibration.attenuation_db_for(mu, resolution_db)
    given_mu = calibration.mean_photon_number(attenuation_db)
    assert given_mu <= mu * (1 + 1e-12)
    if resolution_db:
        assert given_mu > mu * 10 ** (-resolution_db / 10) * (1 - 1e-9)


@pytest.mark.parametrize("mu", [0.0, -0.1, math.nan, math.inf])
def test_senseless_mean_photon_numbers_are_refused(mu: float) -> None:
    with pytest.raises(ValueError, match="expected a positive number"):
        record().attenuation_db_for(mu, 0.01)


def test_uncertainty_adds_in_quadrature() -> None:
    path = PATH.model_copy(update={"tap_ratio_uncertainty_db": 0.3, "fixed_loss_uncertainty_db": 0.4})
    calibration = record(path=path, meter_uncertainty_db=0.0, tap_power_sd_w=0.0)
    assert calibration.uncertainty_db == pytest.approx(0.5)
    # two standard uncertainties: 1.0 dB is a factor of 1.2589
    assert calibration.uncertainty_ppm == pytest.approx(258_925, abs=2)
