"""Libraries in folders, and files for them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qkdctl.clock import VirtualClock
from qkdctl.library.following import Situation
from qkdctl.library.library import Library
from qkdctl.library.manifest import Manifest, trusted
from qkdctl.library.shelf import Shelf
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.builder import build
from qkdctl.policy.failure import PolicyRejected
from tests.policy.networks import random_network

KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
TRUSTED = trusted([f"release:{KEY.public_key().public_bytes_raw().hex()}"])


def policy(seed: int = 1) -> bytes:
    return build(random_network(seed, 3), {"name": f"policy-{seed}"})


def manifest(data: bytes, version: int = 1, **changes: object) -> Manifest:
    values = {"name": "night", "sha256": sha256(data), "size": len(data), "version": version}
    return Manifest.model_validate({**values, **changes})


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Shelved:
    """A library in a folder, opened anew as often as wanted."""

    folder: Path
    keys: bool = False
    situation: Situation = field(default_factory=lambda: Situation(0, "rule-based"))
    steps: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def open(self) -> Library:
        found = Library(
            Shelf(self.folder / "policies"),
            TRUSTED if self.keys else {},
            VirtualClock(),
            2,
            BASELINES,
            lambda: self.situation,
            lambda card: self.steps.append(card.life.events[-1].step),
        )
        self.complaints = await found.open()
        return found

    def files(self) -> set[str]:
        return {path.name for path in (self.folder / "policies").iterdir()}


async def code_of(library: Library, data: bytes, about: Manifest | None) -> str:
    """Why a file is rejected; all others stay."""
    before = dict(library.policies)
    with pytest.raises(PolicyRejected) as rejection:
        await library.stage(data, about, "x", "me")
    assert library.policies == before
    return rejection.value.code
