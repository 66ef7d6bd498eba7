"""How far trainings are that run in other processes, or on other machines: what their curves say."""

from collections.abc import Iterator, Sequence

from qkdctl_policies.learning.curve import read_lines
from qkdctl_policies.learning.sweep import Task
from qkdctl_policies.learning.training_run import CurvePoint


class Following:
    """Looks into the files of the curves, which grow; what is there when it begins is no news.

    Args:
        tasks: whose; all on a disk that this process sees, or there is no news of them.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._told = [(task, read_lines(task.files.curve)[-1:]) for task in tasks]

    def news(self) -> Iterator[tuple[Task, CurvePoint]]:
        """The latest look at each learner that has had one since the last call."""
        for place, (task, told) in enumerate(self._told):
            latest = read_lines(task.files.curve)[-1:]
            if latest and latest != told:
                self._told[place] = task, latest
                yield task, latest[0]
