"""The simulated attenuators: one `qkdctl sim serve` in a process of its own, a TCP port for each instrument."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Simulator:
    """Running instruments.

    Attributes:
        names: of the instruments.
        addresses: host and port of each.
        pid: of the process.
    """

    names: tuple[str, ...]
    addresses: tuple[tuple[str, int], ...]
    pid: int


@contextmanager
def simulated_attenuators(count: int, directory: Path) -> Iterator[Simulator]:
    """Serve so many attenuators while the block lasts.

    Raises:
        RuntimeError: the simulator did not start; shows what it said.
    """
    scenario = directory / "attenuators.toml"
    tables = [f'[instruments.voa-{number:02}]\nmodel = "keysight-n776x"\n' for number in range(count)]
    scenario.write_text("\n".join(["seed = 1\n", *tables]), encoding="utf-8")
    log = directory / "simulator.log"
    command = [script("qkdctl"), "sim", "serve", str(scenario), "--json", "--control", str(directory / "sim.sock")]
    with log.open("wb") as output, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output) as process:
        try:
            assert process.stdout is not None, "a pipe was asked for"
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the simulator did not start:\n{log.read_text(encoding='utf-8')}")
            found: dict[str, str] = json.loads(line)["addresses"]
            yield Simulator(tuple(found), tuple(_socket(address) for address in found.values()), process.pid)
        finally:
            process.terminate()


def script(name: str) -> str:
    """A console script of this environment."""
    return str(Path(sys.executable).with_name(name))


def _socket(resource: str) -> tuple[str, int]:
    _, host, port, _ = resource.split("::")
    return host, int(port)
