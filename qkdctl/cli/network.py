"""qkdctl network: make, check and show networks of nodes. Files only: no daemon, no device, no connection."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.network_init import init
from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import Painter, complain, print_document, say
from qkdctl.exit_codes import CONFIG, USAGE

if TYPE_CHECKING:
    from qkdctl.network.inspection import Inspection

_WHAT = "description, a node's configuration, its folder, or the folder that init made; here by default."
PathArgument = Annotated[Path, typer.Argument(metavar="[PATH]", help=f"A {_WHAT}")]
PathsArgument = Annotated[list[Path] | None, typer.Argument(metavar="PATH", help=f"Each a {_WHAT}")]

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Make, check and show networks of nodes."
)
app.command()(init)


@app.command()
def check(paths: PathsArgument = None, as_json: JsonOption = False) -> None:
    """Check a description and the configurations of nodes: all errors at once, each with its line and a hint.

    Key files that a node names are opened: each must be whole, for its pair, for its owner only, and hold key that is
    not used up. Where both ends of a pair are given, they must hold the same key; no key is ever shown.

    Then it says what the network amounts to: how many members may lie and what slack there is, how key reaches each
    peer and whether more of it than claimed rests on relays, and how long the key lasts. Exits with 0, or with 78 when
    there are errors.

    For example:

      qkdctl network check network.toml

      qkdctl network check /etc/qkdctl

      qkdctl network check metro/north metro/south

      qkdctl network check metro --json | jq -r '.problems[].message'
    """
    from qkdctl.cli.network_text import keys_line, levels_table, verdict  # noqa: PLC0415 - keeps other verbs fast

    wanted = paths or [Path()]
    found = _inspect(wanted)
    levels = {node: {peer: str(way.level) for peer, way in ways.items()} for node, ways in found.ways.items()}
    keys = [file.to_plain() for file in found.keys]
    if as_json:
        print_document(
            ok=found.is_valid,
            problems=[problem.to_plain() for problem in found.problems],
            network=_summary(found),
            levels=levels,
            keys=keys,
        )
    else:
        for problem in found.problems:
            complain(problem.render())
        if any(levels.values()):
            say(f"{levels_table(levels, Painter.for_stdout())}\n")
        if keys:
            say(f"{keys_line(keys)}\n")
        say(verdict(wanted, found.problems, _summary(found)))
    if not found.is_valid:
        raise typer.Exit(CONFIG)


@app.command()
def show(path: PathArgument = Path(), as_json: JsonOption = False) -> None:
    """Show a network: members with their weights, links, and the demands with the paths that could serve them.

    The digest is the same at every node, or they do not count each other.

    For example:

      qkdctl network show /etc/qkdctl

      qkdctl network show network.toml --json | jq -r .network.digest
    """
    from qkdctl.cli.network_text import network_text  # noqa: PLC0415 - keeps other verbs fast

    found = _inspect([path])
    document = _summary(found)
    if document is None:
        for problem in found.problems:
            complain(problem.render())
        raise CliError(f"{path} has no valid description of a network", f"see 'qkdctl network check {path}'", CONFIG)
    if as_json:
        print_document(network=document)
    else:
        say(network_text(document, Painter.for_stdout()))


def _inspect(paths: Sequence[Path]) -> "Inspection":
    from qkdctl.network.inspection import inspect_network  # noqa: PLC0415 - keeps other verbs fast

    for path in paths:
        if not path.exists():
            raise CliError(f"{path} does not exist", "make a network with: qkdctl network init", USAGE)
    return inspect_network(paths, os.environ)


def _summary(found: "Inspection") -> "dict[str, object] | None":
    from qkdctl.network.summary import summary  # noqa: PLC0415 - keeps other verbs fast

    return None if found.description is None else summary(found.description)
