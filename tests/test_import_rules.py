"""The rooms of the house keep to their doors: who may import what, and what stays off the fast path."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.import_graph import Import, imports_of, source_files

REPOSITORY = Path(__file__).parents[1]
PACKAGES = {
    "qkdctl": REPOSITORY,
    "hil_sim": REPOSITORY,
    "qkdctl_drivers": REPOSITORY / "drivers",
    "qkdctl_policies": REPOSITORY / "policies",
}

# Each room imports from its left only.
ROOMS = tuple(
    f"qkdctl.{room}" for room in ("records", "physics", "secretsharing", "evidence", "routing", "abft", "policy")
)
EXECUTION = ("qkdctl.policy.execution", "qkdctl.policy.bound_session")
KINDS = ("qkdctl.devices.kinds", "qkdctl.devices.attributes")
# Verbs of other packages end as those of the daemon do, and files are replaced whole in one way.
VERBS = ("qkdctl.exit_codes", "qkdctl.files")
# Simulated key managers sign certificates as real networks do.
CERTIFICATES = "qkdctl.keys.certificates"
# Simulated instruments take connections as the daemon does.
CONNECTIONS = "qkdctl.listening"
# The demo is a client of the daemon and finds shipped files as it does.
DEMO_BORROWS = ("qkdctl.resources",)
# Experiments run the function by which daemons decide, which has no I/O, and find shipped policies as they do.
EXPERIMENTS_BORROW = ("qkdctl.agreement.application", "qkdctl.resources")
OUTSIDE_WORLD = """
aiomqtt asyncio concurrent fastapi http httpx multiprocessing onnxruntime pyvisa sched selectors serial signal socket
sqlite3 ssl subprocess threading time urllib usb uvicorn zmq
"""
HEAVY = """
aiomqtt cryptography fastapi httpx networkx numpy onnx onnxruntime prometheus_client pydantic pydantic_settings pyvisa
scipy serial starlette structlog uvicorn zmq qkdctl.node qkdctl.devices qkdctl.config qkdctl.records
"""
# Waiting in a bus thread is its own business; what time it is, is not.
MAY_USE_TIME = ("qkdctl.clock", "qkdctl.devices.transports.visa")


def inside(module: str, *places: str) -> bool:
    """Whether a module is one of these packages or modules, or lies in one."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def top(module: str) -> str:
    """The distribution's package of a dotted name."""
    return module.partition(".")[0]


def rooms_import_from_their_left(found: Import) -> str | None:
    room = next((room for room in ROOMS if inside(found.importer, room)), None)
    if room is None or top(found.target) not in PACKAGES:
        return None
    allowed = ROOMS[: ROOMS.index(room) + 1]
    if inside(found.importer, *EXECUTION):
        allowed = (*allowed, "qkdctl.clock")
    elif inside(found.target, *EXECUTION):
        return "running a policy touches the outside world, other rooms do not"
    return None if inside(found.target, *allowed) else f"{room} may import only {', '.join(allowed)}"


def rooms_touch_no_outside_world(found: Import) -> str | None:
    if inside(found.importer, *EXECUTION) or not inside(found.importer, *ROOMS):
        return None
    return "rooms without I/O, clock or tasks" if top(found.target) in OUTSIDE_WORLD.split() else None


def drivers_import_devices(found: Import) -> str | None:
    return _only(found, "qkdctl_drivers", "qkdctl.devices")


def simulator_imports_no_daemon(found: Import) -> str | None:
    borrowed = DEMO_BORROWS if inside(found.importer, "hil_sim.demo") else ()
    return _only(
        found, "hil_sim", *ROOMS, *KINDS, CERTIFICATES, CONNECTIONS, "qkdctl.clock", "qkdctl.client", *borrowed
    )


def policies_import_no_daemon(found: Import) -> str | None:
    borrowed = EXPERIMENTS_BORROW if inside(found.importer, "qkdctl_policies.experiments") else ()
    return _only(found, "qkdctl_policies", *ROOMS, *KINDS, *VERBS, "qkdctl.clock", "hil_sim", *borrowed)


def daemon_imports_no_plugin(found: Import) -> str | None:
    return _only(found, "qkdctl", "qkdctl")


def clock_alone_reads_time(found: Import) -> str | None:
    if not inside(found.importer, "qkdctl") or inside(found.importer, *MAY_USE_TIME):
        return None
    return "only qkdctl.clock reads time" if found.target == "time" else None


def client_is_standard_library(found: Import) -> str | None:
    if not inside(found.importer, "qkdctl.client"):
        return None
    ours = inside(found.target, "qkdctl.client", "qkdctl.exit_codes")
    return None if ours or top(found.target) in sys.stdlib_module_names else "the client is standard library only"


def command_line_starts_light(found: Import) -> str | None:
    if not inside(found.importer, "qkdctl.cli") or not found.at_start:
        return None
    light = top(found.target) in {*sys.stdlib_module_names, "typer"} or found.target == "qkdctl"
    if light or inside(found.target, "qkdctl.cli", "qkdctl.client", "qkdctl.exit_codes"):
        return None
    return "verbs import inside their functions, so that other verbs start fast"


def _only(found: Import, importer: str, *places: str) -> str | None:
    if not inside(found.importer, importer) or top(found.target) not in PACKAGES:
        return None
    allowed = (importer, *places)
    return None if inside(found.target, *allowed) else f"{importer} may import only {', '.join(allowed)} of ours"


