"""`qkdctl sim kme`."""

from pathlib import Path
from secrets import randbits
from typing import Annotated

import typer

from hil_sim.ordering import UNAVAILABLE, fail
from hil_sim.shipped_scenarios import scenario_path

_USAGE = 2
_CONFIGURATION = 78

PortOption = Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes a free one.")]


def kme(
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="A file or a shipped one, to run besides; its engines make the key."),
    ] = None,
    *,
    directory: Annotated[
        Path, typer.Option("--dir", file_okay=False, metavar="DIR", help="For certificates; those there are used.")
    ] = Path("kme"),
    link: Annotated[
        str, typer.Option(metavar="NAME", help="Of the scenario; needed when it has several with engines.")
    ] = "",
    rate: Annotated[
        float, typer.Option(min=0.0, metavar="BITS_PER_S", help="Key of the link, when there is no scenario.")
    ] = 10_000.0,
    stock: Annotated[int, typer.Option(min=0, metavar="BITS", help="In store at the start, likewise.")] = 1_000_000,
    alice_port: PortOption = 0,
    bob_port: PortOption = 0,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Of the keys, for tests; otherwise they are new each time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    duration: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="Stop after so many seconds.")
    ] = None,
) -> None:
    """Serve two key managers that share the key of a link: ETSI GS QKD 014 over mutual TLS on 127.0.0.1.

    At kme-alice the application sae-alice is at home, at kme-bob sae-bob. What is printed shows how to call them.

    For example:

      qkdctl sim kme --rate 2000

      qkdctl sim kme bench --link alice-bob --dir certificates
    """
    from hil_sim.kme.command_run import KmeOrder, LinkChoiceError, serve_pair  # noqa: PLC0415 -- off the fast path
    from hil_sim.scenario import load_scenario  # noqa: PLC0415 -- likewise
    from hil_sim.scenario_problems import ScenarioError  # noqa: PLC0415 -- likewise

    try:
        loaded = load_scenario(scenario_path(scenario)) if scenario is not None else None
        ports = {"kme-alice": alice_port, "kme-bob": bob_port}
        chosen = randbits(63) if seed is None else seed
        order = KmeOrder(loaded, link, rate, stock, directory, ports, chosen)
        serve_pair(order, as_json=as_json, duration_s=duration, show=typer.echo)
    except BrokenPipeError:
        raise  # whoever read the addresses went away
    except LinkChoiceError as error:
        fail(str(error), error.hint, _USAGE)
    except ScenarioError as error:
        fail(f"{scenario} is no good scenario\n{error}", "", _CONFIGURATION)
    except (OSError, ValueError) as error:
        fail(f"cannot serve: {error}", "see that the directory is writable and the ports are free", UNAVAILABLE)
