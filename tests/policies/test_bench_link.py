"""The model on which policies are compared behaves like a link."""

from dataclasses import replace

import numpy as np
import pytest
from qkdctl_policies.bench_link import Bench, BenchLink
from qkdctl_policies.power_fit import fit_power

from qkdctl.evidence.link_row import link_row
from qkdctl.evidence.matching import match
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import LinkReport

STILL = Bench(walk_rad=0.0, turn_rad=0.0)


def plan(mean_photon_number_e6: int, realign: int = 0) -> LinkPlan:
    return LinkPlan(
        link="alice-bob",
        action="realign" if realign else "hold",
        mean_photon_number_e6=mean_photon_number_e6,
        protocol="bb84",
        realign=realign,
        interventions=(),
    )


def link(bench: Bench = STILL, seed: int = 1) -> BenchLink:
    return BenchLink(bench, np.random.default_rng(seed))


def epoch(entry: BenchLink, wish: LinkPlan | None = None) -> LinkReport:
    """The agreed row of one epoch."""
    alice, bob = entry.run_epoch(wish)
    row = link_row(entry.bench.facts(), alice, bob, match((), alice.sessions, (), bob.sessions).pairs)
    assert row is not None
    return row


def test_aligned_link_shows_its_intrinsic_error_in_both_bases() -> None:
    report = epoch(link())
    assert report.qber_z_ppm == pytest.approx(8_000, abs=500)
    assert report.qber_x_ppm == pytest.approx(8_000, abs=4_000)
    assert (report.valid, report.dead_ms, report.realigns) == (1, 0, 0)


def test_polarization_drifts_away_until_a_realignment_that_costs_the_epoch() -> None:
    drifting = link(Bench(walk_rad=0.0, turn_rad=0.02))
    reports = [epoch(drifting) for _ in range(25)]
    assert reports[-1].qber_z_ppm > 50_000
    assert reports[-1].secret_key_bits < reports[0].secret_key_bits / 2
    search = epoch(drifting, plan(250_000, realign=1))
    assert (search.secret_key_bits, search.valid, search.dead_ms, search.realigns) == (0, 0, 1_000, 1)
    assert epoch(drifting, plan(250_000)).qber_z_ppm < 15_000


def test_key_over_power_has_its_peak_where_the_fit_says() -> None:
    best = 640_073
    rates = {
        value: sum(epoch(link(replace(STILL, start_e6=value), seed)).secret_key_bits for seed in range(5))
        for value in (250_000, best, 1_000_000)
    }
    assert rates[best] > 1.4 * rates[250_000]
    assert rates[best] > 1.1 * rates[1_000_000]
    assert abs(fit_power().best_steps[1] - 40) <= 1


def test_changing_the_power_costs_a_share_of_the_epoch() -> None:
    entry = link()
    assert epoch(entry, plan(300_000)).dead_ms == 500
    assert epoch(entry, plan(300_000)).dead_ms == 0


def test_same_seed_same_link() -> None:
    assert epoch(link(seed=7)) == epoch(link(seed=7))


def test_too_few_clicks_give_no_key_rather_than_an_error() -> None:
    dim = Bench(walk_rad=0.0, turn_rad=0.0, loss_db=120.0, background=0.0)
    report = epoch(link(dim))
    assert (report.secret_key_bits, report.valid) == (0, 0)


def test_a_link_turned_upside_down_goes_on_without_key() -> None:
    turning = link(Bench(walk_rad=0.0, turn_rad=0.5))
    for _ in range(15):
        report = epoch(turning)
        assert report.qber_z_ppm <= 520_000
    assert report.secret_key_bits == 0
