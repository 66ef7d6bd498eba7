"""Learning from simulated networks: a function of its configuration and its seed."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from qkdctl.policy.vetting import VettedPolicy, vet
from qkdctl_policies.learning import checkpoint
from qkdctl_policies.learning.actors import Actors
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.scenarios import network
from qkdctl_policies.learning.selection import Selection
from qkdctl_policies.learning.shares import Shares
from qkdctl_policies.learning.training_run import CurvePoint, OnProgress, TrainingRun


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


def train(
    config: TrainingConfig,
    seed: int,
    on_progress: OnProgress = lambda _: None,
    *,
    checkpoint_file: Path | None = None,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
) -> Trained:
    """Train a policy.

    Args:
        config: all settings.
        seed: of everything random. The same seed gives the same file with the same versions on the same kind of
            processor; on a graphics processor it may give another one each time.
        on_progress: called with every look at the learner, once it has a score.
        checkpoint_file: written after every visit to the networks. An interruption loses the episodes it falls into and
            nothing else: going on repeats them, to the same bits where the rows for learning are saved.
        resume: go on from that file, which must be given then.
        device: where PyTorch learns, such as `cuda`; networks are always played on processors.
        processes: between which the networks of rehearsals are shared out, besides those of `[actors]`; from two on
            another one plays those to choose by. The file is the same with any number.

    Raises:
        TrainingError: when the checkpoint is damaged or belongs to another training, a process that plays networks has
            ended, a scenario file was changed meanwhile, or the weights grow beyond all bounds.
        ScenarioError: for a scenario file with mistakes.
        OSError: when a file cannot be read or written.
    """
    for name in config.environment.scenarios:
        network(name, seed, config.environment.sites)  # mistakes are told here, not by the process that stumbles on one
    with ExitStack() as stack:
        selection = stack.enter_context(Selection(config, beside=processes > 1))
        shares = stack.enter_context(Shares(config, seed, processes))
        run = TrainingRun(config, seed, shares, selection, on_progress, device)
        if resume:
            assert checkpoint_file is not None, "a training goes on from a checkpoint"
            selection.give_way()
            run.load(checkpoint.load(checkpoint_file, run.claims, seed))
        else:
            # an early first score shows that all is well; the others have time while the learner learns
            run.look()
            selection.give_way()
        play = run.learn_with_foresight if config.foresight.horizon else run.learn_in_turn
        if config.actors.processes and run.visit < config.visits:
            actors = stack.enter_context(Actors(config, seed))
            play = lambda: run.learn_beside(actors)  # noqa: E731 - names what one visit is

        def save() -> None:
            run.check_scenarios()
            if checkpoint_file is not None:
                checkpoint.save(checkpoint_file, run.claims, seed, run.state())

        while run.visit < config.visits:
            play()
            run.visit += 1
            if run.visit == config.visits:
                run.look_at_last()
            save()
        run.hear(0)
        save()
        return Trained(vet(run.best), tuple(run.curve), selection.references().result())
