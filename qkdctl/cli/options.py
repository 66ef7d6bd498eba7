"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from qkdctl.cli.daemon import take_socket

DEFAULT_CONFIG = Path("/etc/qkdctl/qkdctl.toml")
_SOCKET_HELP = "Control socket of the daemon; goes before {}, $QKDCTL_SOCKET and /run/qkdctl/qkdctl.sock."

SocketOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--socket", metavar="PATH", help=_SOCKET_HELP.format("--config"), callback=take_socket, show_default=False
    ),
]
"""Of verbs that need a daemon. They take `--config` besides, and what they get is the socket that follows from both."""
OwnSocketOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--socket", metavar="PATH", help=_SOCKET_HELP.format("that of the configuration")),
]
"""Of verbs that work on a configuration with or without its daemon."""
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ConfigOption: TypeAlias = Annotated[
    Path, typer.Option("--config", metavar="PATH", help="Configuration file.", envvar="QKDCTL_CONFIG")
]
