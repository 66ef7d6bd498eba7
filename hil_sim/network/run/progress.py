"""What shows while a network runs: a bar on a terminal, some lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hil_sim.network.run.network_run import NetworkRun
from hil_sim.network.run.units import percent, rate, time

Show = Callable[[NetworkRun], None]

_LINES: Final = 10
"""A run of any length is told in so many lines."""


@contextmanager
def progress(planned: int, *, wanted: bool) -> Iterator[Show]:
    """Shows a run after each of its epochs, on stderr."""
    if not wanted:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(planned) as show:
            yield show
    else:
        every = max(planned // _LINES, 1)

        def show_line(run: NetworkRun) -> None:
            if run.epochs % every == 0 or run.epochs == planned:
                sys.stderr.write(f"epoch {run.epochs} of {planned}: {status(run)}\n")
                sys.stderr.flush()

        yield show_line


def status(run: NetworkRun) -> str:
    """The run so far, in a few words."""
    own, links = run.world.stack.demands_of[0], run.world.stack.links_of[0]
    passed_s = run.epochs * run.world.epoch_s
    asked, delivered = int(run.demands.asked[own].sum()), int(run.demands.delivered[own].sum())
    served = f", {percent(delivered / asked)} of demand served" if asked else ""
    return f"{time(passed_s)}, {rate(run.links.stored_bits[links].sum() / passed_s)} secret key{served}"


@contextmanager
def _bar(planned: int) -> Iterator[Show]:
    from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=planned)
        yield lambda run: bar.update(task, completed=run.epochs, description=status(run))
