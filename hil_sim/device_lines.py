"""The instruments of a simulation as `qkdctl` configures them."""

import json

from hil_sim.simulation import Simulation


def device_lines(simulation: Simulation) -> str:
    """TOML tables `[devices.<name>]` to paste into a configuration; a side port becomes the option `<port>_port`."""
    return "\n".join(device_tables(simulation).values())


def device_tables(simulation: Simulation) -> dict[str, str]:
    """The table of each instrument by its name."""
    tables = {}
    addresses = simulation.addresses
    for name, section in simulation.scenario.instruments.items():
        lines = [f"[devices.{name}]", f'driver = "{section.model}"', f"address = {json.dumps(addresses[name])}"]
        sides = {
            key.partition(".")[2]: address.rpartition(":")[2]
            for key, address in addresses.items()
            if key.startswith(f"{name}.")
        }
        if sides:
            ports = ", ".join(f"{port}_port = {number}" for port, number in sides.items())
            lines.append(f"options = {{ {ports} }}")
        tables[name] = "\n".join(lines) + "\n"
    return tables
