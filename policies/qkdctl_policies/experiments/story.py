"""One cell from beginning to end: the world, the keys, the nodes that lie, and whoever is in control."""

from typing import Any

import numpy as np

from hil_sim.network.world import NetworkWorld
from qkdctl_policies.experiments.agreed_control import AgreedControl
from qkdctl_policies.experiments.arms import ARMS, BOUND, Arm
from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.believing_control import BelievingControl
from qkdctl_policies.experiments.bound import bound_figures
from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.control import Control, Seen, Steering
from qkdctl_policies.experiments.fixed_control import FixedControl
from qkdctl_policies.experiments.key_blocks import KeyBlocks
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
        "load": cell.load,
        "load_bps": stage.demands[0].bits / cell.epoch_s,
        "byzantine": cell.byzantine,
        "attack": cell.attack,
        "arm": cell.arm,
        "nodes": len(stage.members),
        "links": len(stage.network.link_names),
        "graph": stage.graph_digest,
        "connectivity": stage.connectivity,
        "loss_db": round(float(stage.network.links.nominal_loss_db.mean()), 6),
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
        self.tally = Tally(stage)
        given, self._pieces = stage.in_pieces(arm.pieces), arm.pieces
        router = ATTACKS[cell.attack].router
        conduct = dict.fromkeys(stage.byzantine, router)
        self._relaying = KeyRelaying(stage.network, given.demands, conduct, epoch_s=cell.epoch_s, seed=cell.seed)
        self._blocks = KeyBlocks(self.world)
        self._control = _control(given, arm, self.world)
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
        before = world.buffers.available()
        epoch = world.step(steering.commands, steering.trust)
        ended = self._blocks.after(epoch)
        # no more than the stores took in: what a full one has lost is not to be thrown away again
        fresh = np.maximum(world.buffers.available() - before, 0)
        world.buffers.use(np.where(ended.refused, np.minimum(epoch.key.proven_bits, fresh), 0))
        relayed = self._relaying.run(steering.routes, world.buffers.available(), attacked=counts)
        world.buffers.use(relayed.used_bits)
        views = self._relaying.views(steering.cases)
        self._steering = self._control.decide(Seen(world, epoch, ended.refused, relayed.tallies, views))
        if counts:
            self.tally.note(
                epoch, ended, relayed.of_whole(self._pieces), world.operation.protocol, self._steering.excluded
            )


def _control(stage: Stage, arm: Arm, world: NetworkWorld) -> Control:
    if arm.routing == "hops":
        return FixedControl(stage, arm, world)
    policy = policy_of(arm, stage.cell.policy)
    if arm.agreed:
        return AgreedControl(stage, policy, world)
    return BelievingControl(stage, policy, world, heeds_losses=arm.heeds_losses)
