"""Runs the worker in the peers' environment, a process for each point."""

import json
import subprocess

from tests.bench.contender import PEERS_ENVIRONMENT, REPOSITORY
from tests.campaigns.sequence_bb84.comparison import Measured
from tests.campaigns.sequence_bb84.points import Point

_WORKER = "tests.campaigns.sequence_bb84.worker"


def measure(point: Point) -> Measured:
    """Simulate a point in SeQUeNCe.

    Raises:
        RuntimeError: SeQUeNCe is not installed, or the worker failed; shows its last words.
        ValueError: the worker's counts make no sense.
    """
    python = PEERS_ENVIRONMENT / "bin" / "python"
    if not python.exists():
        raise RuntimeError(f"SeQUeNCe is not installed: 'make bench' installs it into {PEERS_ENVIRONMENT.name}")
    command = [str(python), "-m", _WORKER, json.dumps(point.to_plain())]
    ended = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(
            f"SeQUeNCe at point {point.name!r}: {' '.join(ended.stderr.splitlines()[-1:]) or 'no words'}"
        )
    return Measured.from_plain(json.loads(ended.stdout))
