"""How far trainings are, for people and for programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Protocol

import typer

from qkdctl_policies.learning.sweep import Task
from qkdctl_policies.learning.training_run import CurvePoint


class Show(Protocol):
    """What is told of each look at a learner."""

    def __call__(self, task: Task, point: CurvePoint) -> None:
        """Show it."""


@contextmanager
def progress(tasks: list[Task], *, as_json: bool) -> Iterator[Show]:
    """Shows looks at learners: JSON lines on stdout, a bar on a terminal, or lines on stderr.

    Args:
        tasks: of the same number of episodes; where there are several, seeds are told.
        as_json: for programs.
    """
    many, episodes = len(tasks) > 1, tasks[0].config.episodes_played
    if as_json:
        yield lambda task, point: typer.echo(
            json.dumps({"event": "look"} | ({"seed": task.seed} if many else {}) | asdict(point))
        )
    elif sys.stderr.isatty():
        with _bar(tasks) as show:
            yield show
    else:
        yield lambda task, point: typer.echo(
            f"{f'seed {task.seed}: ' if many else ''}{point.episodes:.0f} of {episodes} episodes: {status(point)}",
            err=True,
        )


@contextmanager
def _bar(tasks: list[Task]) -> Iterator[Show]:
    from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    many = len(tasks) > 1
    done = dict.fromkeys((task.seed for task in tasks), 0.0)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    # what goes to a file must not turn up on the terminal instead
    shared = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared) as bar:
        begun = bar.add_task("measuring the scale", total=sum(task.config.episodes_played for task in tasks))

        def show(task: Task, point: CurvePoint) -> None:
            done[task.seed] = point.episodes
            text = f"seed {task.seed}: {status(point)}" if many else status(point)
            bar.update(begun, completed=round(sum(done.values())), description=text)

        yield show


def status(point: CurvePoint) -> str:
    """A look in a few words."""
    return f"score {point.score:.3f}, best {point.best:.3f}, loss {point.loss:.2g}, {point.chance:.0%} by chance"
