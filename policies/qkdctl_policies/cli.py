"""`qkdctl policy train` and `qkdctl policy evaluate`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from qkdctl.policy.vetting import VettedPolicy
    from qkdctl_policies.learning.sweep import Task
    from qkdctl_policies.learning.training_run import CurvePoint

_REFUSED = 1
_USAGE = 2
_UNAVAILABLE = 69
_CONFIGURATION = 78
_INTERRUPTED = 130

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one document per line.")]


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A training, such as policies/training/quick.toml.")],
    *,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of everything random.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Train so many times, with seeds counting on.")] = 1,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes: as many trainings at the same time, and more for the networks of each where there are "
            "fewer; those of [actors] come on top. All cores.",
        ),
    ] = None,
    into: Annotated[Path, typer.Option(file_okay=False, metavar="DIR", help="Where all files go.")] = Path(),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoints that lie there.")] = False,
    device: Annotated[str, typer.Option(metavar="NAME", help="Where PyTorch learns, such as cuda.")] = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Train a policy for links on simulated networks.

    The best state on networks that are never learned from is kept as NAME.onnx, with its card, its learning curve and a
    checkpoint beside it. Ctrl-C leaves a checkpoint; with --resume the training goes on from it, to the same result
    where checkpoints hold all rows ([replay] saved). The same seed gives the same file with the same versions on the
    same kind of processor, with any number of jobs; with --device cuda it may not. Several seeds go into folders of
    their own, seed-N.

    For example:

      qkdctl policy train policies/training/quick.toml --seed 1 --into trained

      qkdctl policy train policies/training/quick.toml --seed 1 --into trained --resume --json

      qkdctl policy train policies/training/quick.toml --seed 1 --seeds 10 --into trained
    """
    _need("torch", "gymnasium", "matplotlib")
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.learning.config import TrainingError, load_config  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.sweep import Task, carry_out, seeds_of  # noqa: PLC0415 - likewise
    from qkdctl_policies.workers import cores  # noqa: PLC0415 - likewise

    tasks: list[Task] = []
    try:
        settings = load_config(config)
        many, processes = seeds > 1, jobs or cores()
        _check_device(device)
        tasks = (
            seeds_of(settings, range(seed, seed + seeds), into, device, processes)
            if many
            else [Task(settings, seed, into, device, processes)]
        )
        _keep_clear(tasks, resume=resume)
        if many:
            _train_all(tasks, processes, as_json=as_json)
            return
        with _progress(settings.episodes_played, as_json=as_json) as show:
            trained = carry_out(tasks[0], show)
    except (TrainingError, ScenarioError) as error:
        _fail(str(error), "", _CONFIGURATION)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror or error}", "", _UNAVAILABLE)
    except KeyboardInterrupt:
        left = [str(task.files.checkpoint) for task in tasks if task.files.checkpoint.exists()]
        kept = f"{', '.join(left)} holds what was learned" if left else "nothing was learned yet"
        _fail(f"stopped; {kept}", "go on with --resume" if left else "", _INTERRUPTED)
    files = tasks[0].files
    scores = {"this policy": trained.curve[-1].best, **trained.references}
    if as_json:
        done = {"event": "done", "file": str(files.policy), "sha256": trained.vetted.sha256, "selection": scores}
        typer.echo(json.dumps(done))
        return
    typer.echo(f"{files.policy}  {trained.vetted.sha256}")
    typer.echo("reward per epoch on the networks it was chosen on (not a final score):")
    for name, value in scores.items():
        typer.echo(f"  {name:12} {value:6.3f}")
    typer.echo(f"score it with: qkdctl policy evaluate {files.policy}")


