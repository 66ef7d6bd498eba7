"""`qkdctl sim serve`: a simulation in the foreground."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hil_sim.control import serve_control
from hil_sim.device_lines import device_lines
from hil_sim.foreground import stop_signals, until_stopped
from hil_sim.scenario import Scenario
from hil_sim.simulation import Simulation
from hil_sim.simulation_verbs import simulation_verbs


@dataclass(frozen=True, slots=True)
class Service:
    """What to serve.

    Attributes:
        scenario: links and instruments.
        trace: file for the record of actuations; none for no record.
        by_id: directory for the links to serial ports; none for a temporary one.
        control: unix socket on which faults are ordered.
    """

    scenario: Scenario
    trace: Path | None
    by_id: Path | None
    control: Path


def serve_until_stopped(
    service: Service, *, as_json: bool, duration_s: float | None, show: Callable[[str], None]
) -> None:
    """Serve until SIGINT, SIGTERM, SIGHUP (the terminal was closed) or the end of the duration.

    Raises:
        OSError: when a port or a path is taken.
        hil_sim.scenario_problems.ScenarioError: for a fault that its instrument does not know.
    """
    asyncio.run(_serve(service, as_json, duration_s, show))


async def _serve(service: Service, as_json: bool, duration_s: float | None, show: Callable[[str], None]) -> None:
    stopped = stop_signals()
    async with Simulation(service.scenario, trace=service.trace, by_id=service.by_id) as simulation:
        control = await serve_control(simulation_verbs(simulation), service.control)
        try:
            show(_document(simulation, service.control) if as_json else _table(simulation, service.control))
            await until_stopped(stopped, duration_s)
        finally:
            control.close()
            service.control.unlink(missing_ok=True)


def _document(simulation: Simulation, control: Path) -> str:
    instruments = {
        name: {
            "model": section.model,
            "link": section.link,
            "role": section.role,
            "address": simulation.addresses[name],
        }
        for name, section in simulation.scenario.instruments.items()
    }
    return json.dumps(
        {"schema_version": 1, "instruments": instruments, "addresses": simulation.addresses, "control": str(control)}
    )


def _table(simulation: Simulation, control: Path) -> str:
    """TOML: an overview as a comment, and the devices."""
    sections = simulation.scenario.instruments
    rows = [("INSTRUMENT", "MODEL", "LINK", "ADDRESS")]
    for name, address in simulation.addresses.items():
        section = sections.get(name)
        rows.append((name, section.model if section else "", (section and section.link) or "", address))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = "\n".join(
        "  ".join(["#", *(f"{c:{w}}" for c, w in zip(row, widths, strict=False)), row[3]]) for row in rows
    )
    return f"{table}\n\n{device_lines(simulation)}\n# faults: qkdctl sim fault INSTRUMENT KIND --control {control}"
