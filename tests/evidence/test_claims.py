"""Integer tests of single records: what cannot be true, and that honest counts never look like it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.evidence.claims import FALSE_ALARM_EXPONENT, sifted
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from qkdctl.records.session import BasisCounts, SessionRecord
from tests.records.samples import facts, session


def why(record: SessionRecord, known: LinkFacts | None = None) -> str:
    _, complaints, _ = sifted(known or facts(), [record], None)
    return "; ".join(complaints)


def blocks(*numbers_and_blocks: tuple[int, int], **changes: Any) -> list[SessionRecord]:
    return [session(number, block=block, **changes) for number, block in numbers_and_blocks]


def test_a_record_that_may_be_true_passes() -> None:
    assert why(session()) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dead_ms": 1_001}, "1001 ms dead of 1000 ms"),
        ({"pulses": 80_999_999}, "81000000 pulses sifted of 80999999 emitted"),
        ({"pulses": 101_203_000}, "101203000 pulses in 1000 ms at 100000000 Hz"),
        ({"mean_photon_numbers_e6": (250_000, 50_000)}, "3 intensities counted in Z, 2 declared"),
        (
            {"mean_photon_numbers_e6": (50_000, 250_000, 0)},
            "Z: 10000 of 8000000 clicked at 250000e-6 photons, 400000 of 64000000 at 50000e-6",
        ),
    ],
)
def test_what_cannot_be_true_is_named_with_its_numbers(changes: dict[str, Any], words: str) -> None:
    assert why(session(**changes)) == f"record 1: {words}"


def test_clocks_may_be_off_by_one_per_cent_and_times_are_rounded() -> None:
    assert why(session(pulses=101_201_000)) == ""


def test_no_more_clicks_than_the_dead_time_allows_where_it_is_known() -> None:
    # 415 132 clicks in a second
    assert why(session(), facts(click_ceiling_hz=411_000)) == ""
    assert "the dead time allows 400000 per second" in why(session(), facts(click_ceiling_hz=400_000))
    assert why(session(), facts(click_ceiling_hz=0)) == ""


def test_fewer_clicks_from_light_than_from_darkness_are_impossible() -> None:
    dark = session().z.model_copy(update={"detected": (100, 100, 10_000), "errors": (1, 1, 5_000)})
    assert "Z: 100 of 8000000 clicked at 50000e-6 photons, 10000 of 8000000 at 0e-6" in why(
        session(z=dark, secret_key_bits=0)
    )


def test_other_protocols_order_their_intensities_otherwise() -> None:
    assert why(session(protocol="tf", mean_photon_numbers_e6=(50_000, 250_000, 0))) == ""


def test_a_block_gives_no_more_key_than_clicks_however_they_are_spread_over_its_records() -> None:
    start = blocks((1, 1), (2, 2), secret_key_bits=0)
    _, _, account = sifted(facts(), start, None)
    assert account is not None
    assert (account.whole, account.clicks) == (1, 415_132)
    late = session(3, block=2, secret_key_bits=2 * 415_132)
    assert sifted(facts(), [late], account)[1] == ()
    greedy = session(3, block=2, secret_key_bits=2 * 415_132 + 1)
    assert sifted(facts(), [greedy], account)[1] == ("record 3: 830265 secret bits from 830264 clicks of block 2",)


def test_a_block_of_which_a_record_is_missing_proves_nothing_until_the_next_block() -> None:
    _, _, account = sifted(facts(), blocks((1, 1), (2, 2), (4, 2)), None)
    assert account is not None
    assert account.whole == 0
    assert sifted(facts(), [session(5, block=2, secret_key_bits=10**9)], account)[1] == ()
    _, complaints, account = sifted(facts(), blocks((5, 3), secret_key_bits=10**9), account)
    assert complaints
    assert account is not None
    assert account.sequence == 4


def test_no_more_key_per_pulse_than_the_least_loss_of_the_link_allows() -> None:
    bound = ProtocolFacts(
        protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000, key_ceiling_e9=2_500_000
    )
    known = facts(protocols=(bound,))
    good = blocks((1, 1), (2, 2))
    assert sifted(known, good, None)[1] == ()
    more = [good[0], session(2, block=2, secret_key_bits=250_001)]
    assert sifted(known, more, None)[1] == (
        "record 2: 250001 secret bits from 100000000 pulses; 2500000e-9 per pulse are possible",
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 0.2),
    st.sampled_from([1e-9, 1e-6, 1e-3]),
    st.floats(0.0, 0.3),
    st.integers(10, 10**9),
)
def test_honest_counts_pass_whatever_loss_background_and_afterpulses(
    seed: int, transmittance: float, background: float, afterpulses: float, pulses: int
) -> None:
    rng = np.random.default_rng(seed)
    mus = np.array([0.5, 0.1, 0.0])
    bases = []
    for share in (0.8, 0.1):
        sent = (pulses * share * np.array([0.8, 0.1, 0.1])).astype(np.int64)
        gain = 1 - (1 - background) * np.exp(-transmittance * mus)
        clicks = rng.binomial(sent, gain)
        # an afterpulse follows a click into a pulse of any intensity
        clicks = np.minimum(sent, clicks + rng.binomial(sent, afterpulses * gain @ np.array([0.8, 0.1, 0.1])))
        bases.append(BasisCounts(sent=tuple(map(int, sent)), detected=tuple(map(int, clicks)), errors=(0, 0, 0)))
    record = session(
        z=bases[0], x=bases[1], pulses=pulses, duration_ms=10_000, secret_key_bits=0,
        mean_photon_numbers_e6=(500_000, 100_000, 0),
    )  # fmt: skip
    assert why(record) == ""


def test_false_alarms_of_the_order_of_gains_stay_below_1e_12_at_the_worst() -> None:
    """Worst case: both intensities click alike. The exact tail beyond the rule, summed for many sizes."""
    for sent_dark, sent_bright, clicks in ((10, 90, 40), (500, 500, 200), (1_000, 9_000, 5_000), (5_000, 100, 3_000)):
        alarm = [dark for dark in range(min(clicks, sent_dark) + 1) if _alarms(dark, clicks, sent_dark, sent_bright)]
        tail = sum(
            math.exp(
                _log_choose(sent_dark, dark)
                + _log_choose(sent_bright, clicks - dark)
                - _log_choose(sent_dark + sent_bright, clicks)
            )
            for dark in alarm
            if clicks - dark <= sent_bright
        )
        assert tail < math.exp(-FALSE_ALARM_EXPONENT) < 1e-12


def _alarms(dark: int, clicks: int, sent_dark: int, sent_bright: int) -> bool:
    if clicks - dark > sent_bright:
        return False
    counts = BasisCounts(sent=(sent_bright, sent_dark), detected=(clicks - dark, dark), errors=(0, 0))
    none = BasisCounts(sent=(0, 0), detected=(0, 0), errors=(0, 0))
    return "clicked at" in why(
        session(
            z=counts, x=none, mean_photon_numbers_e6=(500_000, 0), secret_key_bits=0, pulses=sent_dark + sent_bright
        )
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