RULES: tuple[Callable[[Import], str | None], ...] = (
    rooms_import_from_their_left,
    rooms_touch_no_outside_world,
    drivers_import_devices,
    simulator_imports_no_daemon,
    policies_import_no_daemon,
    daemon_imports_no_plugin,
    clock_alone_reads_time,
    client_is_standard_library,
    command_line_starts_light,
)


def broken_rules(imports: list[Import]) -> list[str]:
    """One line for each import that breaks a rule."""
    return [f"{found} ({reason})" for found in imports for rule in RULES if (reason := rule(found))]


def test_every_import_keeps_the_rules() -> None:
    files = {name: path for package, folder in PACKAGES.items() for name, path in source_files(folder, package).items()}
    assert files.keys() >= PACKAGES.keys()
    imports = [
        found
        for name, path in files.items()
        for found in imports_of(path.read_text(), name, files.keys(), is_package=path.name == "__init__.py")
    ]
    assert broken_rules(imports) == []


MODULES = {"qkdctl.records", "qkdctl.records.plan", "qkdctl.control", "qkdctl.policy.execution", "hil_sim.world"}


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("qkdctl.records.plan", "from qkdctl.physics import rates"),
        ("qkdctl.records.plan", "from ..physics import rates"),
        ("qkdctl.physics.rates", "def late():\n    from qkdctl.policy.schema import FEATURES"),
        ("qkdctl.abft.core", "import qkdctl.policy"),
        ("qkdctl.physics.rates", "import qkdctl.clock"),
        ("qkdctl.physics.rates", "from qkdctl import control"),
        ("qkdctl.records.base", "import asyncio"),
        ("qkdctl.records.base", "from time import monotonic"),
        ("qkdctl.policy.library", "import sqlite3"),
        ("qkdctl.policy.shield", "import urllib.request"),
        ("qkdctl.policy.shield", "from qkdctl.policy import execution"),
        ("qkdctl.policy.execution", "from qkdctl.control import loop"),
        ("qkdctl_drivers.websq", "from qkdctl.records.session import SessionRecord"),
        ("qkdctl_drivers.websq", "from hil_sim.world import fibre"),
        ("hil_sim.world.fibre", "from qkdctl.devices.supervisor import Supervisor"),
        ("hil_sim.cli", "from qkdctl import control"),
        ("hil_sim.cli", "def demo():\n    import qkdctl.cli.main"),
        ("qkdctl_policies.training", "from qkdctl.store import ledger"),
        ("qkdctl_policies.training", "from qkdctl.library.library import Library"),
        ("qkdctl_policies.training", "from qkdctl.agreement.application import NodeApplication"),
        ("qkdctl_policies.experiments.story", "from qkdctl.agreement.host import Host"),
        ("qkdctl.node", "import hil_sim"),
        ("qkdctl.cli.demo", "def demo():\n    import importlib\n    importlib.import_module('hil_sim.cli')"),
        ("qkdctl.devices.registry", "if True:\n    from qkdctl_drivers.websq import WebSq"),
        ("qkdctl.devices.supervisor", "import time"),
        ("qkdctl.client", "def get():\n    import httpx"),
        ("qkdctl.client", "from qkdctl.records import plan"),
        ("qkdctl.cli.status", "import structlog"),
        ("qkdctl.cli.status", "from qkdctl.config import load"),
        ("qkdctl.cli.status", "try:\n    import numpy\nexcept ImportError:\n    pass"),
    ],
)
def test_a_planted_violation_is_found(importer: str, source: str) -> None:
    assert broken_rules(imports_of(source, importer, MODULES)) != []


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("qkdctl.records.plan", "from qkdctl.records.base import Record"),
        (
            "qkdctl.policy.shield",
            "import math, numpy\nfrom qkdctl.records import plan\nfrom qkdctl.physics import rates",
        ),
        ("qkdctl.policy.execution", "import asyncio, onnxruntime\nfrom qkdctl.clock import Clock"),
        ("qkdctl_drivers.websq", "import asyncio\nfrom qkdctl.devices import Device\nfrom .common import parse"),
        ("hil_sim.world.fibre", "import time\nfrom qkdctl.devices.kinds import DeviceKind"),
        ("qkdctl_policies.training", "from hil_sim import world"),
        ("qkdctl_policies.commands.train", "from qkdctl.exit_codes import CONFIG"),
        ("qkdctl_policies.experiments.story", "from qkdctl.agreement.application import NodeApplication"),
        ("qkdctl.cli.run", "import typer\ndef run():\n    from qkdctl.node import Node\n    import structlog"),
        ("qkdctl.cli.run", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from qkdctl.node import Node"),
        ("qkdctl.client", "import http.client, socket\nfrom qkdctl.exit_codes import UNAVAILABLE"),
    ],
)
def test_the_rules_let_the_house_be_built(importer: str, source: str) -> None:
    assert broken_rules(imports_of(source, importer, MODULES)) == []


STATUS = """
from qkdctl.cli.main import main
assert main(["status", "--socket", "/nowhere/qkdctl.sock"]) == 69
"""


@pytest.mark.parametrize(
    "code",
    ["import qkdctl.client", "import qkdctl.cli.main", "import qkdctl.cli.install_service", STATUS],
    ids=["client", "command line", "install-service", "qkdctl status"],
)
def test_the_fast_path_imports_nothing_heavy(code: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "qkdctl" in loaded
    assert set(HEAVY.split()).intersection(loaded) == set()
