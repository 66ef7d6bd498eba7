"""Results as lines of JSON, so that a campaign that was cut off goes on where it was."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.campaigns.agreement.groups import Group

Line = dict[str, Any]


class Results:
    """What one group has shown so far.

    Args:
        folder: of the campaign.
        group: whose.
        version: of the software.
    """

    def __init__(self, folder: Path, group: Group, version: str) -> None:
        self._path = folder / f"{version}-{group.name}.jsonl"
        self.lines: list[Line] = []
        if self._path.exists():
            self.lines = [json.loads(line) for line in self._path.read_text().splitlines() if line.endswith("}")]

    def missing(self, seeds: int) -> list[int]:
        """Seeds that have not been run."""
        return sorted(set(range(seeds)) - {line["seed"] for line in self.lines})

    def add(self, lines: Iterable[Line]) -> None:
        """Keep results."""
        new = list(lines)
        self.lines += new
        with self._path.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in new)
