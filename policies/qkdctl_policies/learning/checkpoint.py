"""A training on disk, so that it can go on where it stopped; to the same bits where the replay is saved too."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from qkdctl_policies.learning.config import TrainingError


def save(path: Path, claims: Mapping[str, str], seed: int, state: dict[str, Any]) -> None:
    """Replace the checkpoint by a new one; an interruption leaves the old one.

    Args:
        path: where.
        claims: of the training, so that none of another configuration, or of other sources, goes on from it.
        seed: likewise.
        state: tensors, numbers, text, and lists and dictionaries of them.

    Raises:
        OSError: when it cannot be written.
    """
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as file:
        torch.save({"claims": dict(claims), "seed": seed, "state": state}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)  # noqa: PTH105 - replaces atomically, and says so


def load(path: Path, claims: Mapping[str, str], seed: int) -> dict[str, Any]:
    """The state of this training; nothing in the file is run.

    Raises:
        TrainingError: when it is no checkpoint, or one of another training.
        OSError: when it cannot be read.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        theirs, state = (content["claims"], content["seed"]), content["state"]
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is no checkpoint of a training: {error}") from None
    if theirs != (dict(claims), seed):
        raise TrainingError(
            f"{path} belongs to another configuration or seed, to scenario files that were different, or to another "
            "version of qkdctl; go on with those, or begin elsewhere"
        )
    return dict(state)
