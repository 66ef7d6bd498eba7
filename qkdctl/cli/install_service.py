"""qkdctl install-service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import print_document
from qkdctl.exit_codes import PERMISSION, USAGE

if TYPE_CHECKING:
    from qkdctl.install_service import Installation


def install_service(
    root: Annotated[
        Path, typer.Option(metavar="DIR", help="Write below this folder instead of the running system.")
    ] = Path("/"),
    executable: Annotated[
        Path | None, typer.Option(metavar="PATH", help="qkdctl in the target system; by default this command itself.")
    ] = None,
    user: Annotated[str, typer.Option(metavar="NAME", help="System user and group of the service.")] = "qkdctl",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Install the systemd unit with its user, folders, device rules and a first configuration.

    Files of an earlier installation are replaced, except the configuration. Nothing is started.

    For example:

      sudo qkdctl install-service

      qkdctl install-service --root image --executable /opt/qkdctl/bin/qkdctl --dry-run
    """
    from qkdctl.install_service import InstallationError, install_service  # noqa: PLC0415 - keeps other verbs fast

    try:
        done = install_service(root.absolute(), executable, user, dry_run=dry_run)
    except InstallationError as error:
        raise CliError(error.error, error.hint, USAGE) from None
    except PermissionError as error:
        hint = "run it as root, or below a folder of your own with --root"
        raise CliError(f"{error.filename}: {error.strerror}", hint, PERMISSION) from None
    except OSError as error:
        raise CliError(f"{error.filename}: {error.strerror}", "name another folder with --root") from None
    if as_json:
        print_document(
            dry_run=dry_run,
            written=[str(path) for path in done.written],
            unchanged=[str(path) for path in done.unchanged],
            kept=[str(path) for path in done.kept],
            warnings=done.warnings,
            next_steps=done.next_steps,
        )
    else:
        _print(done, dry_run=dry_run)


def _print(done: "Installation", *, dry_run: bool) -> None:
    for path in done.written:
        typer.echo(f"{'would write' if dry_run else 'wrote'} {path}")
    for path in done.unchanged:
        typer.echo(f"unchanged {path}")
    for path in done.kept:
        typer.echo(f"kept your {path}")
    for warning in done.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo("next:")
    for step in done.next_steps:
        typer.echo(f"  {step}")
