"""A copy of the agreement in which guards can be taken away, one at a time."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.abft.mutations.mutation import Mutation

REPOSITORY = Path(__file__).parents[3]
_COPIED = ("qkdctl", "hil_sim", "tests/abft")
_CPU_S = 30


class MutationBench:
    """Packages and tests in a directory of their own.

    Args:
        directory: empty.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for name in _COPIED:
            shutil.copytree(REPOSITORY / name, directory / name)
        shutil.copy(REPOSITORY / "tests" / "__init__.py", directory / "tests")

    def notices(self, mutation: Mutation) -> bool:
        """Whether what the mutation names fails without the guard; to run without end is to fail."""
        path = self._directory / "qkdctl" / "abft" / mutation.file
        original = path.read_text()
        assert original.count(mutation.before) == 1, (
            f"{mutation.name}: its text occurs {original.count(mutation.before)} times"
        )
        path.write_text(original.replace(mutation.before, mutation.after))
        try:
            return not self.passes(mutation.noticed_by)
        finally:
            path.write_text(original)

    def passes(self, check: str) -> bool:
        """Run a test or a seed on the copy as it is, for half a minute of processor time at most."""
        environment = {**os.environ, "PYTHONPATH": str(self._directory), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", *_arguments(check)]
        ran = subprocess.run(
            command, cwd=self._directory, env=environment, capture_output=True, preexec_fn=_limit, check=False
        )
        if ran.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return False
        assert ran.returncode in (0, 1), f"{check}: {ran.stderr.decode()[-2000:] or ran.stdout.decode()[-2000:]}"
        return ran.returncode == 0


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))


def _arguments(check: str) -> list[str]:
    if check.startswith("seed "):
        _, nodes, faults, seed = check.split()
        return ["hil_sim.agreement", "--nodes", nodes, "--faults", faults, "--seed", seed]
    return ["pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull, f"tests/abft/{check}"]
