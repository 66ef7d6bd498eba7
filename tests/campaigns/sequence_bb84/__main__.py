"""Send the same pulses through SeQUeNCe and through the receiver model, and see whether they count alike.

    python -m tests.campaigns.sequence_bb84 [--save] [--quick]

SeQUeNCe runs in the environment of the peers ('make bench' builds it) and follows every photon: about ten minutes.
"""

import argparse
import os
import sys
import time

from tests.bench.contender import REPOSITORY
from tests.campaigns.sequence_bb84.comparison import Comparison
from tests.campaigns.sequence_bb84.peer import measure
from tests.campaigns.sequence_bb84.plot import save_plot
from tests.campaigns.sequence_bb84.points import FULL, QUICK
from tests.campaigns.sequence_bb84.prediction import expected
from tests.campaigns.sequence_bb84.report import report

_RESULTS = REPOSITORY / "docs" / "results"
_PLOT = "sequence-bb84.png"


def main() -> int:
    """Run, and print or save; 0 also when the two disagree, which the page shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fortieth of the pulses: under a minute")
    parser.add_argument("--save", action="store_true", help="write docs/results/sequence-bb84.md and its plot")
    arguments = parser.parse_args()
    start_s, load = time.monotonic(), os.getloadavg()
    comparisons = []
    for point in QUICK if arguments.quick else FULL:
        print(f"{point.name}: {point.sent:,} pulses", file=sys.stderr, flush=True)
        try:
            comparisons.append(Comparison(point, measure(point), expected(point)))
        except RuntimeError as error:
            print(f"sequence_bb84: {error}", file=sys.stderr)
            return 1
    command = "python -m tests.campaigns.sequence_bb84" + (" --quick" if arguments.quick else "")
    page = report(comparisons, time.monotonic() - start_s, load, command)
    print(page, end="")
    if arguments.save:
        picture = f"\n![SeQUeNCe over the receiver model at every point]({_PLOT})\n"
        (_RESULTS / "sequence-bb84.md").write_text(page + picture, encoding="utf-8")
        save_plot(comparisons, _RESULTS / _PLOT)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
