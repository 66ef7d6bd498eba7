"""qkdctl links."""

from pathlib import Path
from typing import Annotated

import typer

from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_document, print_json, say
from qkdctl.cli.status_text import links_table
from qkdctl.client import Client

LinkArgument = Annotated[str, typer.Argument(metavar="LINK", help="Name of the link.")]

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List, hold, release, make safe, re-align."
)


@app.command("list")
def list_links(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """List links with their last measurements.

    For example:

      qkdctl links list

      qkdctl links list --json | jq '.links[] | {name, qber_z}'
    """
    links = Client(socket).links()
    if as_json:
        print_document(links=links)
    else:
        say(links_table(links, Painter.for_stdout()))


@app.command()
def hold(link: LinkArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Keep the present settings, whatever the policy proposes, until resumed.

    For example:

      qkdctl links hold alice-bob
    """
    act(link, "hold", socket, as_json=as_json)


@app.command()
def safe(link: LinkArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Make the link's sources dark, shown by read-back, and keep them so until resumed.

    For example:

      qkdctl links safe alice-bob
    """
    act(link, "safe", socket, as_json=as_json)


@app.command()
def resume(link: LinkArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Give a held or safe link back to the policy.

    For example:

      qkdctl links resume alice-bob
    """
    act(link, "resume", socket, as_json=as_json)


@app.command()
def realign(link: LinkArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Re-align the polarisation now; the link makes no key meanwhile.

    For example:

      qkdctl links realign alice-bob
    """
    act(link, "realign", socket, as_json=as_json)


def act(link: str, action: str, socket: Path | None, *, as_json: bool) -> None:
    """Do something to a link and say what came of it."""
    result = Client(socket).link_action(link, action)
    if as_json:
        print_json(result)
    else:
        say(result["text"])
