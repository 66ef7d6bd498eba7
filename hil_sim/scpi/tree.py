"""The command tree: from a header and the branch remembered from the last one to a command."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.mnemonic import HeaderNode, header_variants

_WRITTEN_NODE = re.compile(r"([A-Z_]+)(\d{0,9})")


@dataclass(slots=True)
class _Node:
    """A level of the tree; children are found by either form of their mnemonic."""

    children: dict[str, list[tuple[HeaderNode, "_Node"]]] = field(default_factory=dict)
    command: Command | None = None

    def child(self, node: HeaderNode) -> "_Node":
        """The child for `node`, made when missing."""
        for known, existing in self.children.get(node.mnemonic.short, ()):
            if known == node:
                return existing
        made = _Node()
        for form in {node.mnemonic.short, node.mnemonic.long}:
            siblings = self.children.setdefault(form, [])
            siblings.append((node, made))
            # A fixed number goes before any number.
            siblings.sort(key=lambda entry: entry[0].numbered)
        return made


@dataclass(frozen=True, slots=True)
class Branch:
    """Where the next header continues (rule of SCPI-99 volume 1, 6.2.4)."""

    node: _Node
    suffixes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A command, the numeric suffixes of its header, and the branch that follows it."""

    command: Command
    suffixes: tuple[int, ...]
    branch: Branch


class CommandTree:
    """All commands of an instrument."""

    def __init__(self, commands: Iterable[Command]) -> None:
        """Build the tree.

        Raises:
            ValueError: for a malformed header, or one that two commands claim.
        """
        self._root = _Node()
        self._common: dict[str, Command] = {}
        for command in commands:
            self._add(command)

    @property
    def root(self) -> Branch:
        """Where every message starts."""
        return Branch(self._root)

    def find(self, header: str, branch: Branch) -> Found:
        """The command that a header (without its question mark) names.

        Raises:
            ScpiError: -113 for an unknown header, -114 when only its numeric suffix is wrong.
        """
        upper = header.upper()
        if upper.startswith("*"):
            common = self._common.get(upper)
            if common is None:
                raise ScpiError(-113)
            return Found(common, (), branch)
        if upper.startswith(":"):
            branch = self.root
            upper = upper[1:]
        return self._descend(branch, upper.split(":"))

    def _descend(self, branch: Branch, written: list[str]) -> Found:
        node, suffixes = branch.node, branch.suffixes
        for part in written:
            branch = Branch(node, suffixes)
            match = _WRITTEN_NODE.fullmatch(part)
            candidates = node.children.get(match[1], ()) if match else ()
            if match is None or not candidates:
                raise ScpiError(-113)
            number = int(match[2]) if match[2] else None
            fitting = next((entry for entry in candidates if entry[0].accepts(number)), None)
            if fitting is None:
                raise ScpiError(-114)
            header_node, node = fitting
            if header_node.numbered:
                suffixes = (*suffixes, 1 if number is None else number)
        if node.command is None:
            raise ScpiError(-113)
        return Found(node.command, suffixes, branch)

    def _add(self, command: Command) -> None:
        if command.header.startswith("*"):
            if command.header in self._common:
                raise ValueError(f"header '{command.header}' is declared twice")
            self._common[command.header] = command
            return
        for variant in header_variants(command.header):
            node = self._root
            for header_node in variant:
                node = node.child(header_node)
            if node.command is not None:
                raise ValueError(f"header '{command.header}' is already taken by '{node.command.header}'")
            node.command = command
