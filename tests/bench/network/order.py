"""What every contender simulates, and what it answers. Standard library only, for the peers' environment.

The workload is BB84 up to the sifted key on links that do not touch each other: phase-randomised weak pulses with bits
and bases at random, fibre with loss and polarisation noise, two detectors of limited efficiency. No error correction
and no key distillation.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Protocol, Self

MEAN_PHOTON_NUMBER: Final = 0.5
LENGTH_KM: Final = 20.0
LOSS_DB_PER_KM: Final = 0.2
EFFICIENCY: Final = 0.5
MISALIGNMENT: Final = 0.01


@dataclass(frozen=True, slots=True)
class Order:
    """What to simulate.

    Attributes:
        links: how many, all in one process.
        pulse_rate_hz: of each link.
        step_s: simulated time of one step. Those who follow single photons make no difference between steps.
        steps: how many.
        seed: of the random numbers.
    """

    links: int
    pulse_rate_hz: float
    step_s: float
    steps: int
    seed: int

    @property
    def simulated_s(self) -> float:
        """Simulated time altogether."""
        return self.step_s * self.steps

    @property
    def pulses(self) -> int:
        """Pulses that each link sends."""
        return round(self.simulated_s * self.pulse_rate_hz)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Sample:
    """What a contender answers.

    Attributes:
        setup_s: wall clock to build the network.
        run_s: wall clock to simulate it.
        cpu_s: processor time of the latter.
        sifted: sifted bits of all links.
        versions: of what was measured, and of Python.
    """

    setup_s: float
    run_s: float
    cpu_s: float
    sifted: int
    versions: dict[str, str]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


class Network(Protocol):
    """A network that a contender has built."""

    def run(self) -> int:
        """Simulate all of the order; the sifted bits of all links."""


def measure(build: Callable[[Order], Network], order: Order, *distributions: str) -> Sample:
    """Build and simulate, by the clock."""
    start_s = time.perf_counter()
    network = build(order)
    built_s, cpu_s = time.perf_counter(), time.process_time()
    sifted = network.run()
    run_s, cpu_s = time.perf_counter() - built_s, time.process_time() - cpu_s
    versions = {name: _version(name) for name in distributions}
    return Sample(built_s - start_s, run_s, cpu_s, sifted, versions | {"python": sys.version.split()[0]})


def answer(build: Callable[[Order], Network], *distributions: str) -> None:
    """Carry out the order given as the only argument; whatever else a simulator prints goes to stderr."""
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    reply.write(measure(build, Order.from_json(sys.argv[1]), *distributions).to_json() + "\n")
    reply.close()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
