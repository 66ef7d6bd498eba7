"""The rows of links follow from the agreed rows of epochs by integer rules that every node repeats exactly."""

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.records.history import next_links
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.report import LinkReport
from qkdctl.records.series import EPOCHS_MAX, Series, smooth
from tests.records.samples import facts, row, state_after, table


def link_after(*rows: LinkReport | None) -> LinkState:
    """State of the only link after one epoch per row; None stands for an epoch without one."""
    state: NetworkState | None = None
    for epoch, line in enumerate(rows, start=1):
        state = state_after(state, epoch, *(() if line is None else (line,)))
    assert state is not None
    return state.links[0]


def test_first_valid_report_sets_levels_without_memory() -> None:
    link = link_after(row())
    assert link.loss == Series(level=10_000, average=10_000, trend=0, spread=0, samples=1)
    assert (link.qber_z.level, link.qber_z.samples) == (10_000, 1)
    assert (link.valid, link.invalid_epochs) == (1, 0)
    assert link.epochs_since_realign == EPOCHS_MAX
    assert link.qber_z.floor == facts().aligned_qber_ppm


def test_link_that_nobody_reports_keeps_its_measurements_but_is_invalid_and_ages() -> None:
    link = link_after(row(), None, None)
    assert (link.valid, link.invalid_epochs, link.age_ms) == (0, 2, 2_050)
    assert link.qber_z.level == 10_000
    assert link.secret_key_bits == 250_000


def test_link_never_reported_is_dark_and_invalid() -> None:
    link = link_after(None)
    assert (link.mode, link.valid, link.mean_photon_number_e6) == ("safe", 0, 0)
    assert link.invalid_epochs == EPOCHS_MAX


def test_invalid_row_moves_settings_only() -> None:
    link = link_after(row(), row(valid=0, mean_photon_number_e6=100_000, qber_z_ppm=500_000, secret_key_bits=1))
    assert link.mean_photon_number_e6 == 100_000
    assert link.epochs_since_power_change == 0
    assert link.qber_z.level == 10_000
    assert link.secret_key_bits == 250_000


def test_engines_that_do_not_say_their_protocol_are_no_change_of_protocol() -> None:
    link = link_after(row(), row(valid=0, protocol="none"), row())
    assert link.protocol == "bb84"
    assert link.epochs_since_protocol_change == EPOCHS_MAX


def test_basis_without_clicks_keeps_its_last_error_rate() -> None:
    link = link_after(row(), row(test_bits=0, qber_x_ppm=0))
    assert link.qber_x.level == 11_000
    assert link.qber_x.samples == 1


def test_counts_since_changes() -> None:
    link = link_after(row(), row(mean_photon_number_e6=300_000), row(mean_photon_number_e6=300_000, realigns=1))
    assert link.epochs_since_power_change == 1
    assert link.epochs_since_realign == 0


def test_skipped_epochs_count_as_passed() -> None:
    state = state_after(state_after(None, 1, row(realigns=1)), 11, row())
    assert state.links[0].epochs_since_realign == 10


def test_realignment_restarts_the_series_and_the_next_rows_give_the_floor() -> None:
    worse = row(qber_z_ppm=50_000)
    drifted = link_after(row(), worse, worse, worse)
    assert (drifted.qber_z.average, drifted.qber_z.trend) == (33_125, 4_219)
    assert drifted.qber_z.excess_sum == 120_000
    mixed = row(qber_z_ppm=30_000, realigns=1)
    link = link_after(row(), worse, worse, worse, mixed)
    assert (link.qber_z.level, link.qber_z.trend, link.qber_z.samples) == (30_000, 0, 0)
    assert link.qber_z.excess_sum == 0
    link = link_after(row(), worse, worse, worse, mixed, row(qber_z_ppm=12_000), row(qber_z_ppm=15_000))
    assert (link.qber_z.floor, link.qber_z.floor_samples, link.qber_z.excess_sum) == (13_500, 2, 1_500)
    aligned = [row(qber_z_ppm=ppm) for ppm in (12_000, 15_000, 11_000, 10_000)]
    link = link_after(mixed, *aligned, row(qber_z_ppm=19_000), row(qber_z_ppm=9_000))
    assert (link.qber_z.floor, link.qber_z.floor_samples) == (11_999, 4)
    assert link.qber_z.excess_sum == 7_001 - 2_999


def test_realignment_without_any_valid_row_still_restarts() -> None:
    worse = row(qber_z_ppm=50_000)
    link = link_after(row(), worse, row(valid=0, realigns=1), row(qber_z_ppm=12_000))
    assert (link.qber_z.average, link.qber_z.samples, link.qber_z.floor) == (12_000, 1, 12_000)


def test_cost_of_a_realignment_is_learned_from_those_that_are_seen() -> None:
    assert link_after(row()).realign_dead_ms == 1_000
    searching = row(valid=0, dead_ms=900)
    link = link_after(row(), searching, searching, searching)
    assert (link.realign_dead_ms, link.dead_run_ms) == (1_000, 2_700)
    link = link_after(row(), searching, searching, searching, row(dead_ms=300, realigns=1))
    assert (link.realign_dead_ms, link.dead_run_ms) == (2_000, 0)
    link = link_after(row(dead_ms=700), row(), row(dead_ms=300, realigns=1))
    assert link.realign_dead_ms == 650


def test_change_of_protocol_falls_back_to_the_promised_floor() -> None:
    aligned = link_after(row(), row(realigns=1), row(qber_z_ppm=20_000), row(qber_z_ppm=20_000))
    assert aligned.qber_z.floor == 20_000
    link = link_after(
        row(), row(realigns=1), row(qber_z_ppm=20_000), row(protocol="tf"), row(protocol="tf", qber_z_ppm=40_000)
    )
    assert link.epochs_since_protocol_change == 1
    assert link.qber_z.floor == 10_000


def test_links_outside_the_table_are_ignored() -> None:
    assert [link.link for link in next_links((), [row("elsewhere"), row()], table(), 1)] == ["alice-bob"]


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=60))
def test_series_stays_within_what_was_measured(values: list[int]) -> None:
    series = Series.starting_at(0)
    for value in values:
        series = series.after(value, 1)
    assert min(values) <= series.average <= max(values)
    assert 0 <= series.spread <= max(values) - min(values)
    assert series.samples == len(values)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_smooth_is_the_rounded_quarter_step(average: int, value: int) -> None:
    exact_times_4 = 4 * average + (value - average)
    assert abs(4 * smooth(average, value) - exact_times_4) <= 2
