"""Raw values of all sources, merged, each with its origin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdctl.config.documents import Document
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Origin


@dataclass(frozen=True, slots=True)
class Tree:
    """Merged values that nobody has judged yet.

    Attributes:
        main: the main file; what is missing altogether is reported there.
        values: nested tables; not to be modified.
        origins: of each key, table and list element that some source sets.
        is_complete: False when a file had parts that could not be read; then nothing can be said to be missing.
    """

    main: Path
    values: Mapping[str, Any]
    origins: Mapping[KeyPath, Origin]
    is_complete: bool = True

    def get(self, path: KeyPath) -> Any:
        """The value at a path, None when there is none."""
        node: Any = self.values
        for part in path:
            if not isinstance(node, Mapping) or part not in node:
                return None
            node = node[part]
        return node

    def table(self, path: KeyPath) -> Mapping[str, Any]:
        """The table at a path, empty when none stands there."""
        found = self.get(path)
        return found if isinstance(found, Mapping) else {}

    def origin(self, path: KeyPath) -> Origin:
        """Where a path was set, or else the nearest table around it."""
        while path:
            if path in self.origins:
                return self.origins[path]
            path = path[:-1]
        return Origin.in_file(self.main)

    def with_value(self, path: KeyPath, value: Any, origin: Origin | None) -> "Tree":
        """The tree with one value replaced or added; without an origin it counts as a default.

        The tables around it must be tables, or absent.
        """
        origins = {key: place for key, place in self.origins.items() if key[: len(path)] != path}
        if origin is not None:
            origins[path] = origin
        return Tree(self.main, _replaced(self.values, path, value), origins, self.is_complete)


def merge(main: Path, documents: Iterable[Document]) -> Tree:
    """Merge files: tables are merged, single values and lists are replaced by the later file."""
    values: dict[str, Any] = {}
    origins: dict[KeyPath, Origin] = {}
    is_complete = True
    for document in documents:
        is_complete = is_complete and not document.problems
        values = _merged((), values, document.table, document, origins)
    return Tree(main, values, origins, is_complete)


def _merged(
    path: KeyPath,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    document: Document,
    origins: dict[KeyPath, Origin],
) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        here = (*path, key)
        before = merged.get(key)
        if isinstance(value, dict) and (before is None or isinstance(before, Mapping)):
            origins.setdefault(here, Origin.in_file(document.path, document.index.find(here)))
            merged[key] = _merged(here, before or {}, value, document, origins)
            continue
        if before is not None:
            for stale in [known for known in origins if known[: len(here)] == here]:
                del origins[stale]
        inside = document.index.positions if isinstance(value, dict | list) else (here,)
        for known in inside:
            if known[: len(here)] == here and known in document.index.positions:
                origins[known] = Origin.in_file(document.path, document.index.positions[known])
        merged[key] = value
    return merged


def _replaced(table: Mapping[str, Any], path: KeyPath, value: Any) -> dict[str, Any]:
    key, rest = str(path[0]), path[1:]
    if not rest:
        return {**table, key: value}
    inner = table.get(key)
    return {**table, key: _replaced(inner if isinstance(inner, Mapping) else {}, rest, value)}
