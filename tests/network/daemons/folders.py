"""Folders of nodes as `qkdctl network init` makes them, completed for simulated instruments and a broker."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hil_sim.node_tables import node_tables
from hil_sim.simulation import Simulation
from qkdctl.config.shared_figures import SharedFigures

QKDCTL = (sys.executable, "-m", "qkdctl")
NETWORK = "lab"


def description(nodes: Sequence[str], links: Mapping[str, Mapping[str, Any]], epoch_s: float) -> str:
    """The text of network.toml, with as many faults as the nodes allow.

    Args:
        nodes: names.
        links: their figures by name, with alice and bob.
        epoch_s: length of an epoch.
    """
    text = f'[network]\nname = "{NETWORK}"\nfaults = {(len(nodes) - 1) // 3}\nepoch_s = {epoch_s}\n'
    text += "".join(f"\n[members.{node}]\n" for node in nodes)
    for name, figures in links.items():
        text += f"\n[links.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in figures.items())
    return text


def shared_figures(simulation: Simulation) -> dict[str, dict[str, Any]]:
    """What all nodes know of each link of a running simulation."""
    text = next(iter(node_tables(simulation).values()))
    return {
        name: {key: value for key, value in table.items() if key in SharedFigures.model_fields}
        for name, table in tomllib.loads(text)["links"].items()
    }


def make_folders(text: str, target: Path, *options: str) -> None:
    """Let `qkdctl network init` make a folder for each node.

    Args:
        text: of the description.
        target: does not exist yet.
        options: of the verb.
    """
    source = target.with_suffix(".toml")
    source.write_text(text)
    command = [*QKDCTL, "network", "init", str(source), "--into", str(target), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def complete(folder: Path, *tables: str) -> None:
    """Add to the configuration of a node; the last words count."""
    fragments = folder / "conf.d"
    fragments.mkdir(exist_ok=True)
    number = len(list(fragments.iterdir()))
    (fragments / f"{number:02}.toml").write_text("\n".join(tables))


def place_of(folder: Path) -> str:
    """The table of where a node keeps what is its own."""
    state, runtime = json.dumps(str(folder / "state")), json.dumps(str(folder / "run"))
    return f"[node]\nstate_directory = {state}\nruntime_directory = {runtime}\n"


def broker_at(port: int) -> str:
    """The table of the one broker."""
    return f'[network.brokers.one]\nhost = "127.0.0.1"\nport = {port}\n'
