"""`qkdctl demo`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

_FAILURE = 1
_USAGE = 2


def demo(
    *,
    epochs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after so many epochs of about a second.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(metavar="POLICY", help="hold, rule-based, or an .onnx file; the shipped one by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON document; no live view.")] = False,
    scenario: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Scenario; the shipped bench by default."),
    ] = None,
    configuration: Annotated[
        Path | None,
        typer.Option("--config", exists=True, dir_okay=False, metavar="FILE", help="The daemon's configuration."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep logs, traces and ledgers in this new directory.")
    ] = None,
) -> None:
    """Run a simulated bench with a real daemon, and see what the policy is worth.

    Two QKD links with drifting fibres, once under the policy and once with the initial settings held. Without a number
    of epochs it runs until Ctrl-C, which makes every source dark.

    For example:

      qkdctl demo

      qkdctl demo --epochs 30 --json

      qkdctl demo --policy rule-based
    """
    from hil_sim.demo.arm import DemoError  # noqa: PLC0415 - off the command line's fast path
    from hil_sim.demo.files import PolicyChoice  # noqa: PLC0415
    from hil_sim.demo.run import DemoOptions, run_demo  # noqa: PLC0415
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415

    try:
        options = DemoOptions(
            scenario or Path(__file__).parents[1] / "scenarios" / "bench.toml",
            configuration or _shipped("config/demo.toml"),
            PolicyChoice.parse(policy or str(_shipped("zoo/bench-constructed.onnx"))),
            epochs if epochs is not None or not as_json else 30,
            keep,
        )
        document = _show(options, run_demo, as_json=as_json)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_USAGE) from None
    except (DemoError, ScenarioError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_FAILURE) from None
    if as_json:
        typer.echo(json.dumps(document, indent=2))


def _show(options: Any, run_demo: Any, *, as_json: bool) -> Any:
    """Run with the live view on a terminal, with a line per epoch elsewhere."""
    from rich.console import Console  # noqa: PLC0415

    from hil_sim.demo.view import closing_text, live, screen  # noqa: PLC0415

    console = Console()
    if as_json:
        return run_demo(options, _Progress(), _say)
    progress = _Progress()
    with live(console) as display:

        def say(text: str) -> None:
            if display is not None:
                display.update(f"starting: {text} ...", refresh=True)
            else:
                _say(text)

        def show(status: Any, histories: Any, held: Any) -> None:
            if display is not None:
                display.update(screen(status, histories, held, console.height), refresh=True)
            else:
                progress(status, histories, held)

        document = run_demo(options, show, say)
    console.print(closing_text(document))
    return document


class _Progress:
    """One line per epoch."""

    def __init__(self) -> None:
        self._shown = 0

    def __call__(self, status: Any, histories: Any, _: Any) -> None:
        """Show an epoch that is new."""
        done = min((len(history) for history in histories.values()), default=0)
        if done > self._shown:
            self._shown = done
            links = (f"{link['name']} {link['mode']} {link['action'] or ''}".rstrip() for link in status["links"])
            typer.echo(f"epoch {done}: {', '.join(links)}", err=True)


def _say(text: str) -> None:
    typer.echo(f"starting: {text} ...", err=True)


def _shipped(name: str) -> Path:
    from qkdctl.resources import resource  # noqa: PLC0415

    return resource(name)
