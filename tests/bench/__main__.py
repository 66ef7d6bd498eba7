"""`make bench`: polls simulated instruments with the daemon and its peers and reports what each adds."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.command_line import measure_command_line
from tests.bench.contender import REPOSITORY, UnavailableError
from tests.bench.machine import load_average, machine
from tests.bench.plan import FULL, QUICK, Plan
from tests.bench.plot import save_plot
from tests.bench.polling import Rounds, progress
from tests.bench.report import render
from tests.bench.results import Results
from tests.bench.simulator import simulated_attenuators

_RESULTS = REPOSITORY / "docs" / "results"
_PLOT = "bench-polling.png"


def main() -> int:
    """Run the bench; 0 also when a promise is broken, which the report shows."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything: under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the report")
    parser.add_argument(
        "--save", action="store_true", help=f"write report, JSON and plot into {_RESULTS.name}/ in docs"
    )
    arguments = parser.parse_args()
    try:
        results = measure("quick" if arguments.quick else "full", QUICK if arguments.quick else FULL)
    except (UnavailableError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if arguments.save:
        _save(results)
    print(_json(results) if arguments.json else render(results), end="")
    return 0


def measure(mode: str, plan: Plan) -> Results:
    """Run a plan.

    Raises:
        UnavailableError: the daemon or the floor cannot be measured; a missing peer is only reported.
        RuntimeError: the simulator did not start.
    """
    start_s, load = time.monotonic(), {"before": load_average()}
    with tempfile.TemporaryDirectory(prefix="qkdctl-bench-") as name:
        directory = Path(name)
        with simulated_attenuators(plan.most_devices, directory) as simulator:
            polling = Rounds(plan, simulator).run()
            command_line = measure_command_line(plan, simulator, directory)
    load["after"] = load_average()
    return Results(
        mode=mode,
        plan=plan,
        machine=machine(),
        load=load,
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        revision=_revision(),
        duration_s=time.monotonic() - start_s,
        polling=polling,
        command_line=command_line,
    )


def _json(results: Results) -> str:
    return json.dumps(results.to_plain(), indent=1) + "\n"


def _save(results: Results) -> None:
    _RESULTS.mkdir(parents=True, exist_ok=True)
    (_RESULTS / "bench.json").write_text(_json(results), encoding="utf-8")
    picture = f"\n![polls per second and time of one poll against the number of devices]({_PLOT})\n"
    (_RESULTS / "bench.md").write_text(render(results) + picture, encoding="utf-8")
    save_plot(results, _RESULTS / _PLOT)
    progress(f"saved in {_RESULTS}")


def _revision() -> str:
    """Commit of the source, marked when files differ from it."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    raise SystemExit(main())
