"""Learning from simulated networks: a function of its configuration and its seed."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES
from qkdctl.policy.vetting import VettedPolicy, vet
from qkdctl_policies.learning import checkpoint
from qkdctl_policies.learning.acting import Acted, Acting
from qkdctl_policies.learning.actors import Actors, Round
from qkdctl_policies.learning.claims import claims
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.contenders import FileContender
from qkdctl_policies.learning.exploration import chances
from qkdctl_policies.learning.export import export
from qkdctl_policies.learning.learner import Learner
from qkdctl_policies.learning.lessons import LessonBook
from qkdctl_policies.learning.rehearsal import Rehearsal
from qkdctl_policies.learning.replay import Replay
from qkdctl_policies.learning.selection import Selection


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A look at the learner.

    Attributes:
        episodes: so far, the present ones in part.
        link_epochs: epochs of links so far; updates: of the network.
        score: of the exported file on the fixed networks, see `Selection`, as reward per epoch.
        best: the highest so far.
        reward: of links learned from since the last look, mean per epoch, exploration included.
        loss: mean since the last look, 0 before the first update.
        chance: of a random action, mean over the networks.
    """

    episodes: float
    link_epochs: int
    updates: int
    score: float
    best: float
    reward: float
    loss: float
    chance: float


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training ends with.

    Attributes:
        vetted: the best file, not the last one.
        curve: all looks at the learner.
        references: scores of those who have not learned on the same fixed networks.
    """

    vetted: VettedPolicy
    curve: tuple[CurvePoint, ...]
    references: Mapping[str, float]


OnProgress = Callable[[CurvePoint], None]


def train(
    config: TrainingConfig,
    seed: int,
    on_progress: OnProgress = lambda _: None,
    *,
    checkpoint_file: Path | None = None,
    resume: bool = False,
    device: str = "cpu",
) -> Trained:
    """Train a policy.

    Args:
        config: all settings.
        seed: of everything random. The same seed gives the same file with the same versions on the same kind of
            processor; on a graphics processor it may give another one each time.
        on_progress: called with every look at the learner.
        checkpoint_file: written before the first and after every visit to the networks. An interruption loses the
            episodes it falls into and nothing else: going on repeats them, to the same bits where the rows for learning
            are saved.
        resume: go on from that file, which must be given then.
        device: where PyTorch learns, such as `cuda`; networks are always played on processors.

    Raises:
        TrainingError: when the checkpoint belongs to another training, or a process that plays networks has ended.
        OSError: when it cannot be read or written.
    """
    run = _Run(config, seed, on_progress, device)
    with ExitStack() as stack:
        if resume:
            assert checkpoint_file is not None, "a training goes on from a checkpoint"
            run.load(checkpoint.load(checkpoint_file, config, seed))
        else:
            run.look()
        play = run.learn_with_foresight if config.foresight.horizon else run.learn_in_turn
        if config.actors.processes and run.visit < config.visits:
            actors = stack.enter_context(Actors(config, seed))
            play = lambda: run.learn_beside(actors)  # noqa: E731 - names what one visit is
        while True:
            if checkpoint_file is not None:
                checkpoint.save(checkpoint_file, config, seed, run.state())
            if run.visit == config.visits:
                break
            play()
            run.visit += 1
    return Trained(vet(run.best), tuple(run.curve), run.selection.references())


class _Run:
    """The state of a training between two visits to its networks, and how it goes on."""

    def __init__(self, config: TrainingConfig, seed: int, on_progress: OnProgress, device: str) -> None:
        self.config, self.seed, self.on_progress = config, seed, on_progress
        self.claims = claims(config, seed)
        self.learner = Learner(config.learner, seed, device)
        self.replay = Replay(config.replay.capacity, len(FEATURES), len(ACTIONS), config.replay.alpha)
        self.lessons = LessonBook(config.replay.capacity, len(FEATURES), len(ACTIONS))
        self.selection = Selection(config)
        self.rng = np.random.default_rng(seed)
        self.visit = self.epochs = self.link_epochs = self.updates = 0
        self.best = b""
        self.curve: list[CurvePoint] = []
        self._acting: tuple[int, Acting] | None = None
        self._rehearsal: tuple[int, Rehearsal] | None = None
        self._rewards: list[float] = []
        self._losses: list[float] = []

    @property
    def progress(self) -> float:
        """Share of the training that is over."""
        return self.epochs / (self.config.visits * self.config.environment.epochs)

    def learn_in_turn(self) -> None:
        """One episode of each network; after each of its epochs the learner has its turn."""
        batch, visit = divmod(self.visit, self.config.environment.visits)
        if self._acting is None or self._acting[0] != batch:
            self._acting = batch, Acting(self.config, self.seed, batch)
        acting = self._acting[1]
        acting.begin(visit)
        for _ in range(self.config.environment.epochs):
            self._take_in([acting.act(self.learner.network.values, self.progress, self.rng)])
            self._learn(self.config.learner.updates)
            self._after_epochs(1)

    def learn_beside(self, actors: Actors) -> None:
        """One episode of each network; meanwhile the learner learns from what it had before."""
        batch, visit = divmod(self.visit, self.config.environment.visits)
        epochs = self.config.actors.epochs
        for begins in range(0, self.config.environment.epochs, epochs):
            actors.begin(Round(batch, visit, begins == 0, self.progress, self.learner.weights()))
            self._learn(self.config.learner.updates * epochs)
            self._take_in(actors.results())
            self._after_epochs(epochs)

    def learn_with_foresight(self) -> None:
        """One episode of each network; when it is over, all that was written down is learned from.

        Each visit has more updates than the one before, since there is more to learn from, and brings the learning rate
        down, so that whoever plays next is a policy that has settled.
        """
        batch, visit = divmod(self.visit, self.config.environment.visits)
        if self._rehearsal is None or self._rehearsal[0] != batch:
            self._rehearsal = batch, Rehearsal(self.config, self.seed, batch)
        rehearsed = self._rehearsal[1].episode(visit, self.learner.network.values if self.visit else None, self.rng)
        self.lessons.add(rehearsed.lessons)
        self._rewards.append(rehearsed.reward)
        epochs, part = self.config.environment.epochs, self.config.learner
        updates = part.updates * 2 * (self.visit + 1) / (self.config.visits + 1)
        for epoch in range(epochs):
            for _ in range(int((epoch + 1) * updates) - int(epoch * updates)):
                lessons = self.lessons.sample(part.batch, self.rng)
                self._losses.append(
                    self.learner.learn_gains(lessons, self.config.foresight.tolerance, (epoch + 1) / epochs)
                )
                self.updates += 1
            self.link_epochs += rehearsed.links
            self._after_epochs(1)

    def look(self) -> None:
        """Export the network as it is, score the file, and keep it if it is the best."""
        exported = export(self.learner.network, self.claims).vetted
        score = self.selection.score(FileContender(exported))
        best = max((point.score for point in self.curve), default=-np.inf)
        if score > best:
            self.best = exported.data
        point = CurvePoint(
            episodes=self.epochs * self.config.networks_at_once / self.config.environment.epochs,
            link_epochs=self.link_epochs,
            updates=self.updates,
            score=score,
            best=max(score, best),
            reward=float(np.mean(self._rewards)) if self._rewards else 0.0,
            loss=float(np.mean(self._losses)) if self._losses else 0.0,
            chance=float(chances(self.config.exploration, self.progress, self.config.environment.networks).mean()),
        )
        self._rewards, self._losses = [], []
        self.curve.append(point)
        self.on_progress(point)

    def state(self) -> dict[str, Any]:
        """Everything that the next visit depends on; only between visits, and when the last look was just taken."""
        saved = self.config.replay.saved
        return {
            "learner": self.learner.state(),
            "replay": _tensors(self.replay.state()) if saved else {},
            "lessons": _tensors(self.lessons.state()) if saved else {},
            "rng": json.dumps(self.rng.bit_generator.state),
            "best": torch.frombuffer(bytearray(self.best), dtype=torch.uint8),
            "curve": [asdict(point) for point in self.curve],
            "counts": [self.visit, self.epochs, self.link_epochs, self.updates],
            "since": [self._rewards, self._losses],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.learner.load(state["learner"])
        if self.config.replay.saved:
            self.replay.load({name: table.numpy() for name, table in state["replay"].items()})
            self.lessons.load({name: table.numpy() for name, table in state["lessons"].items()})
        self.rng.bit_generator.state = json.loads(state["rng"])
        self.best = state["best"].numpy().tobytes()
        self.curve = [CurvePoint(**point) for point in state["curve"]]
        self.visit, self.epochs, self.link_epochs, self.updates = state["counts"]
        self._rewards, self._losses = state["since"]

    def _take_in(self, acted: list[Acted]) -> None:
        """Store what came of some epochs."""
        for one in acted:
            self.link_epochs += one.links
            self._rewards.append(one.reward)
            if one.transitions is not None:
                self.replay.add(one.transitions)

    def _after_epochs(self, epochs: int) -> None:
        self.epochs += epochs
        if self.epochs % self.config.selection.every_epochs == 0:
            self.look()

    def _learn(self, updates: int) -> None:
        part = self.config.replay
        if self.replay.size < part.warm_up:
            return
        beta = part.first_beta + (1 - part.first_beta) * self.progress
        for _ in range(updates):
            sample = self.replay.sample(self.config.learner.batch, beta, self.rng)
            loss, errors = self.learner.update(sample, self.progress)
            self.replay.update(sample.places, errors)
            self._losses.append(loss)
            self.updates += 1


def _tensors(tables: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(table) for name, table in tables.items()}
