"""`qkdctl sim`: instruments and key managers at real addresses, for anybody's software, networks, and the agreement."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hil_sim.agreement.command import agreement
from hil_sim.faults.command import mqtt_fault, mqtt_proxy
from hil_sim.kme.command import kme
from hil_sim.network.run.command import network, network_scenario_names
from hil_sim.ordering import UNAVAILABLE, fail, order, runtime_socket
from hil_sim.shipped_scenarios import scenario_path, shipped_names

_USAGE = 2
_CONFIGURATION = 78

sim = typer.Typer(
    name="sim",
    help="Simulated instruments and key managers at real addresses, simulated networks, and the agreement of nodes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
sim.command()(network)
sim.command()(kme)
sim.command()(agreement)
sim.command()(mqtt_proxy)
sim.command()(mqtt_fault)

ControlOption = Annotated[
    Path | None,
    typer.Option("--control", metavar="PATH", help="Unix socket for 'qkdctl sim fault'; one per user by default."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@sim.command()
def serve(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A file, or the name of a shipped one.")],
    *,
    as_json: JsonOption = False,
    duration: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="Stop after so many seconds.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append every actuation to this file, as JSON lines.")
    ] = None,
    by_id: Annotated[Path | None, typer.Option(metavar="DIR", help="Directory for the links to serial ports.")] = None,
    control: ControlOption = None,
) -> None:
    """Run the instruments of a scenario until Ctrl-C and show where they are.

    What is printed is TOML: the tables of the devices can go into a configuration as they are. With --json it is one
    line that comes once every port is open.

    For example:

      qkdctl sim serve bench

      qkdctl sim serve my-lab.toml --trace trace.jsonl
    """
    from hil_sim.scenario import load_scenario  # noqa: PLC0415 -- pydantic stays off the command line's fast path
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 -- likewise
    from hil_sim.serve import Service, serve_until_stopped  # noqa: PLC0415 -- likewise

    try:
        service = Service(load_scenario(scenario_path(scenario)), trace, by_id, control or _default_control())
        serve_until_stopped(service, as_json=as_json, duration_s=duration, show=typer.echo)
    except BrokenPipeError:
        raise  # whoever read the addresses went away
    except ScenarioError as error:
        fail(f"{scenario} is no good scenario\n{error}", "", _CONFIGURATION)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename is not None else str(error)
        fail(f"cannot serve {scenario}: {why}", "", UNAVAILABLE)


@sim.command(name="list")
def list_models(*, as_json: JsonOption = False) -> None:
    """List the instruments that can be simulated, and the shipped scenarios of instruments and of networks.

    For example:

      qkdctl sim list

      qkdctl sim list --json | jq -r '.models[].model'
    """
    from hil_sim.instruments.registry import find_model, model_names  # noqa: PLC0415 -- off the fast path

    models = [find_model(name) for name in model_names()]
    scenarios, networks = shipped_names(), network_scenario_names()
    if as_json:
        shown = [{"model": m.name, "title": m.title, "transports": m.transports, "roles": m.roles} for m in models]
        typer.echo(json.dumps({"schema_version": 1, "models": shown, "scenarios": scenarios, "networks": networks}))
        return
    width = max(len(model.name) for model in models)
    for model in models:
        typer.echo(f"{model.name:{width}}  {model.title} ({', '.join(model.transports)})")
    typer.echo(f"\nshipped scenarios: {', '.join(scenarios)}")
    typer.echo(f"shipped networks: {', '.join(networks)}")


@sim.command()
def fault(
    instrument: Annotated[
        str, typer.Argument(metavar="INSTRUMENT", help="Of the running scenario, or <instrument>.<side port>.")
    ],
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="stall, drop, garbage, split, late, merge, clear, unplug, replug, power-cycle, or one of its own.",
        ),
    ],
    *,
    seconds: Annotated[float | None, typer.Option(min=0.0, metavar="SECONDS", help="How long, or how late.")] = None,
    replies: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many replies.")] = None,
    size: Annotated[int | None, typer.Option(min=1, metavar="BYTES", help="Per piece of a split reply.")] = None,
    control: ControlOption = None,
) -> None:
    """Let something go wrong at an instrument of a running 'qkdctl sim serve'.

    For example:

      qkdctl sim fault voa-alice unplug --seconds 5

      qkdctl sim fault laser-alice interlock-open
    """
    request: dict[str, Any] = {"verb": "fault", "instrument": instrument, "kind": kind}
    parameters = {"seconds": seconds, "replies": replies, "size": size}
    request |= {key: value for key, value in parameters.items() if value is not None}
    order(control or _default_control(), request, "qkdctl sim serve")


def _default_control() -> Path:
    return runtime_socket("sim")
