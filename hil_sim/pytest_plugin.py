"""Fixtures that offer simulated instruments to any test suite, synchronous or not.

The instruments run on an event loop of their own in a background thread, so plain PyVISA or pySerial code can use them.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hil_sim.background import BackgroundSimulation


@pytest.fixture
def qkd_simulation(tmp_path: Path) -> Iterator[Callable[[Path | str | Mapping[str, Any]], "BackgroundSimulation"]]:
    """Start simulations from a scenario file or from the same as nested dictionaries; they stop with the test.

    The simulation started has `addresses`, `fault(name, kind, ...)`, `unplug`, `replug`, `power_cycle` and `trace()`.
    """
    from hil_sim.background import BackgroundSimulation  # noqa: PLC0415 -- costs nothing to suites that do not use it

    running: list[BackgroundSimulation] = []

    def start(scenario: Path | str | Mapping[str, Any]) -> BackgroundSimulation:
        simulation = BackgroundSimulation(scenario, trace=tmp_path / f"simulation-{len(running)}.jsonl")
        simulation.start()
        running.append(simulation)
        return simulation

    try:
        yield start
    finally:
        for simulation in running:
            simulation.stop()


@pytest.fixture
def qkd_instrument(
    qkd_simulation: Callable[[Mapping[str, Any]], "BackgroundSimulation"],
) -> Callable[..., str]:
    """Start one instrument by the name of its model and return its address; options of the unit as keywords."""

    def start(model: str, *, transport: str = "", **options: Any) -> str:
        section = {"model": model, "transport": transport, "options": options}
        return qkd_simulation({"instruments": {"instrument": section}}).addresses["instrument"]

    return start
