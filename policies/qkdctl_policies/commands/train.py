"""`qkdctl policy train`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.exit_codes import CONFIG, FAILURE, UNAVAILABLE, USAGE
from qkdctl_policies.commands.ending import INTERRUPTED, fail, fail_on, need, refused

if TYPE_CHECKING:
    from qkdctl_policies.learning.sweep import Task
    from qkdctl_policies.learning.training import Trained

_LARGEST_SEED = 2**63 - 1


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A training, such as policies/training/quick.toml.")],
    *,
    seed: Annotated[int, typer.Option(min=0, max=_LARGEST_SEED, metavar="N", help="Of everything random.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Train so many times, with seeds counting on.")] = 1,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes: as many trainings at the same time, and more for the networks of each where there are "
            "fewer; those of [actors], and one that scores, come on top. All cores.",
        ),
    ] = None,
    into: Annotated[Path, typer.Option(file_okay=False, metavar="DIR", help="Where all files go.")] = Path(),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoints that lie there.")] = False,
    device: Annotated[str, typer.Option(metavar="NAME", help="Where PyTorch learns, such as cuda.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one document per line.")] = False,
) -> None:
    """Train a policy for links on simulated networks.

    The best state on networks that are never learned from is kept as NAME.onnx, with its card, its learning curve
    and a checkpoint beside it. Scenario files that CONFIG names lie beside CONFIG. Ctrl-C and SIGTERM leave a
    checkpoint; with --resume the training goes on from it, to the same result where checkpoints hold all rows
    ([replay] saved). The same seed gives the same file with the same versions on the same kind of processor, with
    any number of jobs; with --device cuda it may not. Several seeds go into folders of their own, seed-N.

    For example:

      qkdctl policy train policies/training/quick.toml --seed 1 --into trained

      qkdctl policy train policies/training/quick.toml --seed 1 --into trained --resume --json

      qkdctl policy train policies/training/quick.toml --seed 1 --seeds 10 --into trained
    """
    need("torch", "gymnasium", "matplotlib")
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.learning.config import TrainingError, load_config  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.sweep import Task, seeds_of  # noqa: PLC0415 - likewise
    from qkdctl_policies.workers import cores  # noqa: PLC0415 - likewise

    processes = jobs or cores()
    try:
        settings = load_config(config)
    except TrainingError as error:
        fail(str(error), "", CONFIG)
    except OSError as error:
        fail_on(error)
    _check_device(device)
    tasks = (
        seeds_of(settings, range(seed, seed + seeds), into, device, processes)
        if seeds > 1
        else [Task(settings, seed, into, device, processes)]
    )
    _keep_clear(tasks, resume=resume)
    try:
        if seeds == 1:
            _train_one(tasks[0], as_json=as_json)
        else:
            _train_all(tasks, processes, as_json=as_json)
    except KeyboardInterrupt:
        kept, hint = _kept(tasks)
        fail(f"stopped; {kept or 'nothing was learned yet'}", hint, INTERRUPTED)
    except (TrainingError, ScenarioError, MemoryError, OSError) as error:
        text, hint, code = _reason(error)
        # what else ends a training says itself whether going on makes sense
        fail(text, hint or (_kept(tasks)[1] if isinstance(error, OSError) else ""), code)


def _kept(tasks: "list[Task]") -> tuple[str, str]:
    """Where there is something to go on from, and the hint to do so."""
    left = [str(task.files.checkpoint) for task in tasks if task.files.checkpoint.exists()]
    verb = "holds" if len(left) == 1 else "hold"
    return (f"{', '.join(left)} {verb} what was learned", "go on with --resume") if left else ("", "")


def _reason(error: Exception) -> tuple[str, str, int]:
    """Text, hint and exit code of what can end a training; raises anything else."""
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 - off the command line's fast path
    from qkdctl_policies.learning.config import TrainingError  # noqa: PLC0415 - likewise

    if isinstance(error, MemoryError):
        return f"not enough memory: {error}", "a smaller [replay] capacity or [learner] batch needs less", FAILURE
    if isinstance(error, OSError):
        return refused(error), "", UNAVAILABLE
    if isinstance(error, ScenarioError):
        return str(error), "", CONFIG
    if isinstance(error, TrainingError):
        return str(error), "", FAILURE
    raise error


def _check_device(name: str) -> None:
    import torch  # noqa: PLC0415 - slow to import

    try:
        float(torch.ones(1, device=name).cpu())
    except (RuntimeError, AssertionError, ImportError, NotImplementedError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        fail(f"PyTorch cannot use the device {name!r}: {why}", "leave --device out", USAGE)


def _keep_clear(tasks: "list[Task]", *, resume: bool) -> None:
    """Refuse to begin over what a training has left, and to go on where none has left anything."""
    begun = [task.files for task in tasks if task.files.checkpoint.exists()]
    if begun and not resume:
        fail(f"a training has left {begun[0].checkpoint}", "go on with --resume, or remove it", FAILURE)
    if resume and not begun:
        fail(
            f"there is no {tasks[0].files.checkpoint} to go on from",
            "is --into right? begin without --resume",
            FAILURE,
        )
    for files in (task.files for task in tasks if task.files not in begun):
        for path in (files.policy, files.card):
            if path.exists():
                fail(f"{path} is there already, of another training", "name another folder with --into", FAILURE)


def _train_one(task: "Task", *, as_json: bool) -> None:
    from qkdctl_policies.commands.training_progress import progress  # noqa: PLC0415 - off the fast path
    from qkdctl_policies.learning.sweep import carry_out  # noqa: PLC0415 - likewise
    from qkdctl_policies.workers import interrupted_by_sigterm  # noqa: PLC0415 - likewise

    with progress([task], as_json=as_json) as show, interrupted_by_sigterm():
        trained = carry_out(task, lambda point: show(task, point))
    if as_json:
        _tell_as_json(task, trained)
        return
    typer.echo(f"{task.files.policy}  {trained.vetted.sha256}")
    typer.echo("reward per epoch on the networks it was chosen on (not a final score):")
    for name, value in _scores(trained).items():
        typer.echo(f"  {name:12} {value:6.3f}")
    typer.echo(f"score it with: qkdctl policy evaluate {task.files.policy}")


def _train_all(tasks: "list[Task]", jobs: int, *, as_json: bool) -> None:
    """Many trainings side by side, told of as they go on and end; one that fails leaves the others alone."""
    from qkdctl_policies.commands.training_progress import progress  # noqa: PLC0415 - off the fast path
    from qkdctl_policies.learning.following import Following  # noqa: PLC0415 - likewise
    from qkdctl_policies.learning.sweep import sweep  # noqa: PLC0415 - likewise
    from qkdctl_policies.workers import workers  # noqa: PLC0415 - likewise

    following, code = Following(tasks), 0
    with workers(min(jobs, len(tasks)), finish=False) as executor, progress(tasks, as_json=as_json) as show:

        def meanwhile() -> None:
            for task, point in following.news():
                show(task, point)

        for task, trained in sweep(tasks, executor, meanwhile):
            if isinstance(trained, Exception):
                text, hint, code = _reason(trained)
                typer.echo(f"error: seed {task.seed}: {text}" + (f"\nhint: {hint}" if hint else ""), err=True)
            elif as_json:
                _tell_as_json(task, trained)
            else:
                score = trained.curve[-1].best
                typer.echo(f"{task.files.policy}  {trained.vetted.sha256}  score {score:.3f}")
    if code:
        raise typer.Exit(code)
    if not as_json:
        typer.echo(f"score them with: qkdctl policy evaluate {' '.join(str(task.files.policy) for task in tasks)}")


def _tell_as_json(task: "Task", trained: "Trained") -> None:
    done = {"event": "done", "seed": task.seed, "file": str(task.files.policy), "sha256": trained.vetted.sha256}
    typer.echo(json.dumps(done | {"selection": _scores(trained)}))


def _scores(trained: "Trained") -> dict[str, float]:
    """On the networks it was chosen on."""
    return {"this policy": trained.curve[-1].best, **trained.references}
