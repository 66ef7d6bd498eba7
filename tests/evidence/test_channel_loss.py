"""The loss that explains a gain, by hand and against floating-point arithmetic."""

import decimal
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qkdctl.evidence.channel_loss import channel_loss_mdb
from tests.records.samples import facts

FACTS = facts(detector_efficiency_ppm=500_000, receiver_loss_mdb=3_000, background_yield_e9=200)


def test_loss_by_hand() -> None:
    # 13 dB fibre, 3 dB receiver, efficiency 1/2 (3.01 dB): eta = 10^-1.6 / 2; background 2e-7
    eta = 10**-1.6 * 0.5
    gain = 2e-7 + (1 - 2e-7) * (1 - math.exp(-eta * 0.48))
    assert channel_loss_mdb(FACTS, "bb84", 10**9, round(gain * 10**9), 480_000) == pytest.approx(13_000, abs=2)


@pytest.mark.parametrize(
    ("sent", "detected", "mu_e6"), [(0, 0, 1), (10, 10, 1), (10, 0, 1), (10**9, 200, 1), (9, 5, 0)]
)
def test_nothing_is_said_without_pulses_without_light_or_at_saturation(sent: int, detected: int, mu_e6: int) -> None:
    assert channel_loss_mdb(FACTS, "bb84", sent, detected, mu_e6) == 0


@given(
    st.integers(1, 2**63 - 1).flatmap(lambda sent: st.tuples(st.just(sent), st.integers(0, sent))),
    st.integers(1, 10_000_000),
)
@example((2**63 - 1, 2**63 - 2), 1)
def test_equal_to_floating_point_arithmetic_within_rounding(counts: tuple[int, int], mu_e6: int) -> None:
    sent, detected = counts
    loss = channel_loss_mdb(FACTS, "bb84", sent, detected, mu_e6)
    signal = (detected / sent - 2e-7) / (1 - 2e-7)
    if 1e-12 < signal < 1 - 1e-9:
        by_floats = -10_000 * math.log10(-math.log1p(-signal) / (mu_e6 / 1e6) / 0.5) - 3_000
        assert loss == pytest.approx(max(0, by_floats), abs=1.01 + 1e-9 * abs(by_floats))
    assert loss >= 0


def test_the_surrounding_decimal_context_changes_nothing() -> None:
    expected = channel_loss_mdb(FACTS, "bb84", 10**9, 123_456, 480_000)
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)):
        assert channel_loss_mdb(FACTS, "bb84", 10**9, 123_456, 480_000) == expected
