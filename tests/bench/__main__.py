"""`make bench`: polls instruments, simulates networks, decides, asks policies, with qkdctl and others, and reports."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.bench.agreement import benchmark as agreement
from tests.bench.command_line import measure_command_line
from tests.bench.contender import REPOSITORY, UnavailableError
from tests.bench.machine import load_average, machine, revision
from tests.bench.network import benchmark
from tests.bench.plan import FULL, QUICK, Plan
from tests.bench.plot import save_plot
from tests.bench.policies import benchmark as policies
from tests.bench.polling import Rounds, progress
from tests.bench.report import render
from tests.bench.results import Results
from tests.bench.simulator import simulated_attenuators

_RESULTS = REPOSITORY / "docs" / "results"
_PLOT = "bench-polling.png"


def main() -> int:
    """Run the bench; 0 also when a promise is broken, which the report shows."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=tuple(_BENCHMARKS), help="one benchmark instead of all, one after another")
    parser.add_argument("--quick", action="store_true", help="less of everything: a minute or two")
    parser.add_argument("--json", action="store_true", help="print a JSON document per benchmark instead of the report")
    parser.add_argument(
        "--save", action="store_true", help=f"write report, JSON and plot into {_RESULTS.name}/ in docs"
    )
    arguments = parser.parse_args()
    mode = "quick" if arguments.quick else "full"
    for name in [arguments.only] if arguments.only else _BENCHMARKS:
        try:
            text = _BENCHMARKS[name](mode, save=arguments.save, as_json=arguments.json)
        except (UnavailableError, RuntimeError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        print(text, end="", flush=True)
    return 0


def _polling(mode: str, *, save: bool, as_json: bool) -> str:
    results = measure(mode, QUICK if mode == "quick" else FULL)
    if save:
        _save(results)
    return _json(results) if as_json else render(results)


def _network(mode: str, *, save: bool, as_json: bool) -> str:
    results = benchmark.measure(mode)
    if save:
        benchmark.save(results, _RESULTS)
        progress(f"saved in {_RESULTS}")
    return benchmark.to_json(results) if as_json else benchmark.render(results)


def _agreement(mode: str, *, save: bool, as_json: bool) -> str:
    results = agreement.measure(mode)
    if save:
        agreement.save(results, _RESULTS)
        progress(f"saved in {_RESULTS}")
    return agreement.to_json(results) if as_json else agreement.render(results)


def _policies(mode: str, *, save: bool, as_json: bool) -> str:
    results = policies.measure(mode)
    if save:
        policies.save(results, _RESULTS)
        progress(f"saved in {_RESULTS}")
    return policies.to_json(results) if as_json else policies.render(results)


_BENCHMARKS: Final[dict[str, Callable[..., str]]] = {
    "polling": _polling,
    "network": _network,
    "agreement": _agreement,
    "policies": _policies,
}


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
        revision=revision(),
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


if __name__ == "__main__":
    raise SystemExit(main())
