"""Files of a training: policy, card, curve and checkpoint, named after the policy."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdctl_policies.learning.card import card
from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.curve import draw, write_lines
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

    def write(self, trained: Trained, config: TrainingConfig, seed: int) -> None:
        """Write everything but the checkpoint; scores in the card of this very file stay.

        Raises:
            OSError: when it cannot be written.
        """
        self.policy.write_bytes(trained.vetted.data)
        about = card(trained, config, seed) | self._scores(trained.vetted.sha256)
        self.card.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        write_lines(self.folder / f"{self.name}-curve.jsonl", trained.curve)
        title = f"{self.name}, seed {seed}: learned from {config.episodes_played} episodes"
        draw(self.folder / f"{self.name}-curve.png", trained.curve, trained.references, title)

    def _scores(self, sha256: str) -> dict[str, Any]:
        try:
            known = json.loads(self.card.read_bytes())
            return {"scores": known["scores"]} if known["sha256"] == sha256 else {}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return {}
