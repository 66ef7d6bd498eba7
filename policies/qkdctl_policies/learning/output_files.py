"""Files of a training: policy, card, curve, checkpoint and lock, named after the policy."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdctl.files import write_durably
from qkdctl_policies.learning.card import card
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.curve import lines, picture
from qkdctl_policies.learning.training import Trained


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Where the files of one training lie.

    Attributes:
        folder: for all of them.
        name: of the policy.
    """

    folder: Path
    name: str

    @property
    def policy(self) -> Path:
        """The file for nodes."""
        return self.folder / f"{self.name}.onnx"

    @property
    def card(self) -> Path:
        """What people should know about it."""
        return self.policy.with_suffix(".json")

    @property
    def checkpoint(self) -> Path:
        """From where the training goes on."""
        return self.folder / f"{self.name}.checkpoint"

    @property
    def curve(self) -> Path:
        """All looks at the learner, one line of JSON each; it grows while the training goes on."""
        return self.folder / f"{self.name}-curve.jsonl"

    @property
    def lock(self) -> Path:
        """Of the one that writes the others; there only meanwhile."""
        return self.folder / f"{self.name}.checkpoint.lock"

    def write(self, trained: Trained, config: TrainingConfig, seed: int) -> None:
        """Write everything but checkpoint and lock, each file whole; scores in the card of this very policy stay.

        Raises:
            OSError: when it cannot be written.
        """
        about = card(trained, config, seed) | self._scores(trained.vetted.sha256)
        write_durably(self.policy, trained.vetted.data)
        write_durably(self.card, (json.dumps(about, indent=2) + "\n").encode())
        write_durably(self.curve, lines(trained.curve).encode())
        title = f"{self.name}, seed {seed}: learned from {config.episodes_played} episodes"
        write_durably(self.folder / f"{self.name}-curve.png", picture(trained.curve, trained.references, title))

    def _scores(self, sha256: str) -> dict[str, Any]:
        try:
            known = json.loads(self.card.read_bytes())
            return {"scores": known["scores"]} if known["sha256"] == sha256 else {}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}
