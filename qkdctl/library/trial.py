"""The first load and run of a policy file, in a process of its own: `python -m qkdctl.library.trial`, bytes on stdin.

The process takes away from itself what a policy has no use for before it looks at the file, so whatever the file makes
of the parser or the runtime ends with this process. One line of JSON says what came of it.
"""

import json
import resource
import sys
from typing import Final

import numpy as np

from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.failure import PolicyFailure, PolicyRejected
from qkdctl.policy.format import MAX_BYTES
from qkdctl.policy.reference import exact_values, golden_observations
from qkdctl.policy.schema import GRID
from qkdctl.policy.vetting import vet

HEADROOM_BYTES: Final = 128 * 1024 * 1024
"""Address space beyond what interpreter and runtime take by themselves."""
CPU_S: Final = 5


def main() -> int:
    """Try the file on stdin."""
    _restrict()
    try:
        code, text = try_out(sys.stdin.buffer.read(MAX_BYTES + 1))
    except MemoryError:
        code, text = "memory", f"it needs more than {HEADROOM_BYTES} bytes"
    sys.stdout.write(json.dumps({"code": code, "text": text}))
    return 0


def try_out(data: bytes) -> tuple[str, str]:
    """Code and text of the first thing that is wrong with a file; ("", "") when it is a policy.

    The golden observations must give, with the runtime, exactly what integers give.
    """
    try:
        vetted = vet(data)
        observations = golden_observations()
        found = OnnxPolicy(vetted).values(observations / GRID)
    except PolicyRejected as rejection:
        return rejection.code, str(rejection).partition(": ")[2]
    except PolicyFailure as failure:
        return failure.code, str(failure).partition(": ")[2]
    if not np.array_equal(found, exact_values(vetted.layers, observations)):
        return "golden", "on this machine the runtime gives other values than integers do"
    return "", ""


def _restrict() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - pathlib would say the same
        pages = int(statm.read().split()[0])
    limit = pages * resource.getpagesize() + HEADROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    sys.exit(main())
