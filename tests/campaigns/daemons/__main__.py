"""Run the campaign: `python -m tests.campaigns.daemons [--minutes 20] [--save]`; it goes on where it broke off."""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from itertools import count
from pathlib import Path

from tests.campaigns.daemons.faults import FAULTS
from tests.campaigns.daemons.report import document
from tests.campaigns.daemons.voyage import QUIET, read, voyage, written

RESULTS = Path(__file__).parents[3] / "docs" / "results"


async def campaign(notes: Path, minutes: float, first_seed: int, only: list[str]) -> None:
    """Voyage after voyage until the time is over."""
    until_s = time.monotonic() + 60 * minutes
    skipped = {QUIET, *FAULTS} - set(only) if only else set()
    for seed in count(first_seed):
        done = {outcome.fault for outcome in read(notes) if outcome.seed == seed} | skipped
        if done >= {QUIET, *FAULTS}:
            continue
        if time.monotonic() > until_s:
            return
        with notes.open("a", buffering=1) as file:
            await voyage(seed, done, until_s, _show, lambda outcome, file=file: file.write(written(outcome)))  # type: ignore[misc]
        if only:
            return


def _show(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def main() -> None:
    """Run, print, and with --save write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="no fault begins later")
    parser.add_argument("--seed", type=int, default=1, help="of the first voyage")
    parser.add_argument("--only", action="append", default=[], choices=[QUIET, *FAULTS], help="these faults, once")
    parser.add_argument("--save", action="store_true", help="write docs/results/daemons.md")
    default = Path(tempfile.gettempdir()) / "qkdctl-daemons.jsonl"
    parser.add_argument("--notes", type=Path, default=default, help="outcomes; removed, all begins anew")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    asyncio.run(campaign(options.notes, options.minutes, options.seed, options.only))
    page = document(read(options.notes), options.minutes, os.cpu_count() or 1)
    print(page)
    if options.save:
        (RESULTS / "daemons.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
