"""The sections of a training's configuration."""

from typing import Annotated, Final

from pydantic import Field

from hil_sim.world.parameters import Fraction, NonNegative, Parameters, Positive
from qkdctl_policies.learning.scenarios import TO_LEARN_FROM

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Scenarios = Annotated[tuple[str, ...], Field(min_length=1)]
FIRST_SELECTION_SEED: Final = 1_000_000
"""Networks of lower seeds are learned from."""
FINAL_SEED: Final = 2_000_000
"""First seed of the networks for final scores; neither learned from nor used to choose."""
Discount = Annotated[float, Field(ge=0, lt=1)]


class EnvironmentSection(Parameters):
    """`[environment]`: what the learner lives in.

    Attributes:
        scenarios: names, or files ending in .toml that lie beside this one, dealt out in turn to the networks of a
            batch.
        sites: of every mesh that is learned from, instead of the scenario's own number; two make one link. The best is
            chosen on networks of the usual size all the same.
        networks: networks side by side, in each of the processes of `[actors]`; each batch has new ones.
        visits: episodes of each network, one after the other, in new weather. Building one takes as long as some
            hundred epochs of it.
        epochs: length of an episode.
        epoch_s: length of an epoch; of several, each batch takes the next one, and the best is chosen at the first.
    """

    scenarios: Scenarios = tuple(TO_LEARN_FROM)
    sites: Annotated[int, Field(ge=2, le=1000)] | None = None
    networks: Count = 64
    visits: Count = 1
    epochs: Count = 200
    epoch_s: Annotated[tuple[Annotated[float, Field(ge=1e-3, le=86_400)], ...], Field(min_length=1)] = (10.0,)


class ActorsSection(Parameters):
    """`[actors]`: processes in which networks play while the policy learns from what they have just done.

    Attributes:
        processes: so many groups of networks at once, each with a core of its own; 0 plays and learns in turn. Another
            number is another training.
        epochs: from one state of the policy to the next.
        kept: share of what happens that is stored for learning, the rest is left out at random. Without processes
            neither this nor `epochs` means anything.
    """

    processes: Annotated[int, Field(ge=0, le=1024)] = 0
    epochs: Count = 5
    kept: Annotated[float, Field(gt=0, le=1)] = 1.0


class RewardSection(Parameters):
    """`[reward]`: what the learner is taught, per link and epoch.

    The environment pays for the logarithm of the key of an epoch. Where a block takes several epochs that pays for many
    blocks instead of much key, so the learner is paid by the bit.

    Attributes:
        key: key made, as a share of what the same link makes under ideal control.
        least_ideal: the ideal of a link is at least this share of the median of its network. For networks that are
            visited again: a link that makes next to nothing in the weather in which the ideal was found may make a
            thousand times that in another.
        service: of the demands of its network; the same for all its links.
        qber, shortfall, switch, move, intervention: costs, see `RewardWeights`.
    """

    key: NonNegative = 1.0
    least_ideal: Fraction = 0.0
    service: NonNegative = 0.2
    qber: NonNegative = 0.05
    shortfall: NonNegative = 0.1
    switch: NonNegative = 0.05
    move: NonNegative = 0.02
    intervention: NonNegative = 0.05


class ForesightSection(Parameters):
    """`[foresight]`: learning from what every action would have been worth (`qkdctl_policies.learning.foresight`).

    With it nothing is bootstrapped: of `[learner]` gamma, widths, learning rate, batch and updates count, of `[replay]`
    capacity and saved, of `[exploration]` hold. Updates come after each episode, the more the more episodes there were,
    and each time the learning rate runs down to its final share.

    Attributes:
        horizon: epochs looked ahead; 0 learns by temporal differences.
        tolerance: errors up to here count by their square, larger ones by their size (Huber).
        explored: highest chance of a random action; each link and epoch has its own below.
        idle: share of links that act only now and then; drifting: of those that never re-align.
    """

    horizon: Annotated[int, Field(ge=0, le=10_000)] = 0
    tolerance: Positive = 0.02
    explored: Fraction = 0.12
    idle: Fraction = 0.5
    drifting: Fraction = 0.25


class LearnerSection(Parameters):
    """`[learner]`: double dueling DQN. The defaults are the usual settings of the literature.

    Attributes:
        hidden: widths of the hidden layers; together they may not make more weights than nodes take.
        gamma: discount per epoch.
        n_step: epochs of a return before the value of what follows counts.
        learning_rate: of Adam.
        final_learning_rate: share of it that is left at the end, along a straight line.
        batch: rows per update; updates: for each epoch that all networks play.
        target_rate: share of the network that its target takes on with each update.
        gradient_norm: longest gradient.
        reward_scale: factor between reward and what is learned.
    """

    hidden: Annotated[tuple[Count, ...], Field(min_length=1, max_length=32)] = (128, 128)
    gamma: Discount = 0.99
    n_step: Count = 3
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    final_learning_rate: Fraction = 1.0
    batch: Count = 512
    updates: Count = 4
    target_rate: Annotated[float, Field(gt=0, le=1)] = 0.005
    gradient_norm: Positive = 10.0
    reward_scale: Positive = 0.1


class ReplaySection(Parameters):
    """`[replay]`: prioritised replay.

    Attributes:
        capacity: rows kept; a row is one link over n epochs, some 0.5 kB.
        warm_up: rows before the first update.
        alpha: how much errors count in sampling.
        first_beta: how much of the bias is corrected at the beginning; all of it at the end.
        saved: whether checkpoints hold the rows. Without, they are small, and a training that was interrupted first
            gathers new rows, so it goes on to another result.
    """

    capacity: Count = 200_000
    warm_up: Count = 20_000
    alpha: Fraction = 0.6
    first_beta: Fraction = 0.4
    saved: bool = True


class ExplorationSection(Parameters):
    """`[exploration]`: how often a link does something at random.

    Attributes:
        first, last: chance at the beginning and from `share` of the training on.
        share: of the episodes over which it falls along a straight line.
        ladder: the chance of network i of n is the power 1 + ladder i / (n - 1) of this, so that some explore little.
        hold: how many times as likely hold is as another action.
    """

    first: Fraction = 1.0
    last: Fraction = 0.05
    share: Annotated[float, Field(gt=0, le=1)] = 0.4
    ladder: NonNegative = 3.0
    hold: Positive = 4.0


class SelectionSection(Parameters):
    """`[selection]`: the fixed networks on which the best state of the learner is chosen; never learned from.

    Attributes:
        seed: the first of these networks' seeds; those below a million are learned from, those from two on are for the
            final score.
        networks: per scenario.
        every_epochs: epochs of all networks between two looks.
    """

    seed: Annotated[int, Field(ge=FIRST_SELECTION_SEED, lt=FINAL_SEED)] = FIRST_SELECTION_SEED
    networks: Annotated[int, Field(ge=1, le=1000)] = 3
    every_epochs: Count = 50
