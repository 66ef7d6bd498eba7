"""`make bench ARGS="--only network"`: simulates networks of links with qkdctl and its peers."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import load_average, machine, revision
from tests.bench.network.plan import FULL, QUICK
from tests.bench.network.plot import save_plot
from tests.bench.network.report import render
from tests.bench.network.results import Results
from tests.bench.network.rounds import run_rounds

_PLOT = "bench-network.png"


def measure(mode: str) -> Results:
    """Run the plan of a mode; whoever cannot take part is only reported."""
    plan = QUICK if mode == "quick" else FULL
    start_s, load = time.monotonic(), {"before": load_average()}
    rounds = run_rounds(plan)
    load["after"] = load_average()
    return Results(
        mode=mode,
        plan=plan,
        machine=machine(),
        load=load,
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        revision=revision(),
        duration_s=time.monotonic() - start_s,
        rounds=rounds,
    )


def to_json(results: Results) -> str:
    """One document."""
    return json.dumps(results.to_plain(), indent=1) + "\n"


def save(results: Results, directory: Path) -> None:
    """Write report, JSON and plot."""
    (directory / "bench-network.json").write_text(to_json(results), encoding="utf-8")
    picture = f"\n![link-seconds per second against the number of links]({_PLOT})\n"
    (directory / "bench-network.md").write_text(render(results) + picture, encoding="utf-8")
    save_plot(results, directory / _PLOT)
