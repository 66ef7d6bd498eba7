"""Many trainings at once, on whatever runs functions: processes of this machine, or many machines."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from qkdctl.files import write_durably
from qkdctl_policies.learning.config import TrainingConfig, TrainingError
from qkdctl_policies.learning.curve import lines, read_lines
from qkdctl_policies.learning.output_files import OutputFiles
from qkdctl_policies.learning.sole_training import sole_training
from qkdctl_policies.learning.training import Trained, train
from qkdctl_policies.learning.training_run import CurvePoint

_LOOK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """One training of a sweep.

    Attributes:
        config, seed: decide its result.
        folder: where its files go, as the machine that runs it sees it.
        device: where PyTorch learns, likewise.
        processes: see `train`.
    """

    config: TrainingConfig
    seed: int
    folder: Path
    device: str = "cpu"
    processes: int = 1

    @property
    def files(self) -> OutputFiles:
        """Its files."""
        return OutputFiles(self.folder, self.config.name)


def seeds_of(
    config: TrainingConfig, seeds: Sequence[int], folder: Path, device: str = "cpu", processes: int = 1
) -> list[Task]:
    """The same training with several seeds, each in a folder of its own.

    Args:
        config: of each of them.
        seeds: one training each.
        folder: holds the folders.
        device: where PyTorch learns.
        processes: which those trainings share that have not left a policy yet; each has one at least.
    """
    tasks = [Task(config, seed, folder / f"seed-{seed}", device) for seed in seeds]
    left = sum(not task.files.policy.exists() for task in tasks)
    return [replace(task, processes=max(processes // max(left, 1), 1)) for task in tasks]


def sweep(
    tasks: Sequence[Task], executor: Executor, meanwhile: Callable[[], None] = lambda: None
) -> Iterator[tuple[Task, Trained | Exception]]:
    """Run all trainings; those that were interrupted go on from their checkpoints, those that are over end at once.

    Args:
        tasks: to run.
        executor: takes functions and arguments that can be pickled: `ProcessPoolExecutor`, or `Client.get_executor()`
            of a Dask cluster.
        meanwhile: called about once a second, and before each training that is yielded.

    Yields:
        Each task with what came of it, in the order in which they end: one that fails leaves the others alone.

    Raises:
        TrainingError: when the executor lost a process, and with it all that it ran.
    """
    futures = {executor.submit(carry_out, task): task for task in tasks}
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        meanwhile()
        for future in done:
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                raise TrainingError(
                    "a process that trains has ended: killed, or short of memory? What the trainings learned is in "
                    "their checkpoints: go on with --resume, with fewer --jobs if memory is short"
                )
            yield futures[future], error if isinstance(error, Exception) else future.result()


def carry_out(task: Task, on_progress: Callable[[CurvePoint], None] = lambda _: None) -> Trained:
    """Train, and write all files; the curve grows with each look.

    Raises:
        TrainingError: as `train`, and when another training is writing these files.
        OSError: as `train`.
    """
    task.folder.mkdir(parents=True, exist_ok=True)
    files = task.files
    with sole_training(files.lock) as check:
        resume = files.checkpoint.exists()
        curve = read_lines(files.curve) if resume else []
        if not resume:
            files.curve.unlink(missing_ok=True)

        def tell(point: CurvePoint) -> None:
            check()
            # a training that goes on is told again of what came after its checkpoint; most of it is what it was
            if point not in curve:
                curve[:] = [*(known for known in curve if known.episodes < point.episodes), point]
                write_durably(files.curve, lines(curve).encode())
            on_progress(point)

        trained = train(
            task.config,
            task.seed,
            tell,
            checkpoint_file=files.checkpoint,
            resume=resume,
            device=task.device,
            processes=task.processes,
        )
        check()
        files.write(trained, task.config, task.seed)
    return trained
