"""Many trainings at once, on whatever runs functions: processes of this machine, or many machines."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.output_files import OutputFiles
from qkdctl_policies.learning.training import Trained, train


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


def sweep(tasks: Sequence[Task], executor: Executor) -> Iterator[tuple[Task, Trained]]:
    """Run all trainings; those that were interrupted go on from their checkpoints, those that are over end at once.

    Args:
        tasks: to run.
        executor: takes functions and arguments that can be pickled: `ProcessPoolExecutor`, or `Client.get_executor()`
            of a Dask cluster.

    Yields:
        Each task with what came of it, in the order in which they end.

    Raises:
        TrainingError: from the first training that cannot go on; those that run go on to their end.
        OSError: likewise.
    """
    futures = {executor.submit(carry_out, task): task for task in tasks}
    for future in as_completed(futures):
        yield futures[future], future.result()


def carry_out(task: Task, on_progress: Callable[..., None] = lambda _: None) -> Trained:
    """Train, and write all files; see `train` for what it raises."""
    task.folder.mkdir(parents=True, exist_ok=True)
    checkpoint = task.files.checkpoint
    trained = train(
        task.config,
        task.seed,
        on_progress,
        checkpoint_file=checkpoint,
        resume=checkpoint.exists(),
        device=task.device,
        processes=task.processes,
    )
    task.files.write(trained, task.config, task.seed)
    return trained
