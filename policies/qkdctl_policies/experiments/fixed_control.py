"""Control without agreement and without a policy: settings held or re-aligned, and paths by their number of hops."""

from typing import Final

import numpy as np

from hil_sim.network.operation import Commands
from hil_sim.network.run.field_control import PATIENCE_S, FieldPractice, Hold
from hil_sim.network.run.field_control import Control as SettingsControl
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.evidence.path_losses import lossy_paths
from qkdctl.records.relay import MOST_NODES
from qkdctl.records.route import RouteDemand, RoutePath, RoutePlan
from qkdctl.routing.shortest import KShortest
from qkdctl.routing.topology import Topology
from qkdctl_policies.experiments.arms import Arm
from qkdctl_policies.experiments.control import Seen, Steering
from qkdctl_policies.experiments.stage import Stage

CANDIDATES: Final = 50
"""Paths to turn to, the fewest hops first."""
ABOVE: Final = 2.0
"""Times the error of a perfectly aligned link; more errors than that cost a tenth of the key and more."""
TUNED_PATIENCE_S: Final = 120.0
"""Time for an alignment and for five estimates after it."""
_LEAST_LIMIT: Final = 0.005
REST_EPOCHS: Final = 50
"""So long relays of a path that lost keys are avoided, as an epoch with losses counts in the agreed suspicion."""


class FixedControl:
    """Operators who believe what they are told.

    Args:
        stage: of the cell.
        arm: with settings `hold`, `field` or `periodic`, and routing `hops`.
        world: to control.
    """

    def __init__(self, stage: Stage, arm: Arm, world: NetworkWorld) -> None:
        self._settings = _settings(arm, world)
        candidates = CANDIDATES if arm.heeds_losses else 1
        self._routes = [HopRoute(demand, stage.graph(), candidates) for demand in stage.demands]

    def decide(self, seen: Seen) -> Steering:
        """Settings by reported error rates, paths by lost keys."""
        now = [route.plan for route in self._routes if route.plan is not None]
        lossy = {demand for demand, _, _ in lossy_paths(seen.loss_reports(), now)}
        plans = []
        for route in self._routes:
            plan = route.after(seen.epoch.number, lossy=route.demand.demand in lossy)
            if plan is not None:
                plans.append(plan)
        return Steering(self._settings.commands(seen.world, seen.epoch), tuple(plans))


class Periodic:
    """Links are re-aligned by the clock, spread evenly over the period.

    Args:
        every_epochs: between two re-alignments of a link.
    """

    def __init__(self, every_epochs: int) -> None:
        self._every_epochs = every_epochs

    def commands(self, world: NetworkWorld, last: Epoch | None) -> Commands:
        """Settings stay; each link is re-aligned in its turn."""
        commands = world.holding()
        links = world.stack.links
        place = np.arange(links.count) * self._every_epochs // links.count
        epoch = 0 if last is None else last.number
        realign = links.can_realign & ((epoch - place) % self._every_epochs == 0)
        return Commands(commands.mean_photon_number_e6, commands.protocol, realign, commands.route)


class Tuned:
    """Operators who know their hardware: links are re-aligned above a limit of their own, and every ten minutes.

    Args:
        world: to control.
    """

    def __init__(self, world: NetworkWorld) -> None:
        limit = np.maximum(ABOVE * world.stack.links.intrinsic_error, _LEAST_LIMIT)
        self._above = FieldPractice(world, limit, patience_s=TUNED_PATIENCE_S)
        self._clock = Periodic(max(1, round(PATIENCE_S / world.epoch_s)))

    def commands(self, world: NetworkWorld, last: Epoch | None) -> Commands:
        """What either would re-align."""
        above, clock = self._above.commands(world, last), self._clock.commands(world, last)
        return Commands(above.mean_photon_number_e6, above.protocol, above.realign | clock.realign, above.route)


def _settings(arm: Arm, world: NetworkWorld) -> SettingsControl:
    if arm.settings == "periodic":
        return Periodic(arm.every_epochs)
    if arm.settings == "tuned":
        return Tuned(world)
    return FieldPractice(world) if arm.settings == "field" else Hold()


class HopRoute:
    """The path of one demand: it stays until it loses keys; then comes the one with the fewest relays under suspicion.

    Attributes:
        demand: whose.
        plan: in force; None before the first epoch, and where there is no path.
    """

    def __init__(self, demand: RouteDemand, graph: Topology, candidates: int) -> None:
        self.demand = demand
        self.plan: RoutePlan | None = None
        found = KShortest(graph).paths(demand.source, demand.target, candidates)
        self._paths = [RoutePath(nodes=path.nodes, links=path.links) for path in found if len(path.nodes) <= MOST_NODES]
        self._avoided_until: dict[str, int] = {}

    def after(self, epoch: int, *, lossy: bool) -> RoutePlan | None:
        """The plan for the next epoch, after one in which the path lost keys or did not."""
        if not self._paths or (self.plan is not None and not lossy):
            return self.plan
        if self.plan is not None:
            self._avoided_until |= dict.fromkeys(self.plan.paths[0].relays, epoch + REST_EPOCHS)
        # of equals the first, which has the fewest hops
        best = min(self._paths, key=lambda path: sum(self._avoided_until.get(node, 0) > epoch for node in path.relays))
        if self.plan is None or best != self.plan.paths[0]:
            self.plan = RoutePlan(
                demand=self.demand.demand,
                since=epoch,
                challenged=0,
                distrusted=(),
                bits=self.demand.bits,
                threshold=1,
                paths=(best,),
            )
        return self.plan
