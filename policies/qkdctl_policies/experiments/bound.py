"""The most that anybody could have delivered: best settings in hindsight, honest relays alone, any paths, no losses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil_sim.key_relay.transfer import KEY_BITS
from qkdctl.routing.bounds import multicommodity_bound_on_any_path
from qkdctl_policies.experiments.stage import Stage


def bound_keys(stage: Stage, capacity_bits: Sequence[float] | NDArray[np.float64], epochs: int) -> dict[str, float]:
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
    found = bound_keys(stage, stage.capacity_bits, cell.epochs)
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
