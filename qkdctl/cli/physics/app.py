"""qkdctl physics: its verbs, none of which imports numpy before it is called."""

import typer

from qkdctl.cli.physics.curves_command import curves
from qkdctl.cli.physics.list_command import list_models
from qkdctl.cli.physics.rate_command import rate

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Calculate what links can give: rates, bounds, reaches, finite keys, curves.",
)
app.command()(rate)
app.command()(curves)
app.command("list")(list_models)
