"""Key files of nodes, opened: whether they hold enough key, and the same at both ends of a pair. No key is shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from qkdctl.config.documents import read_document
from qkdctl.config.model import Config
from qkdctl.config.network_section import pair_file
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Origin, Problem, Severity, dotted
from qkdctl.config.tree import merge
from qkdctl.keys.base import KeySourceError
from qkdctl.keys.pair_look import PairLook, same_key
from qkdctl.network.description import NetworkDescription
from qkdctl.network.directories import PairKeys

_DIRECTORY: KeyPath = ("network", "key_directory")
_KEY = dotted(_DIRECTORY)
_SHORT_S = 3600.0
_MORE = "make files for the pair with qkdctl network init, or connect key managers: docs/guides/network.md"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One node's copy of the key that it shares with a peer.

    Attributes:
        look: at the file.
        origin: where the configuration names it.
        lasts_s: how long the node may go on sending after one more start; 0 when the file is used up.
        same: whether the other end has the same key; None where that is not at hand.
    """

    look: PairLook
    origin: Origin
    lasts_s: float
    same: bool | None = None

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        look = self.look
        return {
            "node": look.me,
            "peer": look.peer,
            "file": str(look.path),
            "blocks": look.blocks,
            "blocks_left": look.left,
            "lasts_s": round(self.lasts_s, 3),
            "same": self.same,
        }


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """Where a node keeps its key files.

    Attributes:
        node: its name.
        path: of the folder.
        origin: where the configuration names it.
        falls_back: the node may go on with HMAC when a file is used up.
    """

    node: str
    path: Path
    origin: Origin
    falls_back: bool

    @classmethod
    def of(cls, config: Config) -> Self | None:
        """That of a valid configuration; None where keys come from elsewhere."""
        section = config.network
        if section is None or section.key_directory is None:
            return None
        return cls(config.node.name, section.key_directory, config.origin(_DIRECTORY), section.limits.fallback)

    @classmethod
    def of_draft(cls, file: Path) -> Self | None:
        """That of a configuration with errors, such as one in which instruments are missing yet, as far as it says."""
        document = read_document(file)
        tree = merge(file, [document])
        name, directory = tree.get(("node", "name")), tree.get(_DIRECTORY)
        if not isinstance(name, str) or not isinstance(directory, str) or not directory:
            return None
        falls_back = tree.get((*_DIRECTORY[:-1], "claim")) != "information-theoretic"
        return cls(name, file.absolute().parent / directory, tree.origin(_DIRECTORY), falls_back)


def open_key_files(folder: KeyFolder, description: NetworkDescription) -> tuple[list[KeyFile], list[Problem]]:
    """Open the files of a node for all other members that are there.

    Returns:
        Files that can be used, and what is wrong: a file that holds no key for its pair, or too little.
    """
    files: list[KeyFile] = []
    problems: list[Problem] = []
    me, origin = folder.node, folder.origin
    for peer in description.members:
        if peer == me:
            continue
        try:
            look = PairLook.at(pair_file(folder.path, peer), me, peer)
        except KeySourceError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                continue  # the check of the configuration has told so
            message, _, hint = str(error).partition("; ")
            severity: Severity = "warning" if isinstance(error.__cause__, PermissionError) else "error"
            problems.append(Problem(origin, _KEY, message, "", f"the key of {me} and {peer}", hint, severity))
        else:
            files.append(KeyFile(look, origin, PairKeys(look.left).lasts_s(description.file.network.epoch_s)))
    return files, [*problems, *_short(files, falls_back=folder.falls_back)]


def compare_key_files(files: Iterable[KeyFile]) -> tuple[list[KeyFile], list[Problem]]:
    """Compare the two ends of each pair of which both are here.

    Returns:
        The files, with `same` told, and a problem for each pair whose ends do not have the same key.
    """
    by_pair = {(file.look.me, file.look.peer): file for file in files}
    problems = []
    for (me, peer), here in list(by_pair.items()):
        there = by_pair.get((peer, me))
        if there is None or me > peer:
            continue
        try:
            same = same_key(here.look, there.look)
        except (OSError, KeySourceError) as error:
            message, hint = f"the keys of {me} and {peer} cannot be compared: {error}", "run the check again"
            problems.append(Problem(here.origin, _KEY, message, hint=hint, severity="warning"))
            continue
        by_pair[me, peer], by_pair[peer, me] = replace(here, same=same), replace(there, same=same)
        if not same:
            problems.append(_different(here, there))
    return list(by_pair.values()), problems


def _different(here: KeyFile, there: KeyFile) -> Problem:
    one, two = here.look, there.look
    message = f"{one.me} and {two.me} do not hold the same key: {one.path} and {two.path} differ"
    sizes = f"{one.blocks} and {two.blocks} blocks" if one.blocks != two.blocks else ""
    hint = "both must come from one run of qkdctl network init; make new ones for this pair, and carry one to each node"
    return Problem(here.origin, _KEY, message, sizes, "copies of one key, apart from what was used of it", hint)


def _short(files: Iterable[KeyFile], *, falls_back: bool) -> list[Problem]:
    """One problem for all files that are used up, and one for all that soon will be."""
    problems = []
    used_up = [file for file in files if not file.lasts_s]
    if used_up:
        message = f"the key shared with {_peers(used_up)} is used up: each start skips some, and no start is left"
        severity: Severity = "warning" if falls_back else "error"
        expected = "one-time pads" if falls_back else 'one-time pads, because claim = "information-theoretic"'
        found = "; ".join(f"{file.look.left} of {file.look.blocks} blocks in {file.look.path}" for file in used_up)
        problems.append(Problem(used_up[0].origin, _KEY, message, found, expected, _MORE, severity))
    short = [file for file in files if 0 < file.lasts_s < _SHORT_S]
    if short:
        least = min(file.lasts_s for file in short)
        message = f"the key shared with {_peers(short)} lasts for {least / 60:.1f} min of decisions at least"
        problems.append(Problem(short[0].origin, _KEY, message, "", "an hour or more", _MORE, "warning"))
    return problems


def _peers(files: Iterable[KeyFile]) -> str:
    return ", ".join(file.look.peer for file in files)
