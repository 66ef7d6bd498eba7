"""Checks of the files that the configuration names, and of secrets in the configuration itself."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from qkdctl.config.control_socket import SOCKET_NAME
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import names_secret
from qkdctl.config.schema import find_shape
from qkdctl.config.secrets import TOKEN_MIN, check_secret
from qkdctl.config.tree import Tree
from qkdctl.config.types import CREDENTIAL_PREFIX, SecretReference
from qkdctl.config.validation import inline_secret_problem

_TOKEN: KeyPath = ("api", "tcp", "token_file")
#: What a unix socket's path may be at most, in bytes (unix(7), sun_path).
_SOCKET_PATH_MAX = 107


def with_absolute_paths(tree: Tree) -> Tree:
    """Resolve relative paths: in a file against its directory, otherwise against the working directory."""
    for path, value in list(_leaves(tree.values, ())):
        shape = find_shape(path)
        if shape is None or shape.kind not in {Path, SecretReference} or not isinstance(value, str) or not value:
            continue
        if "://" in value or (value.startswith(CREDENTIAL_PREFIX) and shape.kind is SecretReference):
            continue
        origin = tree.origin(path)
        base = Path(origin.source).parent if origin.line else Path()
        tree = tree.with_value(path, str((base / value).absolute()), origin)
    return tree


def check_files(tree: Tree, environment: Mapping[str, str]) -> list[Problem]:
    """Check that named files exist and that secrets are kept where they should be."""
    problems: list[Problem] = []
    for path, value in _leaves(tree.values, ()):
        if names_secret(path[-1]):
            problems.append(inline_secret_problem(path, value, tree.origin(path)))
        shape = find_shape(path)
        is_reference = shape is not None and shape.kind is SecretReference
        if is_reference and isinstance(value, str) and value and "://" not in value:
            least = TOKEN_MIN if path == _TOKEN else 1
            problems += check_secret(SecretReference(value), dotted(path), tree.origin(path), environment, least)
        is_wanted = shape is not None and shape.kind is Path and _names_file(path[-1])
        if is_wanted and isinstance(value, str) and value and not Path(value).is_file():
            message = f"{value} does not exist" if not Path(value).exists() else f"{value} is no file"
            hint = "relative paths start at the directory of the file that names them"
            problems.append(Problem(tree.origin(path), dotted(path), message, f'"{value}"', "a file", hint))
    return problems + _socket_path(tree)


def _names_file(key: str | int) -> bool:
    """Whether a path is that of a file that must exist; the daemon makes directories and the socket."""
    return str(key) == "file" or str(key).endswith("_file")


def _socket_path(tree: Tree) -> list[Problem]:
    """The path of the control socket, where somebody configured it, must be one that the kernel takes."""
    path: KeyPath = ("api", "socket")
    value = tree.get(path)
    if value is None:
        path = ("node", "runtime_directory")
        value = f"{tree.get(path) or ''}/{SOCKET_NAME}"
    length = len(os.fsencode(value)) if isinstance(value, str) else 0
    if length <= _SOCKET_PATH_MAX:
        return []
    message = f"the path of the control socket has {length} bytes"
    return [Problem(tree.origin(path), dotted(path), message, f'"{value}"', f"at most {_SOCKET_PATH_MAX} bytes")]


def _leaves(table: Mapping[str, object], path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
