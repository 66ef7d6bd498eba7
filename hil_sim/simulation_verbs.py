"""What may be asked of a running simulation.

`{"verb": "fault", "instrument": ..., "kind": ..., "seconds": ..., "replies": ..., "size": ...}`, where the last three
may be left out, or `{"verb": "addresses"}`, whose reply has `addresses`.
"""

from collections.abc import Mapping
from typing import Any

from hil_sim.control import Handler
from hil_sim.disturbance import Disturbance
from hil_sim.simulation import Simulation


def simulation_verbs(simulation: Simulation) -> dict[str, Handler]:
    """The verbs for `hil_sim.control`."""

    async def fault(request: Mapping[str, Any]) -> dict[str, Any]:
        what = Disturbance(request["kind"], request.get("seconds"), request.get("replies"), request.get("size"))
        await simulation.fault(request["instrument"], what)
        return {}

    async def addresses(_request: Mapping[str, Any]) -> dict[str, Any]:
        return {"addresses": simulation.addresses}

    return {"fault": fault, "addresses": addresses}
