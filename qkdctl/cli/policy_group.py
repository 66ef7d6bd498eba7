"""The verbs of `qkdctl policy`, with those that other packages register."""

from typing import TYPE_CHECKING, Any

import typer.core

from qkdctl.cli.verbs import load_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

GROUP = "qkdctl.policy_commands"


def plugins() -> "Mapping[str, EntryPoint]":
    """Verbs that other packages register, by name; none of them is imported."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - reading all package metadata is slow

    return {point.name: point for point in entry_points(group=GROUP)}


class PolicyGroup(typer.core.TyperGroup):
    """Own verbs go first; the others are imported when they are called or listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all verbs."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in plugins() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a verb, None when there is no such verb."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in (known := plugins()):
            return load_command(cmd_name, known[cmd_name])
        return found
