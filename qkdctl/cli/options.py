"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

DEFAULT_CONFIG = Path("/etc/qkdctl/qkdctl.toml")

SocketOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--socket",
        metavar="PATH",
        help="Control socket of the daemon; $QKDCTL_SOCKET, else /run/qkdctl/qkdctl.sock.",
    ),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ConfigOption: TypeAlias = Annotated[
    Path, typer.Option("--config", metavar="PATH", help="Configuration file.", envvar="QKDCTL_CONFIG")
]
