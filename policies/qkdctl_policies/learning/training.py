"""Learning from simulated networks: a function of its configuration and its seed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES
from qkdctl.policy.vetting import VettedPolicy, vet
from qkdctl_policies.environment.network_env import NetworkEnv, Observation
from qkdctl_policies.learning import checkpoint
from qkdctl_policies.learning.batches import LearningBatch, learning_batch
from qkdctl_policies.learning.claims import claims
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.contenders import FileContender
from qkdctl_policies.learning.exploration import best_legal, chances, explore
from qkdctl_policies.learning.export import export
from qkdctl_policies.learning.learner import Learner
from qkdctl_policies.learning.n_step import NStep
from qkdctl_policies.learning.play import first_routes, link_inputs, of_networks
from qkdctl_policies.learning.replay import Replay, Transitions
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
) -> Trained:
    """Train a policy.

    Args:
        config: all settings.
        seed: of everything random. The same seed gives the same file with the same versions on the same kind of
            processor.
        on_progress: called with every look at the learner.
        checkpoint_file: written before the first and after every batch of networks. An interruption loses the batch it
            falls into and nothing else: going on repeats it, to the same bits.
        resume: go on from that file, which must be given then.

    Raises:
        TrainingError: when the checkpoint belongs to another training.
        OSError: when it cannot be read or written.
    """
    run = _Run(config, seed, on_progress)
    if resume:
        assert checkpoint_file is not None, "a training goes on from a checkpoint"
        run.load(checkpoint.load(checkpoint_file, config, seed))
    else:
        run.look()
    while True:
        if checkpoint_file is not None:
            checkpoint.save(checkpoint_file, config, seed, run.state())
        if run.batch == config.batches:
            break
        run.learn_from_a_batch()
    return Trained(vet(run.best), tuple(run.curve), run.selection.references())


class _Run:
    """The state of a training between two batches, and how it goes on."""

    def __init__(self, config: TrainingConfig, seed: int, on_progress: OnProgress) -> None:
        self.config, self.seed, self.on_progress = config, seed, on_progress
        self.claims = claims(config, seed)
        self.learner = Learner(config.learner, seed)
        self.replay = Replay(config.replay.capacity, len(FEATURES), len(ACTIONS), config.replay.alpha)
        self.selection = Selection(config)
        self.rng = np.random.default_rng(seed)
        self.batch = self.epochs = self.link_epochs = self.updates = 0
        self.best = b""
        self.curve: list[CurvePoint] = []
        self._rewards: list[float] = []
        self._losses: list[float] = []

    @property
    def progress(self) -> float:
        """Share of the training that is over."""
        return self.epochs / (self.config.batches * self.config.environment.epochs)

    def learn_from_a_batch(self) -> None:
        """One episode of each of its networks, learning all the while."""
        batch = learning_batch(self.config, self.seed, self.batch)
        observation, _ = batch.env.reset(seed=batch.seeds)
        past = NStep(self.config.learner.n_step, self.config.learner.gamma)
        epochs = self.config.environment.epochs
        for epoch in range(1, epochs + 1):
            observation, complete = self._act(batch, observation, past, last=epoch == epochs)
            if complete is not None:
                self.replay.add(complete)
            self._learn()
            self.epochs += 1
            if self.epochs % self.config.selection.every_epochs == 0:
                self.look()
        self.batch += 1

    def look(self) -> None:
        """Export the network as it is, score the file, and keep it if it is the best."""
        exported = export(self.learner.network, self.claims).vetted
        score = self.selection.score(FileContender(exported))
        best = max((point.score for point in self.curve), default=-np.inf)
        if score > best:
            self.best = exported.data
        part = self.config.environment
        point = CurvePoint(
            episodes=self.epochs * part.networks / part.epochs,
            link_epochs=self.link_epochs,
            updates=self.updates,
            score=score,
            best=max(score, best),
            reward=float(np.mean(self._rewards)) if self._rewards else 0.0,
            loss=float(np.mean(self._losses)) if self._losses else 0.0,
            chance=float(chances(self.config.exploration, self.progress, part.networks).mean()),
        )
        self._rewards, self._losses = [], []
        self.curve.append(point)
        self.on_progress(point)

    def state(self) -> dict[str, Any]:
        """Everything that the next batch depends on; only between batches, and when the last look was just taken."""
        return {
            "learner": self.learner.state(),
            "replay": {name: torch.from_numpy(table) for name, table in self.replay.state().items()},
            "rng": json.dumps(self.rng.bit_generator.state),
            "best": torch.frombuffer(bytearray(self.best), dtype=torch.uint8),
            "curve": [asdict(point) for point in self.curve],
            "counts": [self.batch, self.epochs, self.link_epochs, self.updates],
            "since": [self._rewards, self._losses],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.learner.load(state["learner"])
        self.replay.load({name: table.numpy() for name, table in state["replay"].items()})
        self.rng.bit_generator.state = json.loads(state["rng"])
        self.best = state["best"].numpy().tobytes()
        self.curve = [CurvePoint(**point) for point in state["curve"]]
        self.batch, self.epochs, self.link_epochs, self.updates = state["counts"]
        self._rewards, self._losses = state["since"]

    def _act(
        self, batch: LearningBatch, observation: Observation, past: NStep, *, last: bool
    ) -> tuple[Observation, Transitions | None]:
        env = batch.env
        rows, legal = _inputs(env, observation)
        chance = chances(self.config.exploration, self.progress, env.num_envs)[env.world.stack.network_of_link]
        best = best_legal(self.learner.values(rows), legal)
        chosen = explore(best, legal, chance, self.config.exploration.hold, self.rng)
        observation, reward, _, _, infos = env.step(first_routes(env, chosen))
        self.link_epochs += chosen.size
        paid = self._link_rewards(batch, reward, infos)
        after = infos["final_obs"] if last else observation
        return observation, past.push(rows, chosen, paid, _inputs(env, after), last=last)

    def _link_rewards(
        self, batch: LearningBatch, reward: NDArray[np.float64], infos: dict[str, Any]
    ) -> NDArray[np.float32]:
        """What each link is taught: its own share of the reward, its key, and the service of its network."""
        env = batch.env
        own = env.rows(infos["link_reward"])
        served = (reward - of_networks(env, own))[env.world.stack.network_of_link]
        key = env.rows(infos["key_bits"]) / (batch.reference_bps * env.settings.epoch_s)
        total = own + served + self.config.reward.key * key
        self._rewards.append(float(total.mean()))
        return (self.config.learner.reward_scale * total).astype(np.float32)

    def _learn(self) -> None:
        part = self.config.replay
        if self.replay.size < part.warm_up:
            return
        beta = part.first_beta + (1 - part.first_beta) * self.progress
        for _ in range(self.config.learner.updates):
            sample = self.replay.sample(self.config.learner.batch, beta, self.rng)
            loss, errors = self.learner.update(sample, self.progress)
            self.replay.update(sample.places, errors)
            self._losses.append(loss)
            self.updates += 1


def _inputs(env: NetworkEnv, observation: Observation) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    rows, legal = link_inputs(env, observation)
    return rows.astype(np.float32), legal
