"""How score and trust move: the formulas, their sign, exclusion, probation, and how soon a repaired node is back."""

from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qkdctl.abft.standing import channel_fidelity, moved, node_fidelities, with_quarantine_lifted
from qkdctl.records.facts import ProtocolFacts
from qkdctl.records.trust_rules import TrustRules
from tests.records.samples import facts, row, standing, state_after, table

RULES = TrustRules()


def after(errors: list[int], ppm: int = 1_000_000, quiet: int = 0, rules: TrustRules = RULES) -> tuple[int, int]:
    for error in errors:
        ppm, quiet = moved(ppm, quiet, error, rules)
    return ppm, quiet


def test_one_epoch_by_hand() -> None:
    assert after([1000]) == (800_000, 0)
    assert after([200]) == (960_000, 0)
    assert after([500]) == (900_000, 0)
    assert after([0], ppm=800_000) == (801_000, 0)
    assert after([0], ppm=999_999) == (1_000_000, 0)
    assert after([0]) == (1_000_000, 0)
    assert after([1000], ppm=50_001) == (50_000, 50)
    assert after([999], ppm=333_333) == (266_733, 50)


def test_a_larger_alpha_reacts_faster() -> None:
    slow, fast = (TrustRules(decay_permille=alpha, recovery_permille=5) for alpha in (200, 500))
    for error in (200, 500, 1000):
        assert after([error], rules=fast)[0] < after([error], rules=slow)[0]


def test_who_is_caught_in_every_epoch_is_excluded_within_four_and_at_the_bottom_within_fourteen() -> None:
    assert after([1000] * 3)[0] > 500_000 > after([1000] * 4)[0]
    assert after([1000] * 14)[0] == 50_000


@given(st.integers(50_000, 1_000_000), st.integers(0, 50), st.integers(0, 1000))
def test_numbers_stay_in_range_and_move_the_right_way(ppm: int, quiet: int, error: int) -> None:
    higher, left = moved(ppm, quiet, error, RULES)
    assert 50_000 <= higher <= 1_000_000
    assert 0 <= left <= 50
    if error:
        assert higher <= ppm
    elif not quiet:
        assert higher >= ppm


@given(st.lists(st.sampled_from([0, 0, 0, 200, 500, 1000]), min_size=1, max_size=300))
def test_an_excluded_node_stays_below_half_until_fifty_epochs_in_a_row_were_quiet(errors: list[int]) -> None:
    ppm, quiet, excluded_until, epoch = 1_000_000, 0, -1, 0
    for epoch, error in enumerate(errors):
        ppm, quiet = moved(ppm, quiet, error, RULES)
        if error and ppm < 500_000:
            excluded_until = epoch + 50
        assert ppm < 500_000 or epoch >= excluded_until
        assert (quiet > 0) == (epoch < excluded_until)
    assert epoch == len(errors) - 1


def test_probation_holds_a_node_that_would_be_back_too_soon_and_ends_on_the_fiftieth_quiet_epoch() -> None:
    eager = TrustRules(decay_permille=800, recovery_permille=20)
    ppm, quiet = after([1000], ppm=600_000, rules=eager)
    assert (ppm, quiet) == (120_000, 50)
    assert after([0] * 49, ppm, quiet, eager) == (499_999, 1)
    assert after([0] * 50, ppm, quiet, eager) == (509_999, 0)


def test_a_relapse_starts_the_probation_anew() -> None:
    ppm, quiet = after([1000] * 14 + [0] * 49)
    assert quiet == 1
    assert after([200], ppm, quiet)[1] == 50


def test_a_repaired_node_is_back_in_ln_10_over_beta_epochs() -> None:
    ppm, quiet = after([1000] * 20)
    assert ppm == 50_000
    needed = round(log(10) / 0.005)
    returned, left = after([0] * needed, ppm, quiet)
    assert left == 0
    assert 900_000 <= returned <= 910_000


@pytest.mark.parametrize("period", [20, 30, 41])
def test_who_strikes_more_often_than_beta_over_alpha_allows_loses_half(period: int) -> None:
    """Balance of one strike of alpha S and recoveries of beta (1 - S): S = 1/2 at a share of beta / (alpha + beta)."""
    assert min(after(([1000] + [0] * (period - 1)) * 60)[0], after(([1000] + [0] * (period - 1)) * 60 + [1000])[0]) < (
        500_000
    )


