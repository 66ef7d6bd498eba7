"""The network bench measures what it says; how fast anything is, is not tested here."""

import json
import math
from pathlib import Path

import pytest

from tests.bench.network.contender import ENTRIES, IN_USE, KERNELS, OURS, SEQUENCE, SIMQN, Entry
from tests.bench.network.contenders.counter import Links
from tests.bench.network.order import (
    EFFICIENCY,
    LENGTH_KM,
    LOSS_DB_PER_KM,
    MEAN_PHOTON_NUMBER,
    Order,
    Sample,
    measure,
)
from tests.bench.network.plan import FULL, QUICK, Plan
from tests.bench.network.plot import save_plot
from tests.bench.network.promises import promises
from tests.bench.network.report import render
from tests.bench.network.results import Results
from tests.bench.network.rounds import NetworkRounds, Run, run_rounds

PLAN = Plan(((10, 1e-3), (100, 1e-4)), 2, 1e6, 1.0, 5)
COUNTERS = (
    Entry("qkdctl", "Counter, long", "contenders.counter", long=True),
    Entry("qkdctl-slice", "Counter", "contenders.counter"),
)


def test_a_contender_answers_with_one_line_whatever_it_prints() -> None:
    sample = COUNTERS[0].simulate(Order(7, 1e6, 1.0, 3, 1))
    assert sample.sifted == 21
    assert sample.setup_s >= 0
    assert sample.run_s > 0
    assert sample.versions["python"]


def test_all_take_turns_and_the_lost_are_reported() -> None:
    ghost = Entry("ghost", "Ghost", "contenders.nobody", peer="ghost-framework")
    rounds = run_rounds(PLAN, (*COUNTERS, ghost))
    assert [(run.contender, run.order.links) for run in rounds.runs] == [
        ("qkdctl", 10), ("qkdctl-slice", 10), ("qkdctl", 100), ("qkdctl-slice", 100),
        ("qkdctl-slice", 10), ("qkdctl", 10), ("qkdctl-slice", 100), ("qkdctl", 100),
    ]  # fmt: skip
    assert "ghost-framework" in rounds.absent["ghost"]
    assert "Ghost" in render(made_up_results(rounds)).partition("## Not measured")[2]


def test_a_failing_contender_says_why_and_takes_no_further_part() -> None:
    rounds = run_rounds(Plan(((101, 1e-3), (10, 1e-3)), 1, 1e6, 1.0, 1), COUNTERS[:1])
    assert rounds.runs == []
    assert "too many links" in rounds.absent["qkdctl"]


def test_rates_are_link_seconds_per_second() -> None:
    results = made_up_results(NetworkRounds([made_up("sequence", 100, 1e-3, run_s=s) for s in (1.0, 2.0, 4.0)]))
    cell = results.cell("sequence", 100)
    assert cell is not None
    assert cell.pulses == 1000
    assert (cell.per_wall_s.median, cell.per_wall_s.least, cell.per_wall_s.most) == pytest.approx((0.05, 0.025, 0.1))
    assert cell.per_cpu_s.median == pytest.approx(0.1)
    assert cell.sifted_per_s.median == pytest.approx(5 / 0.1)
    assert results.cell("sequence", 10) is None


def test_report_json_and_plot_hold_all_that_was_measured(tmp_path: Path) -> None:
    runs = [made_up(entry.name, links, slice_s, run_s=1.0) for entry in ENTRIES for links, slice_s in PLAN.slices_s]
    results = made_up_results(NetworkRounds(runs))
    document = json.loads(json.dumps(results.to_plain()))
    assert {(c["contender"], c["links"]) for c in document["network"]} == {
        (entry.name, links) for entry in ENTRIES for links, _ in PLAN.slices_s
    }
    text = render(results)
    assert all(text.count(f"| {entry.title}") >= 2 for entry in ENTRIES)
    assert "## not measured" not in text.lower()
    save_plot(results, tmp_path / "network.png")
    assert (tmp_path / "network.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("in_use_s", "many_s", "met"), [(1.9, 19.0, True), (2.1, 30.0, False)])
def test_promises_compare_within_a_run(in_use_s: float, many_s: float, met: bool) -> None:
    """made_up counts half of the wall clock as processor time, on all alike."""
    runs = [
        made_up(IN_USE.name, 1000, 1.0, run_s=in_use_s),
        made_up(KERNELS.name, 1000, 1.0, run_s=1.0),
        made_up(IN_USE.name, 10_000, 1.0, run_s=many_s),
    ]
    first, second = promises(made_up_results(NetworkRounds(runs)))
    assert (first.met, second.met) == (met, met)
    assert f"{in_use_s:.2f}" in first.measured
    assert f"{many_s / 10 / in_use_s:.2f}" in second.measured
    assert [p.met for p in promises(made_up_results(NetworkRounds()))] == [None, None]


def test_the_engine_sifts_what_the_links_of_the_order_give() -> None:
    order = Order(20, 1e6, 1.0, 5, 3)
    click = -math.expm1(-MEAN_PHOTON_NUMBER * EFFICIENCY * 10 ** (-LENGTH_KM * LOSS_DB_PER_KM / 10))
    assert OURS.simulate(order).sifted == pytest.approx(20 * 5e6 * click / 2, rel=0.005)


def test_in_use_and_kernels_do_the_same_work() -> None:
    order = Order(50, 1e6, 1.0, 20, 3)
    used, bare = (entry.simulate(order).sifted for entry in (IN_USE, KERNELS))
    assert used == pytest.approx(bare, rel=0.02)


def test_orders_and_samples_survive_the_wire() -> None:
    order = Order(3, 1e6, 1e-3, 2, 5)
    assert Order.from_json(order.to_json()) == order
    sample = measure(Links, order)
    assert Sample.from_json(sample.to_json()) == sample


@pytest.mark.parametrize("plan", [FULL, QUICK])
def test_slices_hold_whole_pulses_and_whole_keys(plan: Plan) -> None:
    for links, slice_s in plan.slices_s:
        order = plan.order(links, slice_s, 1, long=False)
        assert slice_s * plan.pulse_rate_hz == pytest.approx(order.pulses)
        assert order.pulses % 2 == 0, "SeQUeNCe takes the number of pulses from a key length, half of them"


@pytest.mark.parametrize("entry", [SEQUENCE, SIMQN])
def test_peers_live_in_their_own_environment(entry: Entry) -> None:
    assert entry.peer in (Path(__file__).parents[1] / "constraints-peers.txt").read_text(encoding="utf-8")


def made_up(contender: str, links: int, slice_s: float, *, run_s: float) -> Run:
    """One run."""
    return Run(contender, Order(links, 1e6, slice_s, 1, 1), Sample(0.5, run_s, run_s / 2, 5, {"python": "3"}))


def made_up_results(rounds: NetworkRounds) -> Results:
    """A run around some rounds."""
    return Results(
        mode="quick",
        plan=PLAN,
        machine={"processor": "abacus", "cores": 1, "system": "none", "python": "3"},
        load={"before": [0.0, 0.0, 0.0], "after": [0.0, 0.0, 0.0]},
        date="2000-01-01T00:00+00:00",
        revision="0",
        duration_s=1.0,
        rounds=rounds,
    )
