"""A training on disk, so that it can go on where it stopped; to the same bits where the replay is saved too."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch

from qkdctl.files import write_durably
from qkdctl_policies.learning.config import TrainingError

_MARK: Final = b"qkdctl training 1 "
"""Begins the file; SHA-256 of what follows it, hexadecimal, and a line's end come next."""
_DIGITS: Final = 64


def save(path: Path, claims: Mapping[str, str], seed: int, state: dict[str, Any]) -> None:
    """Replace the checkpoint by a new one; an interruption leaves the old one.

    Args:
        path: where.
        claims: of the training, so that none of another configuration, or of other sources, goes on from it.
        seed: likewise.
        state: tensors, numbers, text, and lists and dictionaries of them.

    Raises:
        OSError: naming the file, when it cannot be written.
    """
    content = io.BytesIO()
    torch.save({"claims": dict(claims), "seed": seed, "state": state}, content)
    whole = content.getbuffer()
    write_durably(path, _MARK, hashlib.sha256(whole).hexdigest().encode(), b"\n", whole)


def load(path: Path, claims: Mapping[str, str], seed: int) -> dict[str, Any]:
    """The state of this training; nothing in the file is run.

    Raises:
        TrainingError: when it is no checkpoint, a damaged one, or one of another training.
        OSError: when it cannot be read.
    """
    data = memoryview(path.read_bytes())
    head, digest, content = _split(data)
    if len(data) >= len(_MARK) and head != _MARK:
        raise TrainingError(f"{path} is no checkpoint of a training by this version of qkdctl; begin elsewhere")
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise TrainingError(
            f"{path} is damaged: {len(data)} bytes whose SHA-256 is not the one they begin with; restore it from a "
            "copy, or remove it and begin again"
        )
    found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if (found["claims"], found["seed"]) != (dict(claims), seed):
        raise TrainingError(
            f"{path} belongs to another configuration or seed, to scenario files that were different, or to another "
            "version of qkdctl; go on with those, or begin elsewhere"
        )
    return dict(found["state"])


def _split(data: memoryview) -> tuple[bytes, bytes, memoryview]:
    """Mark, digest and content."""
    begins = len(_MARK) + _DIGITS
    return bytes(data[: len(_MARK)]), bytes(data[len(_MARK) : begins]), data[begins + 1 :]
