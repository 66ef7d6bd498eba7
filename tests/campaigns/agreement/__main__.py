"""Run thousands of seeds, write what they have shown, or take every guard away in turn.

python -m tests.campaigns.agreement run --state DIRECTORY [--jobs N]
python -m tests.campaigns.agreement report --state DIRECTORY
python -m tests.campaigns.agreement mutations [--save]
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.campaigns.agreement import mutations, report, state
from tests.campaigns.agreement.code import code_digest
from tests.campaigns.agreement.plan import in_turn

_SHOWN_EVERY_S = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.agreement", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    running = verbs.add_parser("run", help="go on with the seeds that are not done yet")
    reporting = verbs.add_parser("report", help="write docs/results/agreement.md")
    for verb in (running, reporting):
        verb.add_argument("--state", type=Path, required=True, metavar="DIRECTORY", help="where results are kept")
    running.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    mutating = verbs.add_parser("mutations", help="take every guard away in turn")
    mutating.add_argument("--save", action="store_true", help="write docs/results/agreement-mutations.md")
    options = parser.parse_args()
    if options.verb == "run":
        return run(options.state, options.jobs)
    if options.verb == "mutations":
        return mutations.campaign(save=options.save)
    done = list(state.read(options.state, code_digest()))
    report.PAGE.write_text(report.page(done, code_digest()))
    return 0


def run(directory: Path, jobs: int) -> int:
    """All seeds of the plan that are not done by this code; 1 when one of them failed."""
    directory.mkdir(parents=True, exist_ok=True)
    code = code_digest()
    known = {one.key: one for one in state.read(directory, code)}
    waiting = [(lot, seed) for lot, seed in in_turn() if (lot.nodes, lot.faults, lot.colluders, seed) not in known]
    failed = [one for one in known.values() if one.violation]
    print(f"code {code}: {len(known)} seeds done, {len(waiting)} to do", flush=True)
    shown = 0.0
    with ProcessPoolExecutor(jobs) as pool:
        lots, seeds = [lot for lot, _ in waiting], [seed for _, seed in waiting]
        for count, done in enumerate(pool.map(state.run, lots, seeds, [code] * len(seeds), chunksize=8), 1):
            state.append(directory, done)
            if done.violation:
                failed.append(done)
                print(f"FAILED {done.key}: {done.violation}", flush=True)
            if time.monotonic() > shown + _SHOWN_EVERY_S:
                shown = time.monotonic()
                print(f"{count} of {len(waiting)}, {len(failed)} failed", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
