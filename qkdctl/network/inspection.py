"""Checking descriptions and node folders without a daemon: everything that is wrong, at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qkdctl.auth.levels import Way
from qkdctl.clock import Clock, RealClock
from qkdctl.config.catalog import DriverCatalog
from qkdctl.config.documents import read_document
from qkdctl.config.load import load
from qkdctl.config.model import Config
from qkdctl.config.problems import ConfigError, Origin, Problem
from qkdctl.network.credentials import check_credentials
from qkdctl.network.description import NetworkDescription
from qkdctl.network.directories import CONFIGURATION
from qkdctl.network.key_files import KeyFile, KeyFolder, compare_key_files, open_key_files
from qkdctl.network.load import FILE_NAME, read_description


@dataclass(slots=True)
class Inspection:
    """What was found.

    Attributes:
        description: of the network, as far as one could be read.
        problems: errors and warnings.
        ways: per node whose configuration is valid, how key reaches each peer.
        keys: files of key that nodes have and can use.
    """

    description: NetworkDescription | None = None
    problems: list[Problem] = field(default_factory=list)
    ways: dict[str, dict[str, Way]] = field(default_factory=dict)
    keys: list[KeyFile] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Whether there are no errors."""
        return all(problem.severity != "error" for problem in self.problems)


def inspect_network(
    paths: Sequence[Path],
    environment: Mapping[str, str],
    registry: DriverCatalog | None = None,
    clock: Clock | None = None,
) -> Inspection:
    """Check what stands at some paths, and whether it fits together.

    Args:
        paths: each a description, a node's configuration, the folder of a node, or a folder with those of several.
        environment: as for `qkdctl.config.load.load`.
        registry: drivers that may be named.
        clock: the present, at which certificates must be valid; by default that of the machine.
    """
    found = Inspection()
    configurations: list[Path] = []
    for path in paths:
        configured = _configurations(path)
        configurations += [file for file in configured if file not in configurations]
        if not configured:
            _inspect_description(found, path / FILE_NAME if path.is_dir() else path)
    if configurations:
        _inspect_nodes(found, configurations, environment, registry, clock or RealClock())
    return found


def _configurations(path: Path) -> list[Path]:
    """The configurations of nodes at a path; none where only a description stands."""
    if not path.is_dir():
        return [path] if "node" in read_document(path).table else []
    if (path / CONFIGURATION).is_file():
        return [path / CONFIGURATION]
    return sorted(path.glob(f"*/{CONFIGURATION}"))


def _inspect_description(found: Inspection, file: Path) -> None:
    reading = read_description(file)
    found.problems += reading.problems
    if reading.description is not None:
        found.problems += _same_description(found, reading.description, str(file))


def _inspect_nodes(
    found: Inspection,
    files: Sequence[Path],
    environment: Mapping[str, str],
    registry: DriverCatalog | None,
    clock: Clock,
) -> None:
    configs = []
    for file in files:
        try:
            config = load(file, environment, {}, registry)
        except ConfigError as error:
            found.problems += error.problems
        else:
            found.problems += config.provenance.warnings
            configs.append((file, config))
    found.problems = _once(found.problems)
    for file, config in configs:
        found.problems += _compare(found, file, config)
        found.problems += check_credentials(config, environment, clock)
    if found.description is None:
        found.description = _first_description(files)
    valid = {file: KeyFolder.of(config) for file, config in configs}
    _inspect_keys(found, [valid[file] if file in valid else KeyFolder.of_draft(file) for file in files])


def _inspect_keys(found: Inspection, folders: Iterable[KeyFolder | None]) -> None:
    """Open the key files of all nodes, also of those that lack instruments yet, and compare the ends of each pair."""
    if found.description is None:
        return
    files: list[KeyFile] = []
    for folder in folders:
        if folder is not None:
            opened, problems = open_key_files(folder, found.description)
            files += opened
            found.problems += problems
    found.keys, problems = compare_key_files(files)
    found.problems += problems


def _same_description(found: Inspection, description: NetworkDescription, whose: str) -> list[Problem]:
    """Take in a description, which must be the one of those before."""
    if found.description is None:
        found.description = description
    if found.description.digest == description.digest:
        return []
    message = f"the description of {whose} differs from {found.description.source} in at least one value"
    hint = "give every node the same file; nodes with different ones do not count each other"
    return [Problem(Origin(description.source), "", message, hint=hint)]


def _compare(found: Inspection, file: Path, config: Config) -> list[Problem]:
    """Take in one node, which must have the description of those before."""
    description, section, node = config.description, config.network, config.node.name
    if description is None or section is None:
        message = f"{node} has no [network]"
        return [Problem(Origin.in_file(file), "network", message, hint='add [network] with file = "network.toml"')]
    if problems := _same_description(found, description, node):
        return problems
    if node in found.ways:
        return [Problem(Origin.in_file(file), "node.name", f"another folder here is that of {node}, too")]
    found.ways[node] = description.ways(
        node, section.hybrid_among(description.members), managed=section.key_manager is not None
    )
    return []


def _first_description(files: Iterable[Path]) -> NetworkDescription | None:
    """A description to show although no configuration that names one is valid."""
    beside = (file.parent / FILE_NAME for file in files)
    return next((read_description(path).description for path in beside if path.is_file()), None)


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Without what several copies of the description have in common."""
    unique: dict[object, Problem] = {}
    for problem in problems:
        source = Path(problem.origin.source)
        place = source.name if source.name == FILE_NAME else str(source)
        unique.setdefault((place, problem.origin.line, problem.key, problem.message), problem)
    return list(unique.values())
