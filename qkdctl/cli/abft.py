"""qkdctl abft: how the nodes of a network agree."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from qkdctl.cli.abft_evidence import evidence_text
from qkdctl.cli.abft_text import agreement_text
from qkdctl.cli.abft_weights import weights_text
from qkdctl.cli.follow import follow
from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_json, say, wants_colour
from qkdctl.client import Client, ClientError

Json: TypeAlias = dict[str, Any]
WatchOption = Annotated[
    bool, typer.Option("--watch", help="Go on until Ctrl-C; with --json one line per decision or change.")
]
_CLEAR = "\x1b[H\x1b[2J"

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Show how the nodes agree: status, weights and why they move, evidence.",
)


@app.command()
def status(socket: SocketOption = None, as_json: JsonOption = False, watch: WatchOption = False) -> None:
    """Show who decides, how far they are, and the authenticated channel with each peer.

    For each peer: the security level of the channel now, one-time pads that are ready, key used up, when it was last
    heard, by which brokers, and what was refused in its name. A slack of 0 means that weights are nearly equal whatever
    the scores, because f liars might be the heaviest.

    While nothing is decided for longer than an epoch: what that waits for, which members have not reported or voted,
    and why, as far as this node knows.

    For example:

      qkdctl abft status

      qkdctl abft status --watch

      qkdctl abft status --json | jq '.peers[] | {peer, level, pads}'

      qkdctl abft status --json | jq '.standstill.members[] | select(.why != "")'
    """
    _present(socket, Client.agreement, agreement_text, as_json=as_json, watch=watch)


@app.command()
def weights(
    socket: SocketOption = None,
    history: Annotated[
        int, typer.Option("--history", min=0, max=1000, metavar="N", help="Also show how they moved in N epochs.")
    ] = 0,
    as_json: JsonOption = False,
    watch: WatchOption = False,
) -> None:
    """Show what the word of each node weighs, and what moved it in the last epoch.

    The score is earned by conduct alone and gives the vote weight, which is capped so that the f heaviest stay below a
    third. Trust is lowered by suspicion too; together with the fidelity of a node's channels it gives the data weight.
    An excluded node leads no round until it has behaved for the whole of its probation.

    For example:

      qkdctl abft weights

      qkdctl abft weights --history 60
    """
    _present(socket, lambda client: client.weights(history), weights_text, as_json=as_json, watch=watch)


@app.command()
def evidence(
    socket: SocketOption = None,
    epoch: Annotated[
        int | None, typer.Option("--epoch", min=1, metavar="E", help="An epoch that the daemon remembers.")
    ] = None,
    as_json: JsonOption = False,
    watch: WatchOption = False,
) -> None:
    """Show what the nodes claimed in an epoch and what was concluded: the whole case behind every weight.

    For each link what either end said, where they contradict each other, and whether the row was used; disputes and how
    long they last; late and missing reports; accusations and who makes them; audits of relayed keys; every verdict.

    For example:

      qkdctl abft evidence

      qkdctl abft evidence --epoch 640 --json | jq '.verdicts[].text'
    """
    _present(socket, lambda client: client.evidence(epoch), evidence_text, as_json=as_json, watch=watch)


def _present(
    socket: Path | None,
    fetch: Callable[[Client], Json],
    text: Callable[[Json, Painter], str],
    *,
    as_json: bool,
    watch: bool,
) -> None:
    client = Client(socket)
    if watch:
        _watch(client, fetch, text, as_json=as_json)
        return
    document = fetch(client)
    if as_json:
        print_json(document)
    else:
        say(text(document, Painter.for_stdout()))


def _watch(
    client: Client, fetch: Callable[[Client], Json], text: Callable[[Json, Painter], str], *, as_json: bool
) -> None:
    """Ask again whenever the daemon says that something has changed."""
    document, seen = fetch(client), None
    try:
        for view in follow(client):
            if view.connected and view.status is seen:
                continue
            stale, seen = "", view.status if view.connected else None
            try:
                document = fetch(client) if view.connected else document
            except ClientError as error:
                stale = f"{error.error}; what follows is old"
            if not view.connected:
                stale = f"no connection since {view.silent_s:.0f} s; what follows is old"
            if as_json:
                if not stale:
                    say(json.dumps(document))
                continue
            lines = [stale] if stale else []
            lines.append(text(document, Painter.for_stdout()))
            say((_CLEAR if wants_colour(sys.stdout) else "") + "\n".join(lines))
    except KeyboardInterrupt:
        return
