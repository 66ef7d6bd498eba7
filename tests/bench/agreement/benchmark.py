"""`make bench ARGS="--only agreement"`: what decisions cost, next to the least that any such protocol does."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.agreement.plan import FULL, QUICK
from tests.bench.agreement.plot import save_plot
from tests.bench.agreement.report import render
from tests.bench.agreement.results import Results
from tests.bench.agreement.windows import measure_all
from tests.bench.machine import load_average, machine, revision

_PLOT = "bench-agreement.png"


def measure(mode: str) -> Results:
    """Run the plan of a mode; without Mosquitto its part is only reported as missing."""
    plan = QUICK if mode == "quick" else FULL
    start_s, load = time.monotonic(), {"before": load_average()}
    measured = measure_all(plan)
    load["after"] = load_average()
    return Results(
        mode=mode,
        plan=plan,
        machine=machine(),
        load=load,
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        revision=revision(),
        duration_s=time.monotonic() - start_s,
        measured=measured,
    )


def to_json(results: Results) -> str:
    """One document."""
    return json.dumps(results.to_plain(), indent=1) + "\n"


def save(results: Results, directory: Path) -> None:
    """Write report, JSON and plot."""
    (directory / "bench-agreement.json").write_text(to_json(results), encoding="utf-8")
    picture = f"\n![processor time and time of a decision against the number of nodes]({_PLOT})\n"
    (directory / "bench-agreement.md").write_text(render(results) + picture, encoding="utf-8")
    save_plot(results, directory / _PLOT)
