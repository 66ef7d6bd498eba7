"""Where the daemon of a configuration listens, without judging the rest of that configuration."""

from collections.abc import Mapping
from pathlib import Path

from qkdctl.config.documents import read_document
from qkdctl.config.files import configuration_files
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import ConfigError
from qkdctl.config.tree import Tree, merge

_SOCKET: KeyPath = ("api", "socket")
_DIRECTORY: KeyPath = ("node", "runtime_directory")
SOCKET_NAME = "qkdctl.sock"


def control_socket(path: Path, environment: Mapping[str, str]) -> Path | None:
    """The socket that `load` finds, in a tenth of the time, and also where other parts of the configuration are wrong.

    Whoever asks a running daemon needs no more of a configuration that may just be edited.

    Args:
        path: main file; `conf.d/*.toml` beside it follow.
        environment: `QKDCTL_API__SOCKET` and `QKDCTL_NODE__RUNTIME_DIRECTORY` replace what the files say.

    Returns:
        None when the configuration says neither socket nor directory, so that the daemon listens at the default place.

    Raises:
        ConfigError: a file cannot be read; one that is only in part TOML is no reason.
    """
    files, problems = configuration_files(path)
    documents = [read_document(file) for file in files]
    problems += [problem for document in documents if not document.text for problem in document.problems]
    if problems:
        raise ConfigError(problems)
    tree = merge(path, documents)
    if socket := _path_at(tree, _SOCKET, environment):
        return socket
    directory = _path_at(tree, _DIRECTORY, environment)
    return None if directory is None else directory / SOCKET_NAME


def _path_at(tree: Tree, key: KeyPath, environment: Mapping[str, str]) -> Path | None:
    section, name = (str(part) for part in key)
    if text := environment.get(f"QKDCTL_{section}__{name}".upper()):
        return Path(text).absolute()
    value = tree.get(key)
    return (Path(tree.origin(key).source).parent / value).absolute() if value and isinstance(value, str) else None
