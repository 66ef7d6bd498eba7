"""qkdctl completion."""

from enum import Enum
from typing import Annotated

import typer

from qkdctl.cli.output import say


class Shell(Enum):
    """Shells with completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> None:
    """Print the completion script of a shell.

    For example:

      qkdctl completion bash > ~/.local/share/bash-completion/completions/qkdctl

      qkdctl completion zsh > ~/.zfunc/_qkdctl

      qkdctl completion fish > ~/.config/fish/completions/qkdctl.fish
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # noqa: PLC0415

    say(get_completion_script(prog_name="qkdctl", complete_var="_QKDCTL_COMPLETE", shell=shell.value))


def complete() -> None:
    """Make the parser answer a shell that asks for completions."""
    from typer.completion import completion_init  # type: ignore[attr-defined]  # noqa: PLC0415

    completion_init()
