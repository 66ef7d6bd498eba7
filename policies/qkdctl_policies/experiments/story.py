"""One cell from beginning to end: the world, the keys, the nodes that lie, and whoever is in control."""

from typing import Any

from hil_sim.network.world import NetworkWorld
from qkdctl_policies.experiments.agreed_control import AgreedControl
from qkdctl_policies.experiments.arms import ARMS, BOUND, Arm
from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.believing_control import BelievingControl
from qkdctl_policies.experiments.bound import bound_figures
from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.control import Control, Seen, Steering
from qkdctl_policies.experiments.fixed_control import FixedControl
from qkdctl_policies.experiments.key_relaying import KeyRelaying
from qkdctl_policies.experiments.policies import policy_of
from qkdctl_policies.experiments.stage import Stage
from qkdctl_policies.experiments.tally import Tally

Row = dict[str, Any]


def row_of(cell: Cell) -> Row:
    """Run a cell; the same cell gives the same row, bit for bit.

    Raises:
        ScenarioError: for a network that cannot be built.
        PolicyRejected: for a policy that is no good.
        OSError: for a policy that cannot be read.
    """
    if cell.arm == BOUND:
        stage = Stage.of(cell)
        figures = bound_figures(stage)
    else:
        arm = ARMS[cell.arm]
        stage = Stage.of(cell, arm.colluding, arm.failing)
        figures = Story(stage, arm).run()
    return {
        "configuration": cell.configuration,
        "seed": cell.seed,
        "network": cell.network,
        "load_bps": cell.load_bps,
        "byzantine": cell.byzantine,
        "attack": cell.attack,
        "arm": cell.arm,
        "nodes": len(stage.members),
        "links": len(stage.network.link_names),
        "byzantine_nodes": list(stage.byzantine),
        **figures,
    }


class Story:
    """A network under one arm.

    Attributes:
        world: the truth.
        tally: of the epochs after the warm-up.
    """

    def __init__(self, stage: Stage, arm: Arm) -> None:
        cell = stage.cell
        self._stage = stage
        self.world = stage.world()
        self.tally = Tally(stage, self.world)
        router = ATTACKS[cell.attack].router
        conduct = dict.fromkeys(stage.byzantine, router)
        self._relaying = KeyRelaying(stage.network, stage.demands, conduct, epoch_s=cell.epoch_s, seed=cell.seed)
        self._control = _control(stage, arm, self.world)
        self._steering = Steering(self.world.holding(), ())

    def run(self) -> Row:
        """All epochs; what was counted."""
        cell = self._stage.cell
        for number in range(cell.warm_up_epochs + cell.epochs):
            self.step(counts=number >= cell.warm_up_epochs)
        return self.tally.figures()

    def step(self, *, counts: bool) -> None:
        """One epoch; Byzantine nodes strike in those that count."""
        world, steering = self.world, self._steering
        epoch = world.step(steering.commands, steering.trust)
        relayed = self._relaying.run(steering.routes, world.buffers.available(), attacked=counts)
        world.buffers.use(relayed.used_bits)
        views = self._relaying.views(steering.cases)
        self._steering = self._control.decide(Seen(world, epoch, relayed.tallies, views))
        if counts:
            self.tally.note(epoch, relayed, world.operation.protocol, self._steering.excluded)
        else:
            self.tally.note_block(epoch, world.operation.protocol, counts=False)


def _control(stage: Stage, arm: Arm, world: NetworkWorld) -> Control:
    if arm.routing == "hops":
        return FixedControl(stage, arm, world)
    policy = policy_of(arm, stage.cell.policy)
    if arm.agreed:
        return AgreedControl(stage, policy, world)
    return BelievingControl(stage, policy, world, heeds_losses=arm.heeds_losses)
