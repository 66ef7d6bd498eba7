"""`qkdctl sim`: simulated instruments at real addresses, for `qkdctl` and for other people's software."""

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

_CONFIGURATION = 78
_UNAVAILABLE = 69

sim = typer.Typer(name="sim", help="Simulated instruments at real addresses.", no_args_is_help=True)

ControlOption = Annotated[
    Path | None, typer.Option("--control", help="Unix socket for 'qkdctl sim fault'; one per user by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]


@sim.command()
def serve(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or the name of a shipped one.")],
    *,
    as_json: JsonOption = False,
    duration: Annotated[float | None, typer.Option(min=0.0, help="Stop after so many seconds.")] = None,
    trace: Annotated[Path | None, typer.Option(help="Append every actuation to this file, as JSON lines.")] = None,
    by_id: Annotated[Path | None, typer.Option(help="Directory for the links to serial ports.")] = None,
    control: ControlOption = None,
) -> None:
    """Run the instruments of SCENARIO until Ctrl-C and show where they are."""
    from hil_sim.scenario import load_scenario  # noqa: PLC0415 -- pydantic stays off the command line's fast path
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 -- likewise
    from hil_sim.serve import Service, serve_until_stopped  # noqa: PLC0415 -- likewise

    try:
        service = Service(load_scenario(_scenario_path(scenario)), trace, by_id, control or _default_control())
        serve_until_stopped(service, as_json=as_json, duration_s=duration, show=typer.echo)
    except ScenarioError as error:
        _fail(str(error), _CONFIGURATION)
    except OSError as error:
        _fail(f"cannot serve {scenario}: {error}", _UNAVAILABLE)


@sim.command(name="list")
def list_models(*, as_json: JsonOption = False) -> None:
    """List the instruments that can be simulated, and the shipped scenarios."""
    from hil_sim.instruments.registry import find_model, model_names  # noqa: PLC0415 -- off the fast path

    models = [find_model(name) for name in model_names()]
    scenarios = sorted(path.stem for path in _shipped().glob("*.toml"))
    if as_json:
        shown = [{"model": m.name, "title": m.title, "transports": m.transports, "roles": m.roles} for m in models]
        typer.echo(json.dumps({"schema_version": 1, "models": shown, "scenarios": scenarios}))
        return
    width = max(len(model.name) for model in models)
    for model in models:
        typer.echo(f"{model.name:{width}}  {model.title} ({', '.join(model.transports)})")
    typer.echo(f"\nshipped scenarios: {', '.join(scenarios)}")


@sim.command()
def fault(
    instrument: Annotated[str, typer.Argument(help="Instrument of the running scenario, or <instrument>.<side port>.")],
    kind: Annotated[str, typer.Argument(help="stall, drop, garbage, split, late, merge, clear, unplug, replug, ...")],
    *,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="How long, or how late.")] = None,
    replies: Annotated[int | None, typer.Option(min=1, help="How many replies.")] = None,
    size: Annotated[int | None, typer.Option(min=1, help="Bytes per piece of a split reply.")] = None,
    control: ControlOption = None,
) -> None:
    """Let something go wrong at an INSTRUMENT of a running 'qkdctl sim serve'."""
    request = {"verb": "fault", "instrument": instrument, "kind": kind}
    parameters = {"seconds": seconds, "replies": replies, "size": size}
    _ask(
        control or _default_control(), request | {key: value for key, value in parameters.items() if value is not None}
    )


def _ask(control: Path, request: dict[str, Any]) -> None:
    from hil_sim.control_client import ask  # noqa: PLC0415 -- only this verb needs sockets

    try:
        reply = ask(control, request)
    except OSError as error:
        _fail(f"no simulator listens at {control}: {error}; start one with 'qkdctl sim serve'", _UNAVAILABLE)
    if not reply["ok"]:
        _fail(str(reply["error"]), 1)


def _fail(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def _shipped() -> Path:
    return Path(__file__).parent / "scenarios"


def _scenario_path(scenario: str) -> Path:
    """The file itself, or the shipped scenario of that name."""
    shipped = _shipped() / f"{scenario}.toml"
    return shipped if shipped.is_file() and not Path(scenario).is_file() else Path(scenario)


def _default_control() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"qkdctl-sim-{os.getuid()}.sock"
