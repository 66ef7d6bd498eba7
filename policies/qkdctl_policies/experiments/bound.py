"""The most that anybody could have delivered: best settings in hindsight, honest relays alone, any paths, no losses.

But for one thing: the warm-up is taken as a whole, as if key could serve an earlier epoch of it.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.key_relay.transfer import KEY_BITS
from qkdctl.records.route import RouteDemand
from qkdctl.routing.bounds import Sharing, bound_after
from qkdctl.routing.topology import Topology
from qkdctl_policies.experiments.stage import Stage

_WITHOUT_ROUTES: Final = 1
"""Epochs at the beginning in which nobody can have decided on a route."""


def bound_keys(stage: Stage, capacity_bits: NDArray[np.float64], *, warm_up: int, epochs: int) -> dict[str, float]:
    """Most keys that honest demands can get together while it counts, and a split that attains it, by demand.

    They have the key that is made meanwhile, and what the warm-up leaves over when it serves all demands as well as can
    be; a control that let those go short would begin with more. Key of one epoch may serve a later one or an earlier
    one, and demands with a Byzantine end take none once they are: both only raise the bound.

    Args:
        stage: of the cell.
        capacity_bits: key that each link makes during the warm-up, and while it counts, shape (2, links), in the order
            of the network.
        warm_up: epochs of the warm-up.
        epochs: that count.
    """
    honest = [demand for demand in stage.demands if stage.honest(demand)]

    place = {name: number for number, name in enumerate(stage.network.link_names)}
    order = [place[link.name] for link in stage.graph().links]

    def sharing(graph: Topology, demands: list[RouteDemand], period: int, asking: int) -> Sharing:
        return Sharing(
            graph,
            [(demand.source, demand.target) for demand in demands],
            capacity_bits[period][order] / KEY_BITS,
            [demand.bits // KEY_BITS * asking for demand in demands],
        )

    found = bound_after(
        sharing(stage.graph(), [*stage.demands], 0, max(0, warm_up - _WITHOUT_ROUTES)),
        sharing(stage.graph(honest_relays=True), honest, 1, epochs),
        stage.network.buffers.most[order] / KEY_BITS,
    )
    return {demand.demand: float(keys) for demand, keys in zip(honest, found.demand_bits, strict=True)}


def bound_figures(stage: Stage) -> dict[str, Any]:
    """The figures of a row, in the form of `Tally.figures`."""
    cell = stage.cell
    found = bound_keys(stage, stage.capacity_bits, warm_up=cell.warm_up_epochs, epochs=cell.epochs)
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
