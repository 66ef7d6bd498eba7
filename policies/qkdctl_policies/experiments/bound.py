"""The most that anybody could have delivered: best settings in hindsight, honest relays alone, any paths, no losses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import conjugate
from hil_sim.key_relay.transfer import KEY_BITS
from hil_sim.network.foresight import Settings, key_bps
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.routing.bounds import multicommodity_bound_on_any_path
from qkdctl_policies.experiments.stage import Stage

Floats = NDArray[np.float64]

POWERS_E6: Final = (100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000)
"""Mean photon numbers of which each link has the best in each epoch that is looked at."""
EVERY_EPOCHS: Final = 10
"""Channels drift slowly, so not every epoch is looked at."""


def most_key_bps(world: NetworkWorld, epoch: Epoch) -> Floats:
    """Key per second that each link makes in the weather of an epoch with the best settings, shape (links,).

    Perfectly aligned, with the best of `POWERS_E6` and of its protocols; expected counts, no time without light.
    """
    links = world.stack.links
    assert world.channel is not None
    perfect = conjugate(world.channel.rotation)
    best = np.zeros(links.count)
    for number in range(len(PROTOCOLS)):
        able = np.asarray(links.supported[number])
        if not able.any():
            continue
        protocol = np.where(able, number, links.first_protocol).astype(np.int8)
        highest = links.highest_e6[protocol, np.arange(links.count)]
        for power in POWERS_E6:
            settings = Settings(np.minimum(power, highest), protocol, perfect)
            best = np.maximum(best, np.where(able, key_bps(world, epoch, settings), 0.0))
    return best


def bound_keys(stage: Stage, capacity_bits: Sequence[float] | Floats, epochs: int) -> dict[str, float]:
    """Most keys that honest demands can get together, and a split that attains it, by demand.

    Key of one epoch may serve any other, and demands with a Byzantine end take none: both only raise the bound.

    Args:
        stage: of the cell.
        capacity_bits: key that each link makes in all epochs, shape (links,), in the order of the network.
        epochs: in which demands ask.
    """
    honest = [demand for demand in stage.demands if stage.honest(demand)]
    graph = stage.graph(honest_relays=True)
    of_link = dict(zip(stage.network.link_names, capacity_bits, strict=True))
    bound = multicommodity_bound_on_any_path(
        graph,
        [(demand.source, demand.target) for demand in honest],
        [of_link[link.name] / KEY_BITS for link in graph.links],
        [demand.bits // KEY_BITS * epochs for demand in honest],
    )
    return {demand.demand: float(keys) for demand, keys in zip(honest, bound.demand_bits, strict=True)}


def bound_figures(stage: Stage) -> dict[str, Any]:
    """The figures of a row, in the form of `Tally.figures`."""
    cell = stage.cell
    peaceful = replace(stage.network, adversaries=())
    world = NetworkWorld([peaceful], [cell.seed], epoch_s=cell.epoch_s)
    capacity = np.zeros(world.stack.links.count)
    best = np.zeros_like(capacity)
    for number in range(cell.warm_up_epochs + cell.epochs):
        epoch = world.step(world.holding())
        if number % EVERY_EPOCHS == 0:
            best = most_key_bps(world, epoch)
        capacity += np.maximum(best - world.stack.authentication_bps, 0.0) * cell.epoch_s
    found = bound_keys(stage, capacity, cell.epochs)
    return {
        "epochs": cell.epochs,
        "demands": [
            {
                "source": demand.source,
                "target": demand.target,
                "honest": stage.honest(demand),
                "asked": demand.bits // KEY_BITS * cell.epochs,
                "delivered": found.get(demand.demand, 0.0),
                "secure": found.get(demand.demand, 0.0),
            }
            for demand in stage.demands
        ],
    }
