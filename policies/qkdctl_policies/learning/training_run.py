"""The state of a training between two visits to its networks, and how it goes on."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES
from qkdctl_policies.learning.acting import Acted, Acting
from qkdctl_policies.learning.actors import Actors, Round
from qkdctl_policies.learning.claims import claims
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.exploration import chances
from qkdctl_policies.learning.export import export
from qkdctl_policies.learning.learner import Learner
from qkdctl_policies.learning.lessons import LessonBook
from qkdctl_policies.learning.rehearsal import rehearse
from qkdctl_policies.learning.replay import Replay
from qkdctl_policies.learning.selection import Selection
from qkdctl_policies.learning.shares import Shares


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


OnProgress = Callable[[CurvePoint], None]


class TrainingRun:
    """Learns from visit to visit.

    Args:
        config, seed: of the training.
        shares: which have its networks; they outlive it.
        on_progress: called with every look at the learner.
        device: where PyTorch learns.

    Attributes:
        learner, replay, lessons, selection: see their classes.
        visit, epochs, link_epochs, updates: so many so far.
        best: the best file.
        curve: all looks.
    """

    def __init__(self, config: TrainingConfig, seed: int, shares: Shares, on_progress: OnProgress, device: str) -> None:
        self.config, self.seed, self.on_progress = config, seed, on_progress
        self.claims = claims(config, seed)
        self.learner = Learner(config.learner, seed, device)
        self.replay = Replay(config.replay.capacity, len(FEATURES), len(ACTIONS), config.replay.alpha)
        self.lessons = LessonBook(config.replay.capacity, len(FEATURES), len(ACTIONS))
        self.selection = Selection(shares)
        self._shares = shares
        self.rng = np.random.default_rng(seed)
        self.visit = self.epochs = self.link_epochs = self.updates = 0
        self.best = b""
        self.curve: list[CurvePoint] = []
        self._acting: tuple[int, Acting] | None = None
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
        values = self.learner.network.values if self.visit else None
        rehearsed = rehearse(self.config, self._shares, batch, visit, values, self.rng)
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
        score = self.selection.score(exported.data)
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
            chance=self._chance(),
        )
        self._rewards, self._losses = [], []
        self.curve.append(point)
        self.on_progress(point)

    def look_at_last(self) -> None:
        """Look at what was learned since the last look, if anything: what is never looked at cannot be the best."""
        if self.curve[-1].updates < self.updates:
            self.look()

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

    def _chance(self) -> float:
        part = self.config.foresight
        if part.horizon:
            return part.explored / 2
        return float(chances(self.config.exploration, self.progress, self.config.environment.networks).mean())

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
