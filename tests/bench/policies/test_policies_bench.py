"""The bench of policies measures what it says; how fast anything is, is not tested here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.policies.benchmark import measured, save, to_json
from tests.bench.policies.inference import BARE, CHECKED, Window, askers, observations, zoo_policy
from tests.bench.policies.learning import OURS, SB3, Lesson
from tests.bench.policies.learning_order import Order, Sample
from tests.bench.policies.plan import Plan
from tests.bench.policies.report import render

ORDER = Order(networks=2, epochs=3, updates=1, batch=8, warm_up=4, seed=1)
PLAN = Plan(links=(1, 3), calls=5, rounds=2, swaps=2, order=ORDER, lessons=0)


def test_both_contenders_give_the_same_values() -> None:
    asked = askers(zoo_policy("bench-constructed.onnx"))
    observation = observations(7, 1)
    (bare,) = asked[BARE](observation)  # type: ignore[misc]
    assert np.array_equal(asked[CHECKED](observation), bare * 4096)


def test_a_run_has_every_window_and_swap_and_saves_them(tmp_path: Path) -> None:
    results = measured("quick", PLAN)
    assert {(w.contender, w.links, w.round) for w in results.windows} == {
        (name, links, number) for name in (CHECKED, BARE) for links in (1, 3) for number in (0, 1)
    }
    assert len(results.swaps_ms) == 4
    assert all(value > 0 for value in results.swaps_ms)
    save(results, tmp_path)
    assert json.loads((tmp_path / "bench-policies.json").read_text()) == json.loads(to_json(results))
    assert (tmp_path / "bench-policies.md").read_text() == render(results)


def test_overhead_compares_calls_of_one_round() -> None:
    windows = [
        Window(name, 1, number, p50_us, 100.0)
        for name, times in ((CHECKED, (12.0, 30.0, 11.0)), (BARE, (10.0, 20.0, 10.0)))
        for number, p50_us in enumerate(times)
    ]
    results = replace(measured("quick", replace(PLAN, links=(1,), rounds=1)), windows=windows)
    assert results.overhead(1).median == pytest.approx(1.2)
    assert (results.overhead(1).least, results.overhead(1).most) == (pytest.approx(1.1), pytest.approx(1.5))


def test_learners_are_compared_per_second_of_processor_time_and_the_lost_are_named() -> None:
    lessons = [Lesson(OURS.title, number, Sample(1000, 4, 9.0, cpu_s, {})) for number, cpu_s in enumerate((0.5, 0.25))]
    results = replace(measured("quick", PLAN), lessons=lessons, absent={SB3.title: "it is not installed"})
    rate = results.learning(OURS.title)
    assert rate is not None
    assert (rate.least, rate.most) == (2000.0, 4000.0)
    seconds = results.seconds(OURS.title, 500)
    assert seconds is not None
    assert (seconds.least, seconds.most) == (62.5, 125.0), "an order of two networks is two episodes"
    assert results.seconds(SB3.title, 500) is None
    assert results.learning(SB3.title) is None
    assert "it is not installed" in render(results)


def test_the_learner_of_this_repository_carries_out_an_order() -> None:
    pytest.importorskip("torch")
    sample = OURS.learn(ORDER)
    assert sample.link_epochs > 0
    assert sample.updates > 0
    assert sample.versions["torch"]
