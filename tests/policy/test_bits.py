"""The same policy gives the same bits on processors with and without AVX and fused multiply-add."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policy.print_bits import ZOO, bits

NEHALEM = "Nehalem"
"""SSE4.2 and nothing after it: the oldest processor that numpy runs on."""


def test_the_runtime_gives_what_integers_give_for_every_shipped_policy() -> None:
    found = bits()
    assert found.keys() == {path.name for path in ZOO.glob("*.onnx")}
    for name, digests in found.items():
        assert digests["runtime"] == digests["integers"], name


def test_a_processor_without_avx_and_fma_gives_the_same_bits() -> None:
    emulator = shutil.which("qemu-x86_64")
    if platform.machine() != "x86_64" or emulator is None:
        pytest.skip("needs qemu-x86_64 (Debian: qemu-user) on x86-64")
    places = os.pathsep.join((str(Path(__file__).parents[2]), *filter(None, sys.path)))
    ended = subprocess.run(
        [emulator, "-cpu", NEHALEM, str(Path(sys.executable).resolve()), "-m", "tests.policy.print_bits"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": places},
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == bits()
