"""Configuration of a node whose instruments are simulated."""

import json
import shutil
from pathlib import Path

from hil_sim.demo.policy_choice import PolicyChoice
from hil_sim.device_lines import device_tables
from hil_sim.simulation import Simulation


def write_configuration(directory: Path, shipped: Path, simulation: Simulation, policy: PolicyChoice) -> Path:
    """Write main file and fragments into a directory.

    Returns:
        The main file, for `qkdctl run --config`.
    """
    main = directory / "qkdctl.toml"
    shutil.copyfile(shipped, main)
    fragments = directory / "conf.d"
    fragments.mkdir()
    devices = "\n".join(f"{table}poll_s = 0.25\n" for table in device_tables(simulation).values())
    (fragments / "devices.toml").write_text(devices, encoding="utf-8")
    place = f"[node]\nstate_directory = {json.dumps(str(directory / 'state'))}\n"
    place += f"runtime_directory = {json.dumps(str(directory))}\n"
    (fragments / "place.toml").write_text(place + policy.to_toml(), encoding="utf-8")
    return main
