"""qkdctl status, as the parser sees it."""

from typing import Annotated

import typer

from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.status import show_status, watch_status


def status(
    socket: SocketOption = None,
    as_json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until Ctrl-C; with --json one line per change.")
    ] = False,
) -> None:
    """Show the whole node at one glance: links, instruments, alarms.

    For example:

      qkdctl status

      qkdctl status --json | jq '.links[].qber_z'

      qkdctl status --watch
    """
    if watch:
        watch_status(socket, as_json=as_json)
    else:
        show_status(socket, as_json=as_json)
