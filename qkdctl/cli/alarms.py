"""qkdctl alarms."""

from typing import Annotated

import typer

from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_document, print_json, say
from qkdctl.cli.status_text import alarms_table
from qkdctl.client import Client

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="List and acknowledge alarms."
)


@app.command("list")
def list_alarms(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """List alarms that are raised or not yet acknowledged.

    For example:

      qkdctl alarms list
    """
    alarms = Client(socket).alarms()
    if as_json:
        print_document(alarms=alarms)
    else:
        say(alarms_table(alarms, Painter.for_stdout()) if alarms else "no alarms")


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
