"""Small networks for tests."""

from typing import Any

from hil_sim.network.built import BuiltNetwork
from hil_sim.network.run.control_name import ControlName
from hil_sim.network.run.network_run import Chosen, NetworkRun
from hil_sim.network.scenario_file import network_of

MADRID: dict[str, Any] = {
    "seed": 5,
    "epoch_s": 10.0,
    "network": {"topology": "madqci", "hardware": "ingaas-slow"},
    "demands": [{"random": 8, "rate_bps": 2000.0}],
}


def built(**changes: Any) -> BuiltNetwork:
    """Madrid with some tables replaced."""
    return network_of({**MADRID, **changes})


def run_of(network: BuiltNetwork, epochs: int, realign_above: float | None = None) -> NetworkRun:
    """A finished run; under field practice if there is a limit."""
    control = ControlName.HOLD if realign_above is None else ControlName.FIELD
    run = NetworkRun(network, Chosen(control, realign_above))
    for _ in range(epochs):
        run.step()
    return run
