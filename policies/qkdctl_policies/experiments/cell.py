"""One cell of a suite: everything that decides its row."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from qkdctl.policy.vetting import vet
from qkdctl.resources import resource
from qkdctl_policies.experiments.arms import ARMS, BOUND
from qkdctl_policies.experiments.attacks import ATTACKS

ROW_VERSION: Final = 4
"""Rises when rows change their meaning; rows of other versions are no rows of a suite."""
BOUND_VERSION: Final = 1
"""Rises with changes of the bound, which concern no other row."""
DAEMON_VERSION: Final = 1
"""Rises with changes of what the daemon decides: routes, evidence, trust. Other arms keep their rows; a test knows what
is decided in this version."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Network, load, share of Byzantine nodes, attack, arm and seed; see `Suite` for the fields.

    Attributes:
        table: the section `[network]` of a scenario.
        hardware: its sections `[hardware.*]`.
        load: key that each demand asks for, as a share of what all of them can get at once without attack.
        byzantine: share of the nodes, or of the fibres where an attack is on fibres.
    """

    network: str
    table: Mapping[str, Any]
    hardware: Mapping[str, Any]
    epoch_s: float
    warm_up_epochs: int
    epochs: int
    demands: int
    load: float
    byzantine: float
    attack: str
    arm: str
    policy: str
    seed: int

    @property
    def configuration(self) -> str:
        """SHA-256 of all that decides the row but the seed, content of the topology's file and weights included.

        Raises:
            OSError: a file that it names cannot be read.
            PolicyRejected: for a policy that is no good.
        """
        plain = {
            "row_version": ROW_VERSION,
            "network": self.network,
            "table": self.table,
            "hardware": self.hardware,
            "epoch_s": self.epoch_s,
            "warm_up_epochs": self.warm_up_epochs,
            "epochs": self.epochs,
            "demands": self.demands,
            "load": self.load,
            "byzantine": self.byzantine,
            "attack": {"name": self.attack} | ATTACKS[self.attack].to_plain(),
            "arm": {"name": self.arm} | _plain_arm(self.arm),
            "policy": policy_digest(self.policy) if self.arm != BOUND and ARMS[self.arm].settings == "learned" else "",
            **topology_digest(self.table),
        }
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    @property
    def key(self) -> tuple[str, int]:
        """What tells its row from all others."""
        return self.configuration, self.seed


def _plain_arm(name: str) -> dict[str, Any]:
    """What an arm is, and which version of the code behind it."""
    if name == BOUND:
        return {"version": BOUND_VERSION}
    arm = ARMS[name]
    decides = arm.routing == "daemon" or arm.heeds_losses
    return arm.to_plain() | ({"version": DAEMON_VERSION} if decides else {})


def topology_digest(table: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of the file that a table `[network]` names; nothing where it names none.

    Raises:
        OSError: the file cannot be read.
    """
    name = table.get("topology")
    if not isinstance(name, str) or not name.endswith(".toml"):
        return {}
    return {"topology_file": hashlib.sha256(Path(name).read_bytes()).hexdigest()}


def policy_file(name: str) -> Path:
    """Where a policy lies: in the zoo by name, or at a path that ends in .onnx.

    Raises:
        FileNotFoundError: there is none.
    """
    if not name.endswith(".onnx"):
        return resource(f"zoo/{name}.onnx")
    path = Path(name)
    if not path.is_file():
        raise FileNotFoundError(f"there is no policy file {name}")
    return path


@lru_cache
def policy_digest(name: str) -> str:
    """SHA-256 of the weights of a policy; what its file claims about its making decides no row.

    Raises:
        FileNotFoundError: there is no such policy.
        PolicyRejected: its file is no good.
    """
    total = hashlib.sha256()
    for layer in vet(policy_file(name).read_bytes()).layers:
        total.update(f"{layer.weights.shape}".encode())
        total.update(layer.weights.astype("<i8").tobytes() + layer.biases.astype("<i8").tobytes())
    return total.hexdigest()
