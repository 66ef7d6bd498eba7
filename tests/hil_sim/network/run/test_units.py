"""Numbers for people."""

import pytest

from hil_sim.network.run.units import bits, percent, rate, time


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 b"),
        (999, "999 b"),
        (999.6, "1.00 kb"),
        (1_234, "1.23 kb"),
        (45_678, "45.7 kb"),
        (999_400, "999 kb"),
        (1e9, "1.00 Gb"),
        (7.7e12, "7.70 Tb"),
        (None, "-"),
    ],
)
def test_bits(count: float | None, text: str) -> None:
    assert bits(count) == text


def test_rates_and_shares() -> None:
    assert rate(2500.0) == "2.50 kb/s"
    assert rate(None) == "-"
    assert percent(0.0234) == "2.3 %"
    assert percent(None) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.25, "0.25 s"),
        (12.4, "12 s"),
        (59.9, "60 s"),
        (60.0, "1 min"),
        (75.0, "1 min 15 s"),
        (3600.0, "1 h"),
        (8100.0, "2 h 15 min"),
        (90_000.0, "1 d 1 h"),
        (None, "-"),
    ],
)
def test_times(seconds: float | None, text: str) -> None:
    assert time(seconds) == text
