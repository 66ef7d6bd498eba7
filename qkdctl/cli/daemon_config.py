"""`--config` for every verb that takes `--socket`."""

from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from qkdctl.cli.daemon import keep_config


def offer_configuration(command: Any) -> None:
    """Give a command, or all commands of a group, the option `--config` where they need a daemon and have none.

    Verbs state that they need a daemon by `SocketOption`; what they get is a socket, whichever option named it. So
    no verb has to know of the other one, and none can forget it.
    """
    for inner in getattr(command, "commands", {}).values():
        offer_configuration(inner)
    names = [parameter.name for parameter in command.params]
    if "socket" in names and "config" not in names:
        command.params.insert(names.index("socket") + 1, _option())


def _option() -> Any:
    """The option as the parser has it: typer makes it from a function that has no other one."""
    app = typer.Typer(add_completion=False)
    app.command()(_carrier)
    return typer.main.get_command(app).params[0]


def _carrier(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Configuration of the daemon, whose socket is asked; else $QKDCTL_SOCKET, then $QKDCTL_CONFIG.",
            is_eager=True,
            expose_value=False,
            callback=keep_config,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Carries the option; never called."""
