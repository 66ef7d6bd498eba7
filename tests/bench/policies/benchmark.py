"""`make bench ARGS="--only policies"`: asks, swaps and teaches policies."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import load_average, machine, revision
from tests.bench.policies.inference import ZOO, measure_inference, swap_ms, zoo_policy
from tests.bench.policies.learning import measure_learning
from tests.bench.policies.plan import FULL, QUICK, Plan
from tests.bench.policies.report import render
from tests.bench.policies.results import Results

_POLICY = "foresight-links.onnx"


def measure(mode: str) -> Results:
    """Run the plan of a mode."""
    return measured(mode, QUICK if mode == "quick" else FULL)


def measured(mode: str, plan: Plan) -> Results:
    """Run a plan."""
    start_s, load = time.monotonic(), {"before": load_average()}
    vetted = zoo_policy(_POLICY)
    windows, swaps = [], []
    for number in range(plan.rounds):
        windows += measure_inference(vetted, plan.links, plan.calls, number)
        swaps += [swap_ms(ZOO / _POLICY, max(plan.links)) for _ in range(plan.swaps)]
    lessons, absent = measure_learning(plan.order, plan.lessons) if plan.lessons else ([], {})
    load["after"] = load_average()
    return Results(
        mode=mode,
        plan=plan,
        policy=_POLICY,
        machine=machine(),
        load=load,
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        revision=revision(),
        duration_s=time.monotonic() - start_s,
        windows=windows,
        swaps_ms=swaps,
        lessons=lessons,
        absent=absent,
    )


def to_json(results: Results) -> str:
    """One document."""
    return json.dumps(results.to_plain(), indent=1) + "\n"


def save(results: Results, directory: Path) -> None:
    """Write report and JSON."""
    (directory / "bench-policies.json").write_text(to_json(results), encoding="utf-8")
    (directory / "bench-policies.md").write_text(render(results), encoding="utf-8")
