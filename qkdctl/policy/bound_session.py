"""A network loaded into onnxruntime, with memory of its own for what goes in and what comes out.

Handing arrays over for every call takes onnxruntime longer than running a network of this size for one link: names are
looked up, inputs checked, outputs allocated. Memory that is bound once needs none of this.
"""

import threading

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from qkdctl.policy import format as fmt
from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.schema import FEATURES

Doubles = NDArray[np.float64]


class BoundSession:
    """One thread, sequential, on the CPU, as it was written (no graph optimisation)."""

    def __init__(self, data: bytes) -> None:
        """Load a file.

        Raises:
            Exception: whatever the runtime raises for one that it does not like; its exceptions share no base class.
        """
        self._session = onnxruntime.InferenceSession(data, _options(), providers=["CPUExecutionProvider"])
        self._lock = threading.Lock()
        self._bind(1)

    def run(self, observation: Doubles) -> Doubles:
        """Values [links, actions] for an observation [links, features]; what the network leaves unwritten is NaN.

        Args:
            observation: of one link at least.

        Raises:
            ValueError: for another shape.
            Exception: whatever the runtime raises.
        """
        with self._lock:
            if observation.shape != self._inputs.shape:
                self._bind(len(observation))
            if observation.shape != self._inputs.shape:
                raise ValueError(f"observation of shape {observation.shape}, expected {self._inputs.shape}")
            self._inputs[...] = observation
            self._outputs.fill(np.nan)
            self._session.run_with_iobinding(self._binding)
            return self._outputs.copy()

    def _bind(self, links: int) -> None:
        inputs: Doubles = np.zeros((links, len(FEATURES)))
        outputs: Doubles = np.zeros((links, len(ACTIONS)))
        binding = self._session.io_binding()
        binding.bind_input(fmt.INPUT, "cpu", 0, np.float64, inputs.shape, inputs.ctypes.data)
        binding.bind_output(fmt.OUTPUT, "cpu", 0, np.float64, outputs.shape, outputs.ctypes.data)
        # all three or none: the binding knows addresses, and whoever failed to bind must not free what they point at
        self._inputs, self._outputs, self._binding = inputs, outputs, binding


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return options