def test_who_strikes_less_often_stays_above_half_which_is_why_beta_is_a_fortieth_of_alpha_at_most() -> None:
    ppm, quiet = after(([1000] + [0] * 59) * 30)
    assert after([1000], ppm, quiet)[0] > 500_000
    with pytest.raises(ValidationError, match="one part in 40"):
        TrustRules(decay_permille=200, recovery_permille=6)
    with pytest.raises(ValidationError, match="expected at most one part in 40"):
        TrustRules(decay_permille=39, recovery_permille=1)


def test_fidelity_is_whole_within_three_deviations_of_shot_noise_and_gone_at_the_limit() -> None:
    # expected 10 000 ppm of 400 000 bits: shot noise isqrt(10000 * 990000 // 400000) = 157 ppm; limit 90 000
    def of(ppm: int, **changes: Any) -> int:
        return channel_fidelity(facts(), row(qber_z_ppm=ppm, **changes), RULES)

    assert of(10_000 + 3 * 157, qber_x_ppm=0) == 1000
    assert of(10_000 + 3 * 157 + 80, qber_x_ppm=0) == 999
    assert of(0, qber_x_ppm=0) == 1000
    assert of(50_471, qber_x_ppm=0) == 500
    assert of(90_471, qber_x_ppm=0) == 0
    assert of(1_000_000, qber_x_ppm=0) == 0


def test_the_worse_basis_counts_and_one_without_bits_does_not() -> None:
    assert channel_fidelity(facts(), row(qber_x_ppm=500_000), RULES) == 0
    assert channel_fidelity(facts(), row(qber_x_ppm=500_000, test_bits=0), RULES) == 1000


def test_errors_that_belong_to_a_protocol_cost_no_fidelity() -> None:
    known = ProtocolFacts(protocol="mdi", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000)
    midway = facts(protocols=(known,))
    assert channel_fidelity(midway, row(protocol="mdi", qber_x_ppm=250_000), RULES) == 1000
    assert channel_fidelity(midway, row(protocol="mdi", qber_z_ppm=250_000), RULES) == 0


def test_more_excess_never_means_more_fidelity_and_few_bits_excuse_much() -> None:
    values = [channel_fidelity(facts(), row(qber_z_ppm=ppm, qber_x_ppm=0), RULES) for ppm in range(0, 200_000, 500)]
    assert values == sorted(values, reverse=True)
    assert channel_fidelity(facts(), row(qber_z_ppm=60_000, qber_x_ppm=0, sifted_bits=30), RULES) == 1000


def test_an_unknown_protocol_and_a_limit_below_the_expected_rate_leave_no_fidelity() -> None:
    assert channel_fidelity(facts(), row(protocol="tf"), RULES) == 0
    tight = facts(
        protocols=(ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=5_000),),
    )
    assert channel_fidelity(tight, row(qber_z_ppm=11_000, qber_x_ppm=0), RULES) == 0


def test_a_node_has_the_lower_median_of_its_links_that_have_bits() -> None:
    entries = [facts(f"hub-{leaf}", alice="hub", bob=leaf) for leaf in "abcd"]
    rows = [
        row("hub-a", qber_x_ppm=0),
        row("hub-b", qber_z_ppm=50_471, qber_x_ppm=0),
        row("hub-c", qber_z_ppm=90_471, qber_x_ppm=0),
        row("hub-d", valid=0),
    ]
    assert node_fidelities(rows, table(*entries)) == {"hub": 500, "a": 1000, "b": 500, "c": 0}
    assert node_fidelities(rows[:2], table(*entries))["hub"] == 500


def test_operators_lift_a_quarantine_of_the_named_nodes_only() -> None:
    low = [standing(node, score_ppm=60_000, trust_ppm=50_000, score_quiet=9, trust_quiet=8) for node in ("a", "b")]
    state = state_after(None, 1).model_copy(update={"standings": tuple(low)})
    lifted = with_quarantine_lifted(state, ("b", "stranger"))
    assert lifted.standings[0] == low[0]
    found = lifted.standings[1]
    assert (found.score_ppm, found.trust_ppm, found.score_quiet, found.trust_quiet) == (500_000, 500_000, 0, 0)
    assert with_quarantine_lifted(state, ()) is state
