"""The state of a training between two visits to its networks, and how it goes on."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.schema import FEATURES
from qkdctl.policy.vetting import VettedPolicy
from qkdctl_policies.learning.acting import Acted, Acting
from qkdctl_policies.learning.actors import Actors, Round
from qkdctl_policies.learning.claims import claims, scenario_digest
from qkdctl_policies.learning.config import TrainingConfig, TrainingError
from qkdctl_policies.learning.exploration import chances
from qkdctl_policies.learning.export import export
from qkdctl_policies.learning.learner import Learner
from qkdctl_policies.learning.lessons import LessonBook
from qkdctl_policies.learning.rehearsal import rehearse
from qkdctl_policies.learning.replay import Replay
from qkdctl_policies.learning.selection import Selection
from qkdctl_policies.learning.shares import Shares

_MOST_WAITING: Final = 4
"""Files without a score; with more of them the learner waits, or its curve would fall farther and farther behind."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A look at the learner.

    Attributes:
        episodes: so far, the present ones in part.
        link_epochs: epochs of links so far; updates: of the network.
        score: of the exported file on the fixed networks, see `Jury`, as reward per epoch.
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
class _Look:
    """A file whose score is still to come."""

    point: CurvePoint
    data: bytes
    score: Future[float]


OnProgress = Callable[[CurvePoint], None]


class TrainingRun:
    """Learns from visit to visit.

    Args:
        config, seed: of the training.
        shares: which have its networks; they outlive it.
        selection: which scores its files, likewise.
        on_progress: called with every look at the learner, once its file has a score.
        device: where PyTorch learns.

    Attributes:
        learner, replay, lessons: see their classes.
        visit, epochs, link_epochs, updates: so many so far.
        best: the best file.
        curve: all looks whose files have a score.
    """

    def __init__(
        self,
        config: TrainingConfig,
        seed: int,
        shares: Shares,
        selection: Selection,
        on_progress: OnProgress,
        device: str,
    ) -> None:
        self.config, self.seed, self.on_progress = config, seed, on_progress
        self.claims = claims(config, seed)
        self._scenarios = scenario_digest(config)
        self.learner = Learner(config.learner, seed, device)
        self.replay = Replay(config.replay.capacity, len(FEATURES), len(ACTIONS), config.replay.alpha)
        self.lessons = LessonBook(config.replay.capacity, len(FEATURES), len(ACTIONS))
        self._shares, self._selection = shares, selection
        self.rng = np.random.default_rng(seed)
        self.visit = self.epochs = self.link_epochs = self.updates = 0
        self.best = b""
        self.curve: list[CurvePoint] = []
        self._looks: deque[_Look] = deque()
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
        rehearsed = rehearse(self.config, self._shares, batch, visit, values, self.rng, self.hear)
        self.lessons.add(rehearsed.lessons)
        self._rewards.append(rehearsed.reward)
        epochs, part = self.config.environment.epochs, self.config.learner
        updates = part.updates * 2 * (self.visit + 1) / (self.config.visits + 1)
        for epoch in range(epochs):
            for _ in range(int((epoch + 1) * updates) - int(epoch * updates)):
                lessons = self.lessons.sample(part.batch, self.rng)
                self._note(self.learner.learn_gains(lessons, self.config.foresight.tolerance, (epoch + 1) / epochs))
            self.link_epochs += rehearsed.links
            self._after_epochs(1)

    def look(self) -> None:
        """Export the network as it is and hand the file in; it is kept if its score is the best.

        Raises:
            TrainingError: when no file can hold the weights any more, or from whoever gives the scores.
        """
        point = CurvePoint(
            episodes=self.epochs * self.config.networks_at_once / self.config.environment.epochs,
            link_epochs=self.link_epochs,
            updates=self.updates,
            score=np.nan,
            best=np.nan,
            reward=float(np.mean(self._rewards)) if self._rewards else 0.0,
            loss=float(np.mean(self._losses)) if self._losses else 0.0,
            chance=self._chance(),
        )
        self._rewards, self._losses = [], []
        self._hand_in(point, self._exported().data)
        self.hear(_MOST_WAITING)

    def look_at_last(self) -> None:
        """Look at what was learned since the last look, if anything: what is never looked at cannot be the best.

        Raises:
            TrainingError: as `look`.
        """
        last = self._looks[-1].point if self._looks else self.curve[-1]
        if last.updates < self.updates:
            self.look()

    def hear(self, waiting: int | None = None) -> None:
        """Take in the scores that have come; when none is due it is time to play the references.

        Args:
            waiting: more files than these may not be without a score afterwards; any number if None.

        Raises:
            TrainingError: from whoever gives the scores.
        """
        while self._looks and (self._looks[0].score.done() or (waiting is not None and len(self._looks) > waiting)):
            look = self._looks.popleft()
            score = look.score.result()
            best = max((point.score for point in self.curve), default=-np.inf)
            if score > best:
                self.best = look.data
            point = replace(look.point, score=score, best=max(score, best))
            self.curve.append(point)
            self.on_progress(point)
        if not self._looks:
            references = self._selection.references()
            if references.done():
                references.result()

    def check_scenarios(self) -> None:
        """See to it that all was learned from what the file claims.

        Raises:
            TrainingError: when a scenario file is another one than at the beginning.
            OSError: when it cannot be read any more.
        """
        if scenario_digest(self.config) != self._scenarios:
            raise TrainingError(
                "a scenario file was changed while the training learned from it; begin again elsewhere, or restore it "
                "and go on with --resume"
            )

    def state(self) -> dict[str, Any]:
        """Everything that the next visit depends on, and files without a score; only between visits."""
        saved = self.config.replay.saved
        return {
            "learner": self.learner.state(),
            "replay": _tensors(self.replay.state()) if saved else {},
            "lessons": _tensors(self.lessons.state()) if saved else {},
            "rng": json.dumps(self.rng.bit_generator.state),
            "best": _bytes(self.best),
            "curve": [asdict(point) for point in self.curve],
            "looks": [[asdict(look.point), _bytes(look.data)] for look in self._looks],
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
        for point, data in state["looks"]:
            self._hand_in(CurvePoint(**point), data.numpy().tobytes())
        self.hear()

    def _hand_in(self, point: CurvePoint, data: bytes) -> None:
        self._looks.append(_Look(point, data, self._selection.score(data)))

    def _exported(self) -> VettedPolicy:
        try:
            return export(self.learner.network, self.claims).vetted
        except PolicyRejected as error:
            raise self._diverges(f"no file can hold the weights ({error})") from None

    def _note(self, loss: float) -> None:
        """Take down the loss of an update."""
        self.updates += 1
        if not np.isfinite(loss):
            raise self._diverges("the loss is no number")
        self._losses.append(loss)

    def _diverges(self, what: str) -> TrainingError:
        return TrainingError(
            f"after {self.updates} updates {what}: the training diverges; begin again with a lower [learner] "
            f"learning_rate than {self.config.learner.learning_rate:g}, or a lower reward_scale"
        )

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
        self.hear()

    def _learn(self, updates: int) -> None:
        part = self.config.replay
        if self.replay.size < part.warm_up:
            return
        beta = part.first_beta + (1 - part.first_beta) * self.progress
        for _ in range(updates):
            sample = self.replay.sample(self.config.learner.batch, beta, self.rng)
            loss, errors = self.learner.update(sample, self.progress)
            self._note(loss)
            self.replay.update(sample.places, errors)


def _tensors(tables: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(table) for name, table in tables.items()}


def _bytes(data: bytes) -> torch.Tensor:
    return torch.from_numpy(np.array(bytearray(data), dtype=np.uint8))