def _check_device(name: str) -> None:
    import torch  # noqa: PLC0415 - slow to import

    try:
        float(torch.ones(1, device=name).cpu())
    except (RuntimeError, AssertionError, ImportError, NotImplementedError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        _fail(f"PyTorch cannot use the device {name!r}: {why}", "leave --device out", _USAGE)


def _keep_clear(tasks: "list[Task]", *, resume: bool) -> None:
    """Refuse to begin over what a training has left, and to go on where none has left anything."""
    begun = [task.files for task in tasks if task.files.checkpoint.exists()]
    if begun and not resume:
        _fail(f"a training has left {begun[0].checkpoint}", "go on with --resume, or remove it", _REFUSED)
    if resume and not begun:
        _fail(
            f"there is no {tasks[0].files.checkpoint} to go on from",
            "is --into right? begin without --resume",
            _REFUSED,
        )
    for files in (task.files for task in tasks if task.files not in begun):
        for path in (files.policy, files.card):
            if path.exists():
                _fail(f"{path} is there already, of another training", "name another folder with --into", _REFUSED)


def _train_all(tasks: "list[Task]", jobs: int, *, as_json: bool) -> None:
    """Many trainings side by side, told of as they end."""
    from qkdctl_policies.learning.sweep import sweep  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.workers import workers  # noqa: PLC0415 - likewise

    with workers(min(jobs, len(tasks)), finish=False) as executor:
        for task, trained in sweep(tasks, executor):
            score, sha256 = trained.curve[-1].best, trained.vetted.sha256
            if as_json:
                done = {"event": "done", "seed": task.seed, "file": str(task.files.policy), "sha256": sha256}
                typer.echo(json.dumps(done | {"score": score}))
            else:
                typer.echo(f"{task.files.policy}  {sha256}  score {score:.3f}")
    if not as_json:
        typer.echo(f"score them with: qkdctl policy evaluate {' '.join(str(task.files.policy) for task in tasks)}")


def evaluate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policy files, such as several trainings.")],
    *,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", metavar="NAME", help="A named one, or a file ending in .toml; repeatable. All named."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Networks per scenario.")] = 10,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Length of an episode.")] = 200,
    epoch_s: Annotated[float, typer.Option(min=0.001, metavar="SECONDS", help="Length of an epoch.")] = 10.0,
    add_to_card: Annotated[
        bool, typer.Option("--card", help="Write the scores into the card beside the file.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score policy files beside those who have not learned, on networks that nobody has learned from.

    Everybody runs the same networks: the constructed policy, the rule of the daemon, operators in the field, holding,
    chance, the best fixed power in hindsight, and controllers that know the truth about every link, greedy and in
    hindsight the best of several that look further ahead. Key is told as a share of what the same links make under
    ideal control, whose alignment costs nothing. Several files count as trainings of one policy.

    For example:

      qkdctl policy evaluate trained/links.onnx

      qkdctl policy evaluate trained/links.onnx --scenario storm --seeds 3 --json

      qkdctl policy evaluate trained/seed-*/links.onnx
    """
    _need("gymnasium")
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.environment.network_env import EnvSettings  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.evaluation import judge  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.evaluation_text import tell  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.scenarios import SCENARIOS  # noqa: PLC0415 - likewise

    if add_to_card and len(files) > 1:
        _fail("--card takes one file", "scores of several trainings belong into a report", _USAGE)
    try:
        policies = {str(file): _vetted(file) for file in files}
        if len({one.sha256 for one in policies.values()}) < len(files):
            _fail("the same file is named twice", "each training counts once", _USAGE)
        cards = {file: _card_of(file, policies[str(file)].sha256) for file in files if add_to_card}
        judged = judge(
            policies,
            tuple(dict.fromkeys(scenario or SCENARIOS)),
            seeds=seeds,
            how=EnvSettings(epochs=epochs, epoch_s=epoch_s, surroundings=False),
            on_contender=lambda name: typer.echo(f"{name} done", err=True),
        )
        about = {
            "sha256": [one.sha256 for one in policies.values()],
            "episodes": {name: _episodes(one) for name, one in policies.items()},
            "seeds": seeds,
            "epochs": epochs,
        }
        document = about | {"epoch_s": epoch_s} | judged.document()
        for file, card in cards.items():
            text = json.dumps(card | {"scores": document}, indent=2)
            file.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    except ScenarioError as error:
        _fail(str(error), "", _CONFIGURATION)
    except ValueError as error:
        _fail(str(error), "", _USAGE)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror or error}", "", _UNAVAILABLE)
    typer.echo(json.dumps(document) if as_json else tell(document))


def _vetted(file: Path) -> "VettedPolicy":
    """The policy in a file; ends the command where it is refused."""
    from qkdctl.policy.failure import PolicyRejected  # noqa: PLC0415 - off the command line's fast path
    from qkdctl.policy.vetting import vet  # noqa: PLC0415 - likewise

    try:
        return vet(file.read_bytes())
    except PolicyRejected as error:
        _fail(f"{file} is refused ({error.code}): {error}", "", _REFUSED)


def _episodes(vetted: "VettedPolicy") -> int:
    """Episodes that a file claims to have learned from, 0 when it claims none."""
    claimed = vetted.claims.get("episodes", "")
    return int(claimed) if claimed.isascii() and claimed.isdigit() else 0


def _card_of(file: Path, sha256: str) -> dict[str, Any]:
    """The card beside a file, which must be that of this file."""
    path = file.with_suffix(".json")
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if card.get("sha256") != sha256:
        raise ValueError(f"{path} is the card of another file, {card.get('sha256')}")
    return card


@contextmanager
def _progress(episodes: int, *, as_json: bool) -> "Iterator[Callable[[CurvePoint], None]]":
    """Shows each look at the learner: a JSON line on stdout, a bar on a terminal, or a line on stderr."""
    import sys  # noqa: PLC0415

    if as_json:
        yield lambda point: typer.echo(json.dumps({"event": "look", **asdict(point)}))
    elif sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("measuring the scale", total=episodes)
            yield lambda point: bar.update(task, completed=round(point.episodes), description=_status(point))
    else:
        yield lambda point: typer.echo(f"{point.episodes:.0f} of {episodes} episodes: {_status(point)}", err=True)


def _status(point: "CurvePoint") -> str:
    return f"score {point.score:.3f}, best {point.best:.3f}, loss {point.loss:.2g}, {point.chance:.0%} by chance"


def _need(*modules: str) -> None:
    """End with a hint when something of the extra is not installed."""
    from importlib.util import find_spec  # noqa: PLC0415 - off the command line's fast path

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        _fail(f"{', '.join(missing)} is not installed", "pip install 'qkdctl[train]'", _UNAVAILABLE)


def _fail(error: str, hint: str, code: int) -> NoReturn:
    typer.echo(f"error: {error}" + (f"\nhint: {hint}" if hint else ""), err=True)
    raise typer.Exit(code)
