"""Who learns, each in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from tests.bench.contender import PEERS_ENVIRONMENT, REPOSITORY, UnavailableError, installation
from tests.bench.policies.learning_order import Order, Sample

_PATIENCE_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One learner.

    Attributes:
        title: for people.
        module: what its process runs, below `tests.bench.policies.contenders`.
        peer: distribution to install into the peers' environment; "" for the one that runs in this one.
    """

    title: str
    module: str
    peer: str = ""

    def learn(self, order: Order) -> Sample:
        """Carry out an order.

        Raises:
            UnavailableError: it cannot be started, failed, or did not end in time; the message says why.
        """
        python = str(PEERS_ENVIRONMENT / "bin" / "python") if self.peer else sys.executable
        command = [python, "-m", f"tests.bench.policies.contenders.{self.module}", order.to_json()]
        places = {"PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "policies")))}
        try:
            ended = subprocess.run(
                command, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=_PATIENCE_S,
                env={**os.environ, **places},
            )  # fmt: skip
        except OSError as error:
            raise UnavailableError(f"{self.title}: {error}; {installation(self.peer)}") from error
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{self.title}: took over {_PATIENCE_S:g} s") from None
        if ended.returncode != 0:
            words = " ".join(ended.stderr.splitlines()[-1:]) or "none"
            raise UnavailableError(f"{self.title} failed; its last words: {words}")
        return Sample.from_json(ended.stdout.splitlines()[-1])


OURS: Final = Entry("qkdctl", "ours")
SB3: Final = Entry("Stable-Baselines3 DQN", "with_sb3", peer="stable-baselines3")
LEARNERS: Final = (OURS, SB3)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One learner in one round."""

    title: str
    round: int
    sample: Sample

    @property
    def link_epochs_per_s(self) -> float:
        """Played, with all updates that go with them, per second of processor time."""
        return self.sample.link_epochs / self.sample.cpu_s


def measure_learning(order: Order, rounds: int) -> tuple[list[Lesson], dict[str, str]]:
    """All learners in turn, and why some could not take part."""
    lessons, absent = [], {}
    for number in range(rounds):
        for entry in LEARNERS:
            if entry.title in absent:
                continue
            try:
                lessons.append(Lesson(entry.title, number, entry.learn(order)))
            except UnavailableError as error:
                absent[entry.title] = str(error)
    return lessons, absent
