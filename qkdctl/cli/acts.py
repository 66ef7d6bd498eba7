"""qkdctl acts."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from qkdctl.cli.acts_text import acts_text
from qkdctl.cli.errors import CliError
from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_json, say
from qkdctl.client import Client
from qkdctl.exit_codes import USAGE

KINDS: Mapping[str, str] = {
    "activate-policy": "policy",
    "admit-member": "node",
    "remove-member": "node",
    "set-faults": "faults",
    "lift-quarantine": "node",
}
"""Kind of act -> what it is about."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="File, approve, withdraw acts of the network.",
)


@app.command("list")
def list_acts(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """List open acts, what this node wants, and what was closed lately.

    For example:

      qkdctl acts list

      qkdctl acts list --json | jq '.open[].number'
    """
    acts = Client(socket).acts()
    if as_json:
        print_json(acts)
    else:
        say(acts_text(acts, Painter.for_stdout()))


@app.command()
def file(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="activate-policy, admit-member, remove-member, set-faults, lift-quarantine."
        ),
    ],
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="SHA-256 or name of a policy, name of a node, or number f.")
    ],
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Want an act, and approve it at this node. It takes effect once operators of k nodes have approved it.

    The next decision gives it a number; operators of other nodes approve that number. A node has one act at a time
    under way. It lapses when too few approve it in time. An act that would change nothing is refused.

    For example:

      qkdctl acts file admit-member west

      qkdctl acts file set-faults 2

      qkdctl acts file activate-policy rule-based
    """
    if kind not in KINDS:
        raise CliError(f"there is no act {kind!r}", f"one of {', '.join(KINDS)}", USAGE)
    value: Any = what
    if KINDS[kind] == "faults":
        if not what.isdecimal():
            raise CliError(f"f is a number, not {what!r}", "such as: qkdctl acts file set-faults 1", USAGE)
        value = int(what)
    _report(Client(socket).file_act({"kind": kind, KINDS[kind]: value}), as_json=as_json)


@app.command()
def approve(
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=0, help="Number of the open act, from the list.")],
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand by an open act as the operator of this node. Only the node that filed it can take that back.

    For example:

      qkdctl acts approve 3
    """
    _report(Client(socket).approve_act(number), as_json=as_json)


@app.command()
def withdraw(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Take back the act that was filed at this node, with a number or without one yet, as long as it is not decided.

    Tags that are out cannot be called back, so the act ends by decision: with the first one that counts a report of
    this node that says so. Until then it may still take effect. A withdrawn act keeps its place for a tenth of a
    lifetime, in which this node files no other; another node can.

    For example:

      qkdctl acts withdraw

      qkdctl acts list
    """
    _report(Client(socket).withdraw_act(), as_json=as_json)


def _report(result: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        say(result["text"])
