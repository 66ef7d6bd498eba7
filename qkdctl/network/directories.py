"""A folder for each node of a new network: description, configuration, first keys."""

import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from qkdctl.auth.limits import PADS_PER_BLOCK, Limits
from qkdctl.clock import Clock
from qkdctl.config.network_section import pair_file
from qkdctl.keys.certificates import Authority, CredentialFiles
from qkdctl.keys.pair_file import create_pair_files
from qkdctl.keys.pair_source import AHEAD
from qkdctl.network.description import NetworkDescription
from qkdctl.network.load import FILE_NAME
from qkdctl.network.skeleton import render_skeleton

CONFIGURATION = "qkdctl.toml"
KEYS = "keys"
AUTHORITY = "authority"
TAGS_PER_DECISION = 20
"""One-time tags that a node may send to a peer for a decision: 2.5 kbit of key. Four nodes without loss take 12."""
STARTS = 25
"""So many starts of a node are provided for; each skips key, in case that the store came out of a backup."""
BLOCKS_PER_START = AHEAD + 1 + Limits().stock // PADS_PER_BLOCK
"""That a start may skip."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class PairKeys:
    """Keys in files, one for each pair of nodes.

    Attributes:
        blocks: per direction, see `qkdctl.keys.pair_file`.
    """

    blocks: int

    @classmethod
    def for_days(cls, days: float, epoch_s: float) -> "PairKeys":
        """As much as decisions of so many days, and some starts, use up."""
        decisions = math.ceil(days * _DAY_S / epoch_s)
        return cls(-(-decisions * TAGS_PER_DECISION // PADS_PER_BLOCK) + STARTS * BLOCKS_PER_START)

    def lasts_s(self, epoch_s: float) -> float:
        """How long one node may go on sending after one more start, in seconds; 0 when it cannot start any more."""
        tags = max(0, self.blocks - BLOCKS_PER_START) * PADS_PER_BLOCK
        return tags / TAGS_PER_DECISION * epoch_s


@dataclass(frozen=True, slots=True)
class ManagedKeys:
    """Keys from key managers; each node gets a certificate by which its key manager knows it.

    Attributes:
        url: of the key manager of a node, whose name stands for `{node}` in it.
        clock: the present, from which certificates are valid.
    """

    url: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class NodeDirectory:
    """What one node gets.

    Attributes:
        node: its name.
        path: the folder, to be carried there as a whole and by nobody who may not know the keys.
    """

    node: str
    path: Path

    @property
    def configuration(self) -> Path:
        """For `qkdctl run --config`."""
        return self.path / CONFIGURATION


def network_directories(
    description: NetworkDescription,
    target: Path,
    keys: PairKeys | ManagedKeys,
    configurations: Mapping[str, str] | None = None,
) -> tuple[NodeDirectory, ...]:
    """Make `target` with a folder for each member, all of it or nothing.

    Args:
        description: of the network.
        target: must not exist, or be empty; only its owner may enter it afterwards.
        keys: where the nodes get theirs from.
        configurations: text of qkdctl.toml by node, in place of a skeleton.

    Raises:
        FileExistsError: something stands at `target`.
        OSError, KeySourceError: something cannot be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} exists already, and nothing is overwritten")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for node in description.members:
            (draft / node / KEYS).mkdir(parents=True, mode=0o700)
            (draft / node / FILE_NAME).write_text(description.text, encoding="utf-8", newline="")
            text = (configurations or {}).get(node)
            text = render_skeleton(description, node, _key_lines(keys, node)) if text is None else text
            (draft / node / CONFIGURATION).write_text(text, encoding="utf-8")
        if isinstance(keys, PairKeys):
            _write_pairs(description, draft, keys)
        else:
            _write_certificates(description, draft, keys)
        os.rename(draft, target)  # noqa: PTH104 - takes the place of an empty folder, and of nothing else
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return tuple(NodeDirectory(node, target / node) for node in description.members)


def _key_lines(keys: PairKeys | ManagedKeys, node: str) -> str:
    if isinstance(keys, PairKeys):
        return f'key_directory = "{KEYS}"\n'
    lines = ("[network.key_manager]", f'url = "{keys.url.replace("{node}", node)}"', *_credential_lines())
    return "".join(f"{line}\n" for line in ("", *lines))


def _credential_lines() -> Iterator[str]:
    files = CredentialFiles.in_folder(Path(KEYS), "sae")
    yield f'certificate_file = "{files.certificate}"'
    yield f'key_file = "{files.key}"'
    yield "# The authority that signed the certificate of the key manager, if it is another one."
    yield f'ca_file = "{KEYS}/ca.pem"'


def _write_pairs(description: NetworkDescription, draft: Path, keys: PairKeys) -> None:
    for one, two in combinations(description.members, 2):
        paths = (pair_file(draft / one / KEYS, two), pair_file(draft / two / KEYS, one))
        create_pair_files(paths, (one, two), keys.blocks)


def _write_certificates(description: NetworkDescription, draft: Path, keys: ManagedKeys) -> None:
    authority = Authority.create(f"{description.name} authority"[:64], keys.clock)
    own = authority.credentials.write(CredentialFiles.in_folder(draft / AUTHORITY, "ca"))
    for node, member in description.file.members.items():
        folder = draft / node / KEYS
        authority.issue_client(member.sae).write(CredentialFiles.in_folder(folder, "sae"))
        shutil.copyfile(own.certificate, folder / "ca.pem")
