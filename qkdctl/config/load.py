"""From files, environment and flags to one configuration, or to every reason why not."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from qkdctl.config.catalog import DriverCatalog, EntryPointCatalog
from qkdctl.config.defaults import with_defaults
from qkdctl.config.device_checks import check_devices
from qkdctl.config.documents import read_document
from qkdctl.config.file_checks import check_files, with_absolute_paths
from qkdctl.config.files import configuration_files
from qkdctl.config.link_checks import check_key_router, check_references
from qkdctl.config.link_ends import check_ends
from qkdctl.config.link_figures import check_figures
from qkdctl.config.model import Config, Provenance
from qkdctl.config.network_checks import check_network
from qkdctl.config.network_values import with_agreed_values
from qkdctl.config.overrides import apply_environment, apply_flags
from qkdctl.config.problems import ConfigError, Problem, in_order
from qkdctl.config.section_checks import check_sections
from qkdctl.config.tree import Tree, merge
from qkdctl.config.validation import validation_problems

if TYPE_CHECKING:
    from qkdctl.network.description import NetworkDescription


def load(
    path: Path,
    environment: Mapping[str, str],
    overrides: Mapping[str, str],
    registry: DriverCatalog | None = None,
) -> Config:
    """Read and check a configuration. Touches files only: no device, no network.

    Args:
        path: main file; `conf.d/*.toml` beside it follow in lexical order, later files replacing single keys.
        environment: `QKDCTL_<SECTION>__<KEY>` replace single values; CREDENTIALS_DIRECTORY holds credentials.
        overrides: dotted key -> text, from flags; they win over all.
        registry: drivers that may be named; those of the installed packages by default.

    Returns:
        The configuration; its `provenance` has the warnings and the origin of every value.

    Raises:
        ConfigError: with all problems at once.
    """
    files, problems = configuration_files(path)
    documents = [read_document(file) for file in files]
    problems += [problem for document in documents for problem in document.problems]
    tree, found = apply_environment(merge(path, documents), environment)
    problems += found
    tree, found = apply_flags(tree, overrides)
    problems += found
    tree = with_absolute_paths(tree)
    problems += [*check_sections(tree), *check_files(tree, environment)]
    tree, description, found = with_network(tree)
    problems += found
    devices, found = check_devices(tree, registry if registry is not None else EntryPointCatalog())
    problems += [*found, *check_references(tree, devices), *check_key_router(tree, devices)]
    problems += [*check_ends(tree), *check_figures(tree, devices)]
    tree = with_defaults(tree, devices)
    sources = [*map(str, files), *([] if description is None else [description.source])]
    warnings = in_order((problem for problem in problems if problem.severity == "warning"), sources)
    try:
        provenance = Provenance(tuple(files), tree.origins, tuple(warnings), description)
        config = Config.model_validate(tree.values, context=provenance)
    except ValidationError as error:
        problems += validation_problems(error, tree)
        raise ConfigError(in_order(problems, sources)) from None
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(in_order(problems, sources))
    return config


def with_network(tree: Tree) -> "tuple[Tree, NetworkDescription | None, list[Problem]]":
    """The tree with what the network has agreed on, its description, and what is wrong with either.

    Without a description that is named nothing can be said to be missing.
    """
    path = tree.get(("network", "file"))
    if path is None:
        return tree, None, []
    if not isinstance(path, str) or not Path(path).is_file():
        return replace(tree, is_complete=False), None, []
    from qkdctl.network.load import read_description  # noqa: PLC0415 - brings the agreement, which few configurations need

    reading = read_description(Path(path))
    if reading.description is None:
        return replace(tree, is_complete=False), None, list(reading.problems)
    agreed, found = with_agreed_values(tree, reading.description)
    return agreed, reading.description, [*reading.problems, *found, *check_network(tree, reading.description)]
