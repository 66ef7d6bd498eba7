"""What a way to control a network sees of an epoch, and what it says of the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.network import Network
from hil_sim.network.operation import Commands
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.records.path_tally import PathTally
from qkdctl.records.plan import Plan
from qkdctl.records.relay import RelayView
from qkdctl.records.relay_audits import KeyCase
from qkdctl.records.report import NodeReport
from qkdctl.records.route import RoutePlan

_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(PROTOCOLS)}


@dataclass(frozen=True, slots=True)
class Seen:
    """One epoch, as far as anybody may know it.

    Attributes:
        world: for settings; a control must not look at the truth in it.
        epoch: for reports.
        refused: links whose key was thrown away for its errors, shape (links,).
        tallies, views: of relayed keys, by node.
    """

    world: NetworkWorld
    epoch: Epoch
    refused: NDArray[np.bool_]
    tallies: Mapping[str, tuple[PathTally, ...]]
    views: Mapping[str, tuple[RelayView, ...]]

    def loss_reports(self) -> list[NodeReport]:
        """What nodes say of the paths that end at them, and nothing besides."""
        return [
            NodeReport(
                node=node,
                epoch=self.epoch.number,
                wall_ms=0,
                policy="none",
                devices=(),
                ends=(),
                late=(),
                accusations=(),
                tallies=tallies,
            )
            for node, tallies in sorted(self.tallies.items())
        ]


@dataclass(frozen=True, slots=True)
class Steering:
    """What is to happen in the next epoch.

    Attributes:
        commands: for the links.
        routes: for the demands.
        cases: keys to be opened.
        trust: in each node of the network, in [0, 1], where adversaries may know it.
        excluded: nodes that no key shall be relayed over.
    """

    commands: Commands
    routes: tuple[RoutePlan, ...]
    cases: tuple[KeyCase, ...] = ()
    trust: NDArray[np.float64] | None = None
    excluded: frozenset[str] = field(default_factory=frozenset)


class Control(Protocol):
    """Turns each epoch into what is to happen in the next."""

    def decide(self, seen: Seen) -> Steering:
        """Asked once per epoch, in order."""


def commands_of(plan: Plan, world: NetworkWorld, network: Network) -> Commands:
    """What a plan commands; links without an entry hold."""
    commands = world.holding()
    places = {name: number for number, name in enumerate(network.link_names)}
    for entry in plan.links:
        place = places[entry.link]
        commands.mean_photon_number_e6[place] = entry.mean_photon_number_e6
        commands.protocol[place] = _NUMBERS[entry.protocol]
        commands.realign[place] = bool(entry.realign)
    return commands
