"""The comparison would notice a disagreement; SeQUeNCe itself is not run here."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.campaigns.sequence_bb84.comparison import Comparison, Measured, Verdict, verdict
from tests.campaigns.sequence_bb84.points import FULL, QUICK, Point
from tests.campaigns.sequence_bb84.prediction import Expected, closed_form, expected, without_double_clicks
from tests.campaigns.sequence_bb84.report import report

LINE = """{"pulses": 1000000, "sifted": 10000, "errors": 250, "cpu_s": 1.5,
           "versions": {"sequence": "0", "python": "3"}}"""
PROBABILITY = st.floats(0, 0.999)
PS_PER_S = 10**12


def test_counts_of_the_worker_are_read() -> None:
    measured = Measured.from_plain(json.loads(LINE))
    assert (measured.sifted_per_pulse, measured.qber) == (0.01, 0.025)


@pytest.mark.parametrize("wrong", [{"errors": 10_001}, {"sifted": 1_000_001}, {"sifted": 0, "errors": 0}, {"more": 1}])
def test_counts_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Measured.from_plain({**json.loads(LINE), **wrong})


def test_missing_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="pulses"):
        Measured.from_plain({"sifted": 1})


def test_deviations_are_in_binomial_standard_errors() -> None:
    found = Comparison(FULL[0], Measured(10_000, 2500, 300, 0.0), Expected(0.2, 0.1))
    assert found.rate_deviation == pytest.approx((2500 - 2000) / 40)
    assert found.qber_deviation == pytest.approx((300 - 250) / 15)


def test_chi_square_of_known_deviations() -> None:
    assert Verdict.of([3.0, -4.0]) == Verdict(25.0, 2, pytest.approx(3.7266531720786e-06), 4.0)  # exp(-25/2)
    assert Verdict.of([0.0]).p_value == 1.0


def test_exact_counts_agree_and_a_tenth_too_many_errors_do_not() -> None:
    assert verdict(counted(error_factor=1.0)).p_value > 0.999
    assert verdict(counted(error_factor=1.1)).p_value < 1e-6


@given(r=PROBABILITY, w=PROBABILITY)
def test_double_clicks_can_be_taken_out_again(r: float, w: float) -> None:
    right, wrong = without_double_clicks(r - r * w / 2, w - r * w / 2)
    assert right == pytest.approx(r * (1 - w), abs=1e-12)
    assert wrong == pytest.approx(w * (1 - r), abs=1e-12)


def test_weak_pulses_are_as_the_closed_formulas_say() -> None:
    weak = Point("weak", 1e8, 0.001, 20, 0.5, 100, 0.97, 0, 1, 1, 1)
    model, formula = expected(weak), closed_form(weak)
    assert model.sifted_per_pulse == pytest.approx(formula.sifted_per_pulse, rel=1e-3)
    assert model.qber == pytest.approx(formula.qber, rel=1e-3)


def test_dead_time_takes_what_a_blind_train_of_pulses_takes() -> None:
    free, dead = (Point("", 1e8, 0.01, 0, 0.5, 0, 1.0, gates, 1, 1, 1) for gates in (0, 100))
    clicks = expected(free).sifted_per_pulse  # per detector, as half of the pulses are sifted and each has two
    ratio = expected(dead).sifted_per_pulse / expected(free).sifted_per_pulse
    assert ratio == pytest.approx(1 / (1 + 100 * clicks), rel=1e-3)


@pytest.mark.parametrize("point", [*FULL, *QUICK], ids=lambda point: point.name)
def test_points_suit_the_clock_and_the_protocol_of_sequence(point: Point) -> None:
    period_ps = PS_PER_S / point.pulse_rate_hz
    assert period_ps.is_integer()
    assert (point.pulses * point.mean_photon_number).is_integer(), "BB84 takes the number of pulses from a key length"
    fibre_ps = point.length_km * 1000 / 2e-4  # 2e8 m/s; a message takes 10 us longer
    assert point.pulses * period_ps > fibre_ps + 4 * (fibre_ps + 10e6), "one round at a time"


def test_the_report_shows_every_point_and_the_verdict() -> None:
    text = report(counted(error_factor=1.0), 1.0, (0.0, 0.0, 0.0), "true")
    assert all(text.count(point.name) >= 2 for point in FULL)
    assert "chi-square 0.0 for 18 deviations, p = 1.00" in text


def counted(*, error_factor: float) -> list[Comparison]:
    """Counts as expected, but for the errors."""
    found = []
    for point in FULL:
        model = expected(point)
        sifted = round(model.sifted_per_pulse * point.sent)
        errors = round(model.qber * sifted * error_factor)
        versions = {"sequence": "0", "python": "3"}
        found.append(Comparison(point, Measured(point.sent, sifted, errors, 0.0, versions), model))
    return found
