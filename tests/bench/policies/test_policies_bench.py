"""The bench of policies measures what it says; how fast anything is, is not tested here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.policies.benchmark import measured, save, to_json
from tests.bench.policies.inference import BARE, CHECKED, Window, askers, observations, zoo_policy
from tests.bench.policies.plan import Plan
from tests.bench.policies.report import render

PLAN = Plan(links=(1, 3), calls=5, rounds=2, swaps=2)


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
