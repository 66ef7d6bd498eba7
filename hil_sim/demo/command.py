"""`qkdctl demo`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hil_sim.demo.run import DemoOptions

_FAILURE = 1
_USAGE = 2
_EPOCHS_OF_A_DOCUMENT = 30


def demo(
    *,
    byzantine: Annotated[
        list[str] | None,
        typer.Option(
            "--byzantine",
            metavar="NODE:MANNER[@EPOCH]",
            help="Let a node forge, slander, corrupt or be silent; may be repeated.",
        ),
    ] = None,
    nodes: Annotated[
        int, typer.Option("--nodes", metavar="8|4", help="Size of the network; 8 bear two liars, 4 bear one.")
    ] = 8,
    epochs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after so many epochs of about a second.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="hold, rule-based, or an .onnx file; a trained one by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON document; no live view.")] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep configurations, logs, trace and ledgers in this directory.")
    ] = None,
) -> None:
    """Run a network of nodes with simulated instruments and real daemons, and let some of the nodes lie.

    Eight sites of the Madrid network, each with the ends of three links. Press 1 to 8 to let a node lie or be honest
    again, m for another manner. Without a number of epochs it runs until Ctrl-C, which makes every source dark.

    The key so far stands beside what the same fibres would have given, had every link held the settings it began with.

    For example:

      qkdctl demo

      qkdctl demo --byzantine quijote:forge --byzantine quinto:corrupt@20

      qkdctl demo --policy rule-based --epochs 60

      qkdctl demo --nodes 4 --epochs 30 --json
    """
    from hil_sim.demo.errors import DemoError  # noqa: PLC0415 - off the command line's fast path
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415

    try:
        options = _options(byzantine or [], nodes, epochs, policy, keep, as_json=as_json)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_USAGE) from None
    try:
        document = _show(options, as_json=as_json)
    except (DemoError, ScenarioError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_FAILURE) from None
    if as_json:
        typer.echo(json.dumps(document, indent=2))


def _options(
    byzantine: list[str], nodes: int, epochs: int | None, policy: str | None, keep: Path | None, *, as_json: bool
) -> "DemoOptions":
    from hil_sim.demo.cut import SMALLER, load_cut  # noqa: PLC0415
    from hil_sim.demo.liars import Liar  # noqa: PLC0415
    from hil_sim.demo.policy_choice import PolicyChoice  # noqa: PLC0415
    from hil_sim.demo.run import DemoOptions  # noqa: PLC0415
    from hil_sim.node_tables import ends_of  # noqa: PLC0415
    from qkdctl.resources import resource  # noqa: PLC0415

    if nodes not in (8, *SMALLER):
        raise ValueError(f"--nodes {nodes}: expected 8 or {', '.join(map(str, SMALLER))}")
    scenario = load_cut(Path(__file__).parents[1] / "scenarios" / "madrid.toml", SMALLER.get(nodes))
    members = {node for pair in ends_of(scenario).values() for node in pair}
    return DemoOptions(
        scenario,
        resource("config/demo.toml"),
        PolicyChoice.parse(policy) if policy else PolicyChoice.shipped(),
        tuple(Liar.parse(text, members) for text in byzantine),
        epochs if epochs is not None or not as_json else _EPOCHS_OF_A_DOCUMENT,
        keep,
    )


def _show(options: "DemoOptions", *, as_json: bool) -> Any:
    """Run with the live view on a terminal, with a line per epoch elsewhere."""
    from rich.console import Console  # noqa: PLC0415

    from hil_sim.demo.lines import Lines, closing_text  # noqa: PLC0415
    from hil_sim.demo.run import Screen, run_demo  # noqa: PLC0415
    from hil_sim.demo.view import LiveScreen  # noqa: PLC0415

    console = Console()
    if as_json or not console.is_terminal:
        lines = Lines()
        document = run_demo(options, Screen(lines.say, lines.show))
    else:
        with LiveScreen(console) as live:
            document = run_demo(options, Screen(live.say, live.show))
    if not as_json:
        console.print(closing_text(document))
    return document
