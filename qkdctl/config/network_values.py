"""What the nodes of a network have agreed on, laid under a node's own configuration.

A value that the description gives needs no second place. Where the configuration has it all the same, it must be equal.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Origin, Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.shared_figures import SharedFigures
from qkdctl.config.tree import Tree

if TYPE_CHECKING:
    from qkdctl.network.description import NetworkDescription


def with_agreed_values(tree: Tree, description: "NetworkDescription") -> tuple[Tree, list[Problem]]:
    """Fill in epoch, shield and the figures of all links, and report what contradicts them."""
    values: dict[str, Any] = dict(tree.values)
    origins = dict(tree.origins)
    problems: list[Problem] = []
    for path, agreed, where in _agreed(description):
        own = tree.get(path)
        if own is None:
            if _put(values, path, agreed):
                origins[path] = where
        elif _plain(own) != _plain(agreed):
            problems.append(_contradiction(tree, path, own, agreed, where))
    return Tree(tree.main, values, origins, tree.is_complete), problems


def _agreed(description: "NetworkDescription") -> Iterator[tuple[KeyPath, Any, Origin]]:
    """Path in the configuration, value, and where the description has it."""
    file = description.file

    def place(path: KeyPath) -> Origin:
        while path and path not in description.origins:
            path = path[:-1]
        return description.origins.get(path, Origin(description.source))

    yield ("node", "epoch_s"), file.network.epoch_s, place(("network", "epoch_s"))
    for key, value in file.shield.model_dump().items():
        yield ("shield", key), value, place(("shield", key))
    for link, figures in file.links.items():
        for key in SharedFigures.model_fields:
            if (value := getattr(figures, key)) is not None:
                yield ("links", link, key), value, place(("links", link, key))


def _put(values: dict[str, Any], path: KeyPath, value: Any) -> bool:
    """Add a value, copying the tables around it; False where something else than a table stands in the way."""
    for part in path[:-1]:
        inner = values.get(str(part), {})
        if not isinstance(inner, Mapping):
            return False
        values[str(part)] = dict(inner)
        values = values[str(part)]
    values[str(path[-1])] = list(value) if isinstance(value, tuple) else value
    return True


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _contradiction(tree: Tree, path: KeyPath, own: Any, agreed: Any, where: Origin) -> Problem:
    key = str(path[-1])
    message = f"{key} is not what the nodes of the network have agreed on ({where})"
    shown = describe(key, _plain(agreed)) if not isinstance(agreed, tuple) else str(list(agreed))
    hint = f"remove {key} here, the description of the network gives it"
    return Problem(tree.origin(path), dotted(path), message, describe(key, own), shown, hint)
