"""Reads the import statements of source files, without importing anything."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

DYNAMIC = {"import_module", "__import__"}


@dataclass(frozen=True)
class Import:
    """One module named by one statement; `at_start` when it runs as soon as the importer is imported."""

    importer: str
    target: str
    line: int
    at_start: bool

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.target}"


def source_files(folder: Path, package: str) -> dict[str, Path]:
    """Module names of a package and their files."""
    found = {}
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(source: str, module: str, modules: Collection[str], *, is_package: bool = False) -> list[Import]:
    """Everything that this source imports, in functions too; `from p import m` names p.m when that is a module."""
    package = module if is_package else module.rpartition(".")[0]
    return [
        Import(module, target, node.lineno, at_start)
        for node, at_start in _walk(ast.parse(source), at_start=True)
        for target in _targets(node, package, modules)
    ]


def _walk(node: ast.AST, *, at_start: bool) -> Iterator[tuple[ast.stmt | ast.expr, bool]]:
    for child in ast.iter_child_nodes(node):
        lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        )
        if isinstance(child, ast.stmt | ast.expr):
            yield child, at_start and not lazy
        yield from _walk(child, at_start=at_start and not lazy)


def _targets(node: ast.AST, package: str, modules: Collection[str]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (name.name for name in names)
        case ast.ImportFrom(module=base, names=names, level=level):
            parts = package.split(".")
            above = parts[: len(parts) - level + 1] if level else []
            base = ".".join([*above, *([base] if base else [])])
            for name in names:
                yield f"{base}.{name.name}" if f"{base}.{name.name}" in modules else base
        case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called), args=[ast.Constant(value=str(name)), *_]):
            if called in DYNAMIC:
                yield name
