"""Run the campaign: `python -m tests.campaigns.trust [--seeds 12] [--save]`; about five minutes on two cores."""

import argparse
from pathlib import Path

from tests.campaigns.trust.plot import save_plot
from tests.campaigns.trust.report import document
from tests.campaigns.trust.stories import against_liars, false_alarms, lone_story

RESULTS = Path(__file__).parents[3] / "docs" / "results"


def main() -> None:
    """Measure, print, and with --save write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12, help="stories per topology and kind of misbehaviour")
    parser.add_argument("--save", action="store_true", help="write docs/results/trust.md and .png")
    options = parser.parse_args()
    text = document(false_alarms(), against_liars(range(1, options.seeds + 1)), options.seeds)
    print(text)
    if options.save:
        (RESULTS / "trust.md").write_text(text)
        save_plot(lone_story(), RESULTS / "trust.png")


if __name__ == "__main__":
    main()
