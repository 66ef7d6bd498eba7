"""`qkdctl sim agreement`, and `python -m hil_sim.agreement`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

_FAILED = 1
_USAGE = 2


def agreement(
    *,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The first seed.")] = 0,
    count: Annotated[int, typer.Option(min=1, metavar="N", help="So many seeds, one after another.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Members at the beginning.")] = 4,
    faults: Annotated[int, typer.Option(min=0, metavar="F", help="How many of them may lie; N >= 3 F + 1.")] = 1,
    colluders: Annotated[bool, typer.Option("--colluders", help="With F + 1 liars, who may split the ledger.")] = False,
    first_failure: Annotated[bool, typer.Option("--first-failure", help="Stop at the first seed that fails.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show everything that honest nodes hear, do and say.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document per seed.")] = False,
) -> None:
    """Simulate the agreement: liars, crashes, a hostile network and an exact check of everything that is decided.

    A seed stands for one scenario, the same everywhere: who lies and how, what the network loses, delays and cuts off,
    who crashes before or after which effect. It ends once the network has healed and all honest nodes have decided all
    epochs, with exit code 1 when a property failed. With --colluders it fails when the ledger is split and somebody
    whose ledger differs has raised no alarm.

    For example:

      qkdctl sim agreement --seed 7 --trace

      qkdctl sim agreement --count 100 --nodes 7 --faults 2
    """
    from hil_sim.agreement.replay import command_of, replay  # noqa: PLC0415 -- pydantic stays off the fast path
    from hil_sim.agreement.trace import line  # noqa: PLC0415 -- likewise

    def show(now: float, node: str, what: object) -> None:
        typer.echo(line(now, node, what), err=as_json)

    if nodes < 3 * faults + 1:
        typer.echo(f"error: {nodes} nodes cannot bear {faults} liars: at least 3 F + 1 are needed", err=True)
        raise typer.Exit(_USAGE)
    failed = False
    for one in range(seed, seed + count):
        result = replay(one, nodes, faults, show if trace else None, colluders=colluders)
        if as_json:
            document = {"schema_version": 1, "seed": one, "nodes": nodes, "faults": faults, **asdict(result)}
            typer.echo(json.dumps(document))
        else:
            verdict = f"FAILED: {result.violation}" if result.violation else f"{result.decided} epochs decided"
            typer.echo(f"seed {one}: {verdict}, {result.steps} steps in {result.ended_s:.1f} s of virtual time")
        if result.violation and not trace:
            typer.echo(f"  {command_of(one, nodes, faults, colluders=colluders)}", err=as_json)
        failed |= bool(result.violation)
        if failed and first_failure:
            break
    if failed:
        raise typer.Exit(_FAILED)
