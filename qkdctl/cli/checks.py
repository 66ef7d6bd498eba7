"""What the daemon needs on a machine, one check each; nothing is changed and no instrument is touched."""

import ctypes
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.errors import CliError
from qkdctl.cli.version import versions
from qkdctl.client import Client, ClientError, UnreachableError

if TYPE_CHECKING:
    from qkdctl.config.model import Config

_FREE_MIN_BYTES = 100 * 1024 * 1024
_BROKER_TIMEOUT_S = 2.0
_TIMEX_BYTES = 256
_TIME_ERROR = 5


@dataclass(frozen=True, slots=True)
class Check:
    """Outcome of one check; `hint` says what to do, "" when there is nothing to do."""

    name: str
    outcome: Literal["ok", "warning", "failure", "skipped"]
    text: str
    hint: str = ""

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def all_checks(path: Path, control_socket: Path | None) -> Iterator[Check]:
    """Every check, in the order in which to mend things."""
    yield check_python()
    yield check_packages()
    try:
        config = load_configuration(path)
    except CliError as error:
        yield Check("configuration", "failure", error.error, error.hint)
        yield check_clock()
        return
    yield Check("configuration", "ok", f"{path}: {len(config.devices)} devices, {len(config.links)} links")
    yield from check_serial_ports(config)
    yield check_state_directory(config.node.state_directory)
    yield check_socket(control_socket if control_socket is not None else config.api.socket)
    yield check_clock()
    yield check_broker(config)


def check_python() -> Check:
    """Which interpreter runs this; an older one than is required would not have come so far."""
    return Check("python", "ok", f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}")


def check_packages() -> Check:
    """Libraries that qkdctl requires."""
    libraries = versions()["libraries"]
    if missing := [name for name, version in libraries.items() if version is None]:
        return Check("packages", "failure", f"missing: {', '.join(missing)}", "install qkdctl again")
    return Check("packages", "ok", f"all {len(libraries)} are there")


def check_serial_ports(config: "Config") -> Iterator[Check]:
    """Ports of the configured serial instruments, and whether this user may open them."""
    from qkdctl.devices.address import parse_address  # noqa: PLC0415 - keeps other verbs fast

    ports = {name: parse_address(section.address) for name, section in config.devices.items()}
    for name, address in ports.items():
        if address.scheme != "serial":
            continue
        check = f"serial port of {name}"
        port = Path(address.path)
        if not port.exists():
            yield Check(
                check, "failure", f"{port} does not exist", "is the adapter plugged in? see 'ls -l /dev/serial/by-id'"
            )
        elif not os.access(port, os.R_OK | os.W_OK):
            yield Check(
                check, "failure", f"you may not open {port}", "join its group, usually dialout, and log in again"
            )
        else:
            yield Check(check, "ok", str(port))


def check_state_directory(directory: Path) -> Check:
    """Where the ledger lives, and the room there."""
    existing = next(place for place in (directory, *directory.parents) if place.exists())
    if not existing.is_dir():
        return Check("state directory", "failure", f"{existing} is no directory", "name another state_directory")
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check("state directory", "warning", f"you may not write to {existing}", "the daemon's user must")
    free = shutil.disk_usage(existing).free
    if free < _FREE_MIN_BYTES:
        return Check(
            "state directory", "failure", f"{free >> 20} MiB free at {directory}", "make room: at least 100 MiB"
        )
    missing = "" if directory.exists() else ", made at the first start"
    return Check("state directory", "ok", f"{directory}{missing}, {free >> 20} MiB free")


def check_socket(path: Path) -> Check:
    """Whether a daemon answers, or could listen."""
    try:
        status = Client(path).status()
    except UnreachableError as error:
        if not error.absent:
            return Check("socket", "failure", error.error, error.hint)
        existing = next(place for place in path.parents if place.exists())
        if os.access(existing, os.W_OK | os.X_OK):
            return Check("socket", "ok", f"no daemon runs; {path} can be made")
        return Check(
            "socket", "warning", f"no daemon runs, and you may not write to {existing}", "the daemon's user must"
        )
    except ClientError as error:
        return Check("socket", "failure", error.error, error.hint)
    if status["complaints"]:
        return Check("socket", "warning", "; ".join(status["complaints"]), "see 'qkdctl status'")
    return Check("socket", "ok", f"{status['node']} {status['version']} is {status['state']}")


def check_clock() -> Check:
    """Whether the kernel's clock is kept in step (adjtimex(2)); ledger entries carry its time."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:
        return Check("clock", "skipped", f"cannot be asked: {os.strerror(ctypes.get_errno())}")
    if state == _TIME_ERROR:
        return Check("clock", "warning", "the clock is not synchronised", "run chrony or systemd-timesyncd")
    return Check("clock", "ok", "synchronised")


def check_broker(config: "Config") -> Check:
    """Whether the MQTT broker takes connections."""
    if config.mqtt is None:
        return Check("broker", "skipped", "no [mqtt] in the configuration")
    where = f"{config.mqtt.host}:{config.mqtt.port}"
    try:
        socket.create_connection((config.mqtt.host, config.mqtt.port), _BROKER_TIMEOUT_S).close()
    except OSError as error:
        return Check(
            "broker", "failure", f"{where}: {error}", "start the broker; messages wait in the outbox meanwhile"
        )
    return Check("broker", "ok", where)
