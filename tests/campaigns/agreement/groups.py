"""What the campaign runs, and what counts as the same software."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_CORE = ("qkdctl/abft", "hil_sim/agreement")


@dataclass(frozen=True, slots=True)
class Group:
    """Stories of one kind.

    Attributes:
        nodes, faults: N and f.
        colluders: f + 1 nodes lie, and together.
        seeds: how many there shall be.
    """

    nodes: int
    faults: int
    colluders: bool
    seeds: int

    @property
    def name(self) -> str:
        """For file names."""
        return f"{self.nodes}-{self.faults}{'-colluders' if self.colluders else ''}"


GROUPS = (
    Group(4, 1, colluders=False, seeds=10_000),
    Group(7, 2, colluders=False, seeds=3_000),
    Group(10, 3, colluders=False, seeds=1_000),
    Group(4, 1, colluders=True, seeds=1_000),
    Group(5, 1, colluders=True, seeds=1_000),
    Group(7, 2, colluders=True, seeds=300),
    Group(8, 2, colluders=True, seeds=300),
)


def software() -> str:
    """Names the replicas and their simulator: results of other versions do not count. First 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for folder in _CORE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
