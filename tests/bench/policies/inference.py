"""What it takes to ask a policy, checks included, against onnxruntime alone on the same file."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from qkdctl.policy import format as fmt
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.schema import FEATURES, GRID, LARGEST
from qkdctl.policy.vetting import VettedPolicy, vet
from tests.bench.contender import REPOSITORY
from tests.bench.figures import percentile

ZOO: Final = REPOSITORY / "policies" / "zoo"
CHECKED, BARE = "qkdctl, values checked", "onnxruntime alone"
_WARM_UP: Final = 50


@dataclass(frozen=True, slots=True)
class Window:
    """One contender at one batch size in one round.

    Attributes:
        p50_us, p99_us: of one call.
    """

    contender: str
    links: int
    round: int
    p50_us: float
    p99_us: float


def zoo_policy(name: str) -> VettedPolicy:
    """A shipped policy, vetted."""
    return vet((ZOO / name).read_bytes())


def observations(links: int, seed: int) -> NDArray[np.float64]:
    """Random features on the grid, shape (links, features)."""
    drawn = np.random.default_rng(seed).integers(-LARGEST * GRID, LARGEST * GRID, (links, len(FEATURES)), endpoint=True)
    return drawn / GRID


def askers(vetted: VettedPolicy) -> dict[str, Callable[[NDArray[np.float64]], object]]:
    """The contenders; both have sessions of their own with equal options."""
    policy = OnnxPolicy(vetted)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(vetted.data, options, providers=["CPUExecutionProvider"])
    return {
        CHECKED: policy.values,
        BARE: lambda observation: session.run([fmt.OUTPUT], {fmt.INPUT: observation}),
    }


def measure_inference(vetted: VettedPolicy, links: Sequence[int], calls: int, number: int) -> list[Window]:
    """All contenders at all batch sizes, call by call in turn, so that a busy moment hits both."""
    asked = askers(vetted)
    windows = []
    for count in links:
        observation = observations(count, number)
        times: dict[str, list[int]] = {name: [] for name in asked}
        for call in range(_WARM_UP + calls):
            for name, ask in asked.items():
                began = time.perf_counter_ns()
                ask(observation)
                took = time.perf_counter_ns() - began
                if call >= _WARM_UP:
                    times[name].append(took)
        windows += [
            Window(name, count, number, percentile(found, 0.5) / 1000, percentile(found, 0.99) / 1000)
            for name, found in times.items()
        ]
    return windows


def swap_ms(path: Path, links: int) -> float:
    """Milliseconds from the bytes of a file to a policy that is ready: vetted, loaded, warmed."""
    data = path.read_bytes()
    began = time.perf_counter_ns()
    OnnxPolicy(vet(data), links)
    return (time.perf_counter_ns() - began) / 1e6
