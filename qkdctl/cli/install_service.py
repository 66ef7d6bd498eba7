"""qkdctl install-service."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.exit_codes import FAILURE, PERMISSION, USAGE

if TYPE_CHECKING:
    from qkdctl.install_service import Installation

SCHEMA_VERSION = 1


def install_service(
    root: Annotated[Path, typer.Option(help="Write below this folder instead of the running system.")] = Path("/"),
    executable: Annotated[
        Path | None, typer.Option(help="Path of qkdctl in the target system; by default this command itself.")
    ] = None,
    user: Annotated[str, typer.Option(help="System user and group of the service.")] = "qkdctl",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Install the systemd unit with its user, folders, device rules and a first configuration.

    Files of an earlier installation are replaced, except the configuration. Nothing is started.
    """
    from qkdctl.install_service import InstallationError, install_service  # noqa: PLC0415 -- keeps other verbs fast

    try:
        done = install_service(root.absolute(), executable, user, dry_run=dry_run)
    except InstallationError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(USAGE) from None
    except PermissionError as error:
        typer.echo(f"error: {error}; run it as root, or below a folder of your own with --root", err=True)
        raise typer.Exit(PERMISSION) from None
    except OSError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(FAILURE) from None
    if as_json:
        typer.echo(_document(done, dry_run=dry_run))
        return
    _print(done, dry_run=dry_run)


def _document(done: "Installation", *, dry_run: bool) -> str:
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "dry_run": dry_run,
            "written": [str(path) for path in done.written],
            "unchanged": [str(path) for path in done.unchanged],
            "kept": [str(path) for path in done.kept],
            "warnings": list(done.warnings),
            "next_steps": list(done.next_steps),
        },
        indent=2,
    )


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
