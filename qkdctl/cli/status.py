"""qkdctl status."""

import sys
from pathlib import Path

from qkdctl.cli.output import Painter, print_json, say, wants_colour
from qkdctl.cli.status_text import status_text
from qkdctl.client import Client

_CLEAR = "\x1b[H\x1b[2J"


def show_status(socket: Path | None, *, as_json: bool) -> None:
    """Look once at the daemon on a socket."""
    document = Client(socket).status()
    if as_json:
        print_json(document)
    else:
        say(status_text(document, Painter.for_stdout()))


def watch_status(socket: Path | None, *, as_json: bool) -> None:
    """Show the status whenever it changes, until Ctrl-C; with JSON one line per change."""
    import json  # noqa: PLC0415 - a single look stays fast

    from qkdctl.cli.follow import follow  # noqa: PLC0415

    try:
        for view in follow(Client(socket)):
            if as_json:
                if view.connected:
                    say(json.dumps(view.status))
                continue
            lines = [status_text(view.status, Painter.for_stdout())]
            if not view.connected:
                lines.insert(0, f"no connection since {view.silent_s:.0f} s; what follows is old")
            if wants_colour(sys.stdout):
                lines.insert(0, _CLEAR)
            say("\n".join(lines))
    except KeyboardInterrupt:
        return
