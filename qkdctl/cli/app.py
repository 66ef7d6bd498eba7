"""The typer application: all verbs, each imported when it is called."""

from difflib import get_close_matches
from typing import Annotated, Any

import typer
import typer.core

from qkdctl.cli.errors import CliError, outcome
from qkdctl.cli.verbs import VERBS, load_command, plugins


class LazyGroup(typer.core.TyperGroup):
    """The verbs, each imported when it is called; the overview needs none of this package's."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - declared by the base class
        """Names of all verbs."""
        return [*VERBS, *plugins()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - declared by the base class
        """The command of a verb, None when there is no such verb."""
        origin = VERBS.get(cmd_name) or plugins().get(cmd_name)
        return None if origin is None else load_command(cmd_name, origin)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that the arguments begin with; a usage error with the nearest name when there is none."""
        command = self.get_command(ctx, args[0])
        if command is None and not ctx.resilient_parsing:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            ctx.fail(f"there is no verb {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return args[0], command, args[1:]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - declared by the base class
        """Write the overview."""
        rows = [(name, verb.help) for name, verb in VERBS.items()]
        for name, point in plugins().items():
            try:
                rows.append((name, load_command(name, point).get_short_help_str(80)))
            except CliError as error:
                rows.append((name, f"({error})"))
        with formatter.section("Verbs"):
            formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb and end with the code of its outcome."""
        invoke = super().invoke
        raise typer.Exit(outcome(lambda: invoke(ctx)))


def _show_version(asked: bool) -> None:
    if asked:
        from qkdctl.cli.version import version  # noqa: PLC0415 - other verbs need no package metadata

        version()
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(epilog="Every verb has --help with examples. Exit codes: docs/guides/cli.md.")
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Control QKD instruments: a daemon and the verbs to operate it."""
