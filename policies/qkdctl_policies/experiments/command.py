"""`qkdctl experiment run` and `qkdctl experiment report`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qkdctl.exit_codes import CONFIG, FAILURE, UNAVAILABLE
from qkdctl_policies.commands.ending import INTERRUPTED, fail, fail_on, need

if TYPE_CHECKING:
    from qkdctl_policies.experiments.cell import Cell
    from qkdctl_policies.experiments.rows_file import RowsFile

experiment = typer.Typer(
    name="experiment",
    help="Whole networks under attack, controlled in different ways, and what that says of claims.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@experiment.command()
def run(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A shipped suite by name, or a file ending in .toml.")],
    *,
    into: Annotated[Path, typer.Option(dir_okay=False, metavar="ROWS", help="File for the rows, JSON lines.")] = Path(
        "rows.jsonl"
    ),
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Cells at the same time, each on one core. All cores.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="SETTING", help="This setting of a report, and what it is held against; may be repeated."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="No more than the first N seeds.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the rows that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run every combination of network, load, attack, arm and seed of a suite, one row each.

    Rows are written as they come. Ctrl-C ends the run after the cells that are under way; with --resume it goes on to
    the same file. The same suite gives the same rows, bit for bit, on the same kind of processor.

    For example:

      qkdctl experiment run small --into rows.jsonl

      qkdctl experiment run paper --only "mesh-13, load 0.6, 20 % overt" --seeds 3

      qkdctl experiment run my-suite.toml --into rows.jsonl --resume --json
    """
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 - off the command line's fast path
    from qkdctl.policy.failure import PolicyRejected  # noqa: PLC0415 - likewise
    from qkdctl_policies.experiments.choice import chosen  # noqa: PLC0415 - likewise
    from qkdctl_policies.experiments.rows_file import RowsError, RowsFile  # noqa: PLC0415 - likewise
    from qkdctl_policies.experiments.suite import SuiteError, load_suite  # noqa: PLC0415 - likewise

    if into.exists() and not resume:
        fail(f"{into} is there already", "go on with --resume, or name another file", FAILURE)
    if not into.absolute().parent.is_dir():
        fail(f"there is no folder {into.parent} for the rows", "make it, or name another file with --into", UNAVAILABLE)
    try:
        known = list(load_suite(suite).cells())
        cells = chosen(known, only or (), seeds)
        _run_all(cells, known, RowsFile(into), jobs, as_json=as_json)
    except (SuiteError, ScenarioError) as error:
        fail(str(error), "", CONFIG)
    except RowsError as error:
        fail(str(error), "", FAILURE)
    except PolicyRejected as error:
        fail(f"the policy of the suite is refused: {error}", "", FAILURE)
    except OSError as error:
        fail_on(error)
    except KeyboardInterrupt:
        fail(f"stopped; {into} has the rows so far", "go on with --resume", INTERRUPTED)
    if not as_json:
        typer.echo(f"{len(cells)} rows are in {into}; see them with: qkdctl experiment report {into}")


@experiment.command()
def report(
    rows: Annotated[
        list[Path],
        typer.Argument(metavar="ROWS...", help="What 'qkdctl experiment run' has written; may be compressed (.gz)."),
    ],
    *,
    into: Annotated[
        Path | None, typer.Option(file_okay=False, metavar="DIR", help="Write tables and a plot there.")
    ] = None,
    cost: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="bench-agreement.json of 'make bench', for the load."),
    ] = None,
    trainings: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, metavar="FILE", help="What 'qkdctl policy evaluate FILE... --json' wrote, for learning."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What stored rows say of every claim, with intervals and tests.

    With --into it writes paper-table.md and experiments.md there, each with a plot; otherwise it prints the table of
    claims.

    For example:

      qkdctl experiment report rows.jsonl

      qkdctl experiment report rows.jsonl more-rows.jsonl.gz --into results

      qkdctl experiment report rows.jsonl --json | jq '.claims[] | {claim, verdict}'
    """
    from qkdctl_policies.experiments.cost import CostError, read_cost  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.experiments.document import document_of  # noqa: PLC0415 - likewise
    from qkdctl_policies.experiments.paper_page import paper_page  # noqa: PLC0415 - likewise
    from qkdctl_policies.experiments.rows_file import RowsError, RowsFile  # noqa: PLC0415 - likewise
    from qkdctl_policies.experiments.trainings import TrainingsError, read_trainings  # noqa: PLC0415 - likewise

    try:
        found = [row for file in rows for row in RowsFile(file).read()]
        if not found:
            fail(f"{rows[0]} has no row yet", "run the suite first: qkdctl experiment run SUITE", FAILURE)
        learned = None if trainings is None else read_trainings(trainings)
        document = document_of(found, None if cost is None else read_cost(cost), learned)
        if into is not None:
            _write(document, into)
    except (RowsError, CostError, TrainingsError) as error:
        fail(str(error), "", FAILURE)
    except OSError as error:
        fail_on(error)
    if as_json:
        typer.echo(json.dumps(document))
    elif into is None:
        typer.echo(paper_page(document))
    else:
        typer.echo(f"paper-table.md, experiments.md and a plot of each are in {into}")


def _run_all(cells: "list[Cell]", suite: "list[Cell]", file: "RowsFile", jobs: int | None, *, as_json: bool) -> None:
    from qkdctl_policies.experiments.campaign import run_cells  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.workers import cores, workers  # noqa: PLC0415 - likewise

    with (
        workers(min(jobs or cores(), len(cells)), finish=True) as executor,
        _progress(len(cells), as_json=as_json) as show,
    ):
        for row in run_cells(cells, file, executor, suite):
            show(row)


@contextmanager
def _progress(cells: int, *, as_json: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Shows each row: as JSON on stdout, as a bar on a terminal, or as a line on stderr."""
    import sys  # noqa: PLC0415

    if as_json:
        yield lambda row: typer.echo(json.dumps(row))
    elif sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=cells)
            yield lambda row: bar.update(task, advance=1, description=_name(row))
    else:
        yield lambda row: typer.echo(_name(row), err=True)


def _name(row: dict[str, Any]) -> str:
    return f"seed {row['seed']}, {row['network']}, {row['byzantine']:.0%} {row['attack']}: {row['arm']}"


def _write(document: dict[str, Any], into: Path) -> None:
    from qkdctl_policies.experiments.paper_page import paper_page  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.experiments.report_page import report_page  # noqa: PLC0415 - likewise

    need("matplotlib", extra="sim")
    from qkdctl_policies.experiments.plots import draw_claims, draw_scores  # noqa: PLC0415 - needs matplotlib

    into.mkdir(parents=True, exist_ok=True)
    (into / "paper-table.md").write_text(paper_page(document), encoding="utf-8")
    (into / "experiments.md").write_text(report_page(document), encoding="utf-8")
    draw_claims(document, into / "paper-table.png")
    draw_scores(document, into / "experiments.png")
