"""What a person at a terminal waits for: `qkdctl status`, imports, and dark sources after a stop."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.bench.figures import Spread
from tests.bench.plan import PACE_S, Plan
from tests.bench.polling import progress
from tests.bench.simulator import Simulator, script
from tests.bench.worker import process_cpu_s

_PATIENCE_S = 60.0
_WATCH_S = 3.0
_IMPORTS: Final = (
    "qkdctl.cli.main",
    "qkdctl.client",
    "qkdctl.node",
    "qkdctl_drivers.keysight_n776x",
    "hil_sim.simulation",
)


@dataclass(slots=True)
class CommandLineResult:
    """What was timed; times in seconds.

    Attributes:
        commands: command -> wall time of the whole process.
        imports: module -> wall time of a fresh interpreter that imports it, less that of one that imports nothing.
        interpreter_s: wall time of the one that imports nothing.
        daemon_cpu_share: of one core, of a whole daemon that polls the devices at 10 Hz.
        stop_s: from SIGTERM to the end of that daemon.
        dark: link -> time from the stop signal until no light was launched, by the simulator's record.
        absent: what could not be measured, and why.
    """

    commands: dict[str, Spread] = field(default_factory=dict)
    imports: dict[str, Spread] = field(default_factory=dict)
    interpreter_s: Spread | None = None
    daemon_cpu_share: float | None = None
    stop_s: float | None = None
    dark: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return {
            "commands_s": {name: spread.to_plain() for name, spread in self.commands.items()},
            "imports_s": {name: spread.to_plain() for name, spread in self.imports.items()},
            "interpreter_s": self.interpreter_s.to_plain() if self.interpreter_s else None,
            "daemon_cpu_share": self.daemon_cpu_share,
            "stop_s": self.stop_s,
            "dark_after_s": self.dark,
            "absent": self.absent,
        }


def measure_command_line(plan: Plan, simulator: Simulator, directory: Path) -> CommandLineResult:
    """Time commands against a daemon that polls the simulated attenuators at 10 Hz, then imports, then a stop."""
    result = CommandLineResult()
    progress(f"command line, against a daemon with {len(simulator.names)} devices at {1 / PACE_S:g} Hz")
    try:
        _against_daemon(plan, simulator, directory, result)
    except (RuntimeError, subprocess.SubprocessError) as error:
        result.absent["status"] = str(error)
    progress("imports")
    bare = [_wall_s([sys.executable, "-c", "pass"]) for _ in range(plan.repeats)]
    result.interpreter_s = Spread.of(bare)
    for module in _IMPORTS:
        times = [_wall_s([sys.executable, "-c", f"import {module}"]) for _ in range(plan.repeats)]
        result.imports[module] = Spread.of(taken - result.interpreter_s.median for taken in times)
    if plan.demo:
        progress("from a stop signal to dark sources (a demo of three epochs)")
        _darkness(result)
    return result


def _against_daemon(plan: Plan, simulator: Simulator, directory: Path, result: CommandLineResult) -> None:
    with _daemon(simulator, directory) as process:
        cpu_s, start_s = process_cpu_s(process.pid), time.monotonic()
        time.sleep(_WATCH_S)
        share = (process_cpu_s(process.pid) - cpu_s) / (time.monotonic() - start_s)
        result.daemon_cpu_share = round(share, 3)
        for arguments in (("status",), ("status", "--json"), ("--help",)):
            at_daemon = () if arguments == ("--help",) else ("--socket", str(directory / "qkdctl.sock"))
            command = [script("qkdctl"), *arguments, *at_daemon]
            times = [_wall_s(command) for _ in range(plan.repeats + 1)]
            result.commands[f"qkdctl {' '.join(arguments)}"] = Spread.of(times[1:])
        start_s = time.perf_counter()
        process.terminate()
        result.stop_s = round(_end_s(process) - start_s, 3)


@contextmanager
def _daemon(simulator: Simulator, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A whole daemon over the attenuators, all of them online."""
    configuration = directory / "qkdctl.toml"
    configuration.write_text(_configuration(simulator, directory), encoding="utf-8")
    log = directory / "daemon.log"
    command = [script("qkdctl"), "run", "--config", str(configuration)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _await(lambda: _all_online(directory / "qkdctl.sock"), process, log)
            yield process
        finally:
            process.kill()


def _configuration(simulator: Simulator, directory: Path) -> str:
    lines = ["[node]", 'name = "bench"']
    lines += [f"state_directory = {json.dumps(str(directory / 'state'))}"]
    lines += [f"runtime_directory = {json.dumps(str(directory))}"]
    for name, (host, port) in zip(simulator.names, simulator.addresses, strict=True):
        lines += [f"[devices.{name}]", 'driver = "keysight-n776x"', f'address = "tcp://{host}:{port}"']
        lines += [f"poll_s = {PACE_S}"]
    return "\n".join(lines) + "\n"


def _all_online(socket: Path) -> bool:
    command = [script("qkdctl"), "status", "--json", "--socket", str(socket)]
    shown = subprocess.run(command, check=False, capture_output=True, timeout=_PATIENCE_S)
    return shown.returncode == 0 and all(d["state"] == "online" for d in json.loads(shown.stdout)["devices"])


def _await(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise RuntimeError(f"the daemon did not come up: {log.read_text(encoding='utf-8')[-1000:]}")
        time.sleep(0.2)


def _wall_s(command: list[str]) -> float:
    start_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        end_s = _end_s(process)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return end_s - start_s


def _end_s(process: subprocess.Popen[bytes]) -> float:
    """When a process ended; killed when it takes too long.

    The wait of `subprocess` with a time-out looks only every 50 ms, which would show in the figures.
    """
    patience = threading.Timer(_PATIENCE_S, process.kill)
    patience.start()
    process.wait()
    end_s = time.perf_counter()
    patience.cancel()
    return end_s


def _darkness(result: CommandLineResult) -> None:
    """The demo stops its daemon and reads from the simulator's record when each laser was dark."""
    command = [script("qkdctl"), "demo", "--epochs", "3", "--json"]
    try:
        shown = subprocess.run(command, check=False, capture_output=True, text=True, timeout=2 * _PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        result.absent["dark"] = str(error)
        return
    if shown.returncode != 0:
        result.absent["dark"] = f"the demo ended with {shown.returncode}: {shown.stderr.strip()[-500:]}"
        return
    for link, stop in json.loads(shown.stdout)["stop"]["policy"]["links"].items():
        if stop["dark"]:
            result.dark[link] = stop["dark_after_s"]
        else:
            result.absent[f"dark {link}"] = "the simulator's record shows light after the stop"
