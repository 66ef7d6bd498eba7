"""What a campaign has done so far, one JSON line per seed, so that it can go on after any interruption."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hil_sim.agreement.replay import replay
from hil_sim.agreement.result import Result
from tests.campaigns.agreement.plan import Lot


@dataclass(frozen=True, slots=True)
class Done:
    """One seed.

    Attributes:
        code: of the agreement and its simulator.
        cpu_s: that it took.
    """

    code: str
    nodes: int
    faults: int
    colluders: bool
    seed: int
    violation: str
    decided: int
    steps: int
    ended_s: float
    rounds: int
    memory: float
    cpu_s: float

    @property
    def key(self) -> tuple[int, int, bool, int]:
        """Which seed."""
        return self.nodes, self.faults, self.colluders, self.seed


def run(lot: Lot, seed: int, code: str) -> Done:
    """Simulate one seed; an exception is a violation too, and ends no campaign."""
    began = time.process_time()
    try:
        result = replay(seed, lot.nodes, lot.faults, colluders=lot.colluders)
    except Exception as error:
        result = Result(repr(error), 0, 0, 0.0)
    took = round(time.process_time() - began, 3)
    return Done(code, lot.nodes, lot.faults, lot.colluders, seed, **asdict(result), cpu_s=took)


def append(directory: Path, done: Done) -> None:
    """Add a line."""
    with (directory / "seeds.jsonl").open("a") as file:
        file.write(json.dumps(asdict(done)) + "\n")


def read(directory: Path, code: str) -> Iterator[Done]:
    """Lines of this code; one that was cut off by a crash is left out."""
    path = directory / "seeds.jsonl"
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            plain: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            continue
        if plain["code"] == code:
            yield Done(**plain)
