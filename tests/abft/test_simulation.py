"""The agreement holds in simulation: a few new seeds with every run, and all that ever failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hil_sim.agreement.replay import command_of, replay
from hil_sim.agreement.trace import line
from tests.abft.regressions import REGRESSIONS

REPOSITORY = Path(__file__).parents[2]
SLICE = [(seed, 4, 1) for seed in range(12)] + [(0, 7, 2), (0, 10, 3), (0, 1, 0), (0, 5, 1)]


@pytest.mark.parametrize(("seed", "nodes", "faults"), SLICE + REGRESSIONS)
def test_no_property_fails(seed: int, nodes: int, faults: int) -> None:
    result = replay(seed, nodes, faults)
    assert not result.violation, f"{result.violation}\n{command_of(seed, nodes, faults)}"


def test_a_seed_is_the_same_story_in_every_process_whatever_the_order_of_sets() -> None:
    told = []
    for hash_seed in ("1", "2"):
        command = [sys.executable, *command_of(5, 4, 1).split()[1:]]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        ran = subprocess.run(command, capture_output=True, check=True, cwd=REPOSITORY, env=environment, text=True)
        told.append(ran.stdout)
    assert told[0] == told[1]
    assert len(told[0].splitlines()) > 100


def test_a_trace_shows_who_says_what_to_whom() -> None:
    lines: list[str] = []
    replay(0, 4, 1, lambda *event: lines.append(line(*event)))
    assert any("->" in text and "vote" in text for text in lines)
    assert any("decides epoch 1" in text for text in lines)
