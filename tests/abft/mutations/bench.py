"""A copy of the agreement in which guards can be taken away, one at a time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.abft.mutations.mutation import Mutation

REPOSITORY = Path(__file__).parents[3]
_COPIED = ("qkdctl", "hil_sim", "tests/abft")
_PATIENCE_S = 120.0


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

    def notices(self, mutation: Mutation, noticed_by: str | None = None) -> bool:
        """Whether something fails without the guard; to run without end is to fail.

        Args:
            mutation: what to take away.
            noticed_by: instead of what the mutation names.
        """
        path = self._directory / "qkdctl" / "abft" / mutation.file
        original = path.read_text()
        assert original.count(mutation.before) == 1, (
            f"{mutation.name}: its text occurs {original.count(mutation.before)} times"
        )
        path.write_text(original.replace(mutation.before, mutation.after))
        try:
            return not self.passes(noticed_by or mutation.noticed_by)
        finally:
            path.write_text(original)

    def passes(self, check: str, patience_s: float = _PATIENCE_S) -> bool:
        """Run a test or a seed on the copy as it is."""
        environment = {**os.environ, "PYTHONPATH": str(self._directory), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", *_arguments(check)]
        try:
            ran = subprocess.run(
                command, cwd=self._directory, env=environment, capture_output=True, timeout=patience_s, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        assert ran.returncode in (0, 1), f"{check}: {ran.stderr.decode()[-2000:] or ran.stdout.decode()[-2000:]}"
        return ran.returncode == 0


def _arguments(check: str) -> list[str]:
    if check.startswith("seed "):
        _, nodes, faults, seed, *count = check.split()
        options = [
            "--nodes",
            nodes,
            "--faults",
            faults,
            "--seed",
            seed,
            "--count",
            *(count or ["1"]),
            "--first-failure",
        ]
        return ["hil_sim.agreement", *options]
    tests = [f"tests/abft/{test}" for test in check.split()]
    return ["pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull, *tests]
