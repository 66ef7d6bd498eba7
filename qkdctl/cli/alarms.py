"""qkdctl alarms."""

from typing import Annotated, Any

import typer

from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_document, print_json, say
from qkdctl.cli.status_text import alarm_hints, alarms_table
from qkdctl.client import Client

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List and acknowledge alarms."
)


@app.command("list")
def list_alarms(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """List alarms that are raised or not yet acknowledged, and what can be done about each.

    For example:

      qkdctl alarms list
    """
    alarms = Client(socket).alarms()
    if as_json:
        print_document(alarms=alarms)
    else:
        say(_in_words(alarms, Painter.for_stdout()))


@app.command()
def acknowledge(
    alarm: Annotated[str, typer.Argument(metavar="ALARM", help="Number of the alarm, from the list.")],
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that you have seen an alarm; it stays listed until its cause is gone.

    For example:

      qkdctl alarms acknowledge 12
    """
    result = Client(socket).acknowledge_alarm(alarm)
    if as_json:
        print_json(result)
    else:
        say(result["text"])


def _in_words(alarms: list[dict[str, Any]], paint: Painter) -> str:
    if not alarms:
        return "no alarms"
    hints = alarm_hints(alarms)
    return alarms_table(alarms, paint) + (f"\n\n{hints}" if hints else "")
