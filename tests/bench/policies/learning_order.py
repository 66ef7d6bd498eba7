"""What every learner does, and what it answers: so many episodes of the same networks, with as many updates."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Self

from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.config_sections import (
    EnvironmentSection,
    LearnerSection,
    ReplaySection,
    SelectionSection,
)


@dataclass(frozen=True, slots=True)
class Order:
    """How much to learn.

    Attributes:
        networks: side by side, each for one episode.
        epochs: length of an episode.
        updates: per epoch of all networks; batch: rows per update.
        warm_up: rows before the first update.
        seed: of everything random.
    """

    networks: int
    epochs: int
    updates: int
    batch: int
    warm_up: int
    seed: int

    def config(self) -> TrainingConfig:
        """The training that this is."""
        return TrainingConfig(
            name="bench",
            episodes=self.networks,
            environment=EnvironmentSection(networks=self.networks, epochs=self.epochs),
            learner=LearnerSection(updates=self.updates, batch=self.batch),
            replay=ReplaySection(warm_up=self.warm_up),
            selection=SelectionSection(networks=1, every_epochs=self.epochs),
        )

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From a command line."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Sample:
    """What it took.

    Attributes:
        link_epochs: links times epochs that were played.
        updates: of the network.
        run_s, cpu_s: wall clock and processor time of playing and learning; building is not counted.
        versions: of what was measured.
    """

    link_epochs: int
    updates: int
    run_s: float
    cpu_s: float
    versions: dict[str, str]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `answer` printed."""
        return cls(**json.loads(text))


def answer(prepare: Callable[[Order], Callable[[], tuple[int, int]]], *measured: str) -> None:
    """Carry out the order on the command line and print the sample as the last line.

    Args:
        prepare: builds everything; what it returns plays and learns, and returns link epochs and updates.
        measured: distributions whose versions are told.
    """
    run = prepare(Order.from_json(sys.argv[1]))
    began_s, cpu_s = time.perf_counter(), time.process_time()
    link_epochs, updates = run()
    sample = Sample(
        link_epochs=link_epochs,
        updates=updates,
        run_s=time.perf_counter() - began_s,
        cpu_s=time.process_time() - cpu_s,
        versions={name: version(name) for name in measured},
    )
    plain: dict[str, Any] = asdict(sample)
    sys.stdout.flush()
    os.write(1, f"\n{json.dumps(plain)}\n".encode())
