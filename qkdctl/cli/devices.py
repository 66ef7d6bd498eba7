"""qkdctl devices."""

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from qkdctl.cli.daemon import socket_of_configuration
from qkdctl.cli.errors import CliError
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, OwnSocketOption, SocketOption
from qkdctl.cli.output import Painter, complain, number, print_document, print_json, say
from qkdctl.cli.status_text import STATE_STYLES, devices_table
from qkdctl.cli.tables import table
from qkdctl.client import Client, UnreachableError, Value
from qkdctl.exit_codes import FAILURE, UNAVAILABLE, USAGE

Json = dict[str, Any]
_WIDE = 110
DeviceArgument = Annotated[str, typer.Argument(metavar="DEVICE", help="Name of the device.")]

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List, inspect, probe and set instruments."
)


@app.command("list")
def list_devices(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """List the daemon's instruments with their state and first values.

    For example:

      qkdctl devices list
    """
    devices = Client(socket).devices()
    if as_json:
        print_document(devices=devices)
    else:
        say(devices_table(devices, Painter.for_stdout()))


@app.command()
def info(device: DeviceArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Show one instrument with every attribute: value, age, set-point, limits.

    For example:

      qkdctl devices info alice-voa
    """
    document = Client(socket).device(device)
    if as_json:
        print_json(document)
    else:
        say(_info_text(document, Painter.for_stdout()))


@app.command()
def probe(
    devices: Annotated[
        list[str] | None, typer.Argument(metavar="[DEVICE]...", help="Only these; all by default.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    socket: OwnSocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask every configured instrument who it is; nothing is written to any.

    A running daemon is asked, because it holds the instruments. Without one they are opened directly, as the
    configuration says. The exit code is 69 when one does not answer as it should.

    For example:

      qkdctl devices probe --config /etc/qkdctl/qkdctl.toml

      qkdctl devices probe alice-laser alice-voa
    """
    results, by_daemon = _probe(devices or [], config, socket)
    if as_json:
        print_document(by_daemon=by_daemon, devices=results)
    else:
        say(_probe_text(results, Painter.for_stdout()))
    if not all(result["ok"] for result in results):
        raise typer.Exit(UNAVAILABLE)


@app.command("set")
def set_attribute(
    device: DeviceArgument,
    attribute: Annotated[str, typer.Argument(metavar="ATTRIBUTE", help="See 'qkdctl devices info DEVICE'.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Number, true, false or text.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check and show.")] = False,
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set one attribute and read it back, after showing what would change and asking.

    Limits reject, they never clip. What a running link stands on can only be set while the link is safe. Write --
    before a negative number.

    For example:

      qkdctl devices set alice-voa attenuation_db 31.5

      qkdctl devices set --yes bob-epc voltage_1_mv -- -250
    """
    client = Client(socket)
    plan = client.set_attribute(device, attribute, _parse(value), dry_run=True)
    if not dry_run:
        if not yes:
            _ask(_change_text(plan))
        plan = client.set_attribute(device, attribute, _parse(value))
    if as_json:
        print_json(plan)
    else:
        say(_change_text(plan))


def _probe(names: list[str], config: Path, socket: Path | None) -> tuple[list[Json], bool]:
    known = _held_by_daemon(socket_of_configuration(config, socket))
    if known is None:
        from qkdctl.cli.probe import probe_directly  # noqa: PLC0415 - asking a daemon stays fast

        return probe_directly(config, names), False
    chosen = [device for device in known if not names or device["name"] in names]
    if missing := set(names) - {device["name"] for device in chosen}:
        raise CliError(f"the daemon has no device {', '.join(sorted(missing))}", "see 'qkdctl devices list'")
    return [
        {
            "name": device["name"],
            "driver": device["driver"],
            "address": device["address"],
            "ok": device["state"] == "online",
            "identity": device["identity"],
            "error": None if device["state"] == "online" else device["last_error"] or device["state"],
        }
        for device in chosen
    ], True


def _held_by_daemon(socket: Path | None) -> list[Json] | None:
    """The daemon's devices, None when certainly no daemon runs."""
    try:
        return Client(socket).devices()
    except UnreachableError as error:
        if not error.absent:
            raise
        return None


def _parse(text: str) -> Value:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):
        raise CliError(f"{text} is no value", "give a finite number", USAGE)
    return value if isinstance(value, bool | int | float | str) else text


def _ask(change: str) -> None:
    if not sys.stdin.isatty():
        raise CliError("nobody is there to ask", "say --yes to set without asking", USAGE)
    complain(change)
    if not typer.confirm("Set it?", err=True):
        raise CliError("not set", code=FAILURE)


def _change_text(plan: Json) -> str:
    unit = plan["unit"]
    lines = [
        f"{plan['device']}.{plan['attribute']}: {number(plan['old'], unit, 9)} -> {number(plan['new'], unit, 9)}"
        + (", read back" if plan["applied"] else "")
    ]
    if plan["limits"] is not None:
        low, high = plan["limits"]
        lines.append(f"limits: {number(low, unit, 9)} to {number(high, unit, 9)}")
    return "\n".join(lines)


def _info_text(device: Json, paint: Painter) -> str:
    state = paint(device["state"], STATE_STYLES[device["state"]])
    lines = [
        f"{paint(device['name'], 'bold')} {state}, {device['kind']}, driver {device['driver']}",
        f"address  {device['address']}",
        f"identity {device['identity'] or '-'}",
        f"failures {device['failures']}" + (f", last: {device['last_error']}" if device["last_error"] else ""),
    ]
    rows = [_attribute_row(name, value) for name, value in device["values"].items()]
    header = ("ATTRIBUTE", "VALUE", "AGE", "SET-POINT", "LIMITS", "SETTABLE")
    return "\n".join(lines) + "\n\n" + table(header, rows, paint)


def _attribute_row(name: str, value: Json) -> tuple[tuple[str, str], ...]:
    limits = "-" if value["limits"] is None else " to ".join(number(limit) for limit in value["limits"])
    texts = (
        name,
        number(value["value"], value["unit"], 9),
        (number(value["age_s"], "s", 3)) + (" (stale)" if value["stale"] else ""),
        number(value["set_point"], value["unit"], 9) if value["set_point"] is not None else "-",
        limits,
        number(value["writable"]),
    )
    return tuple((text, "dim" if value["stale"] else "") for text in texts)


def _probe_text(results: list[Json], paint: Painter) -> str:
    if paint.width is not None and paint.width < _WIDE:
        return table(("DEVICE", "RESULT", "IDENTITY"), [_narrow_probe_row(result) for result in results], paint)
    rows = [
        (
            result["name"],
            result["driver"],
            result["address"],
            ("answers", "green") if result["ok"] else ("fails", "red"),
            result["identity"] if result["ok"] else result["error"],
        )
        for result in results
    ]
    return table(("DEVICE", "DRIVER", "ADDRESS", "RESULT", "IDENTITY"), rows, paint)


def _narrow_probe_row(result: Json) -> tuple[str | tuple[str, str], ...]:
    if result["ok"]:
        return (result["name"], ("answers", "green"), result["identity"])
    where = "" if result["address"] in result["error"] else f" ({result['address']})"
    return (result["name"], ("fails", "red"), f"{result['error']}{where}")
