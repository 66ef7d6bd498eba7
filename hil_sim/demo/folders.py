"""A folder for each node of the demo, made as operators make them, and completed with its simulated instruments."""

import asyncio
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil_sim.demo.description import describe, to_toml
from hil_sim.demo.errors import DemoError
from hil_sim.demo.policy_choice import PolicyChoice
from hil_sim.node_tables import node_tables
from hil_sim.simulation import Simulation

Json = dict[str, Any]
#: More key than `qkdctl network init` reckons with, for the start and for what is said more than once.
_KEY_MARGIN_EPOCHS = 300
_DAY_S = 86_400
#: While all instruments are calibrated at once a busy computer may be late with decisions.
_PATIENT_EPOCHS = 30
#: For the same reason instruments may take their time.
_TIMEOUT_S = 10.0
#: Polled half as often: what they do stands in their records, and a request costs more than a line of text does.
_SERVICES = ("qkd-engine", "key-router")


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """What stands in the folders.

    Attributes:
        shipped: description of the network without links.
        policy: of all nodes.
        poll_s: seconds between polls of every instrument.
        epochs: for which there is one-time key.
    """

    shipped: Path
    policy: PolicyChoice
    poll_s: float
    epochs: int


async def make_folders(target: Path, simulation: Simulation, plan: FolderPlan) -> dict[str, Path]:
    """Make `target` with a folder for each node.

    Args:
        target: must not exist.
        simulation: running; its links name their nodes.
        plan: what stands in them.

    Returns:
        Configuration by node, for `qkdctl run --config`.

    Raises:
        DemoError: the network is not a valid one.
    """
    described = describe(plan.shipped, simulation, plan.policy.identity)
    description = target.with_suffix(".toml")
    description.write_text(to_toml(described), encoding="utf-8")
    days = (plan.epochs + _KEY_MARGIN_EPOCHS) * described["network"]["epoch_s"] / _DAY_S
    await _run("network", "init", str(description), "--into", str(target), "--days", str(days))
    tables = node_tables(simulation, poll_s=plan.poll_s, figures=described["links"])
    paths = {node: target / node / "qkdctl.toml" for node in described["members"]}
    for node, path in paths.items():
        instruments = tomllib.loads(tables[node])
        for device in instruments["devices"].values():
            device["timeout_s"] = _TIMEOUT_S
            if device["driver"] in _SERVICES:
                device["poll_s"] *= 2
        router = next(name for name, device in instruments["devices"].items() if device["driver"] == "key-router")
        text = "\n".join((_head(node, path.parent, router), plan.policy.to_toml(), to_toml(instruments)))
        path.write_text(text, encoding="utf-8")
    return paths


def _head(node: str, folder: Path, router: str) -> str:
    return (
        f"[node]\nname = {json.dumps(node)}\n"
        f"state_directory = {json.dumps(str(folder / 'state'))}\n"
        f"runtime_directory = {json.dumps(str(folder))}\n"
        f"no_plan_epochs_until_safe = {_PATIENT_EPOCHS}\n\n"
        '[network]\nfile = "network.toml"\nkey_directory = "keys"\ntransport = "in-process"\n'
        f"key_router = {json.dumps(router)}\n"
    )


async def _run(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "qkdctl", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode:
        raise DemoError(f"qkdctl {' '.join(arguments[:2])} failed\n{output.decode()}")
