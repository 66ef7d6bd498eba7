"""What verbs share that speak with something that runs: where it listens, how it is asked, how they fail."""

import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import typer

REFUSED = 1
UNAVAILABLE = 69


def runtime_socket(name: str) -> Path:
    """Where something listens unless told otherwise: one place per user."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"qkdctl-{name}-{os.getuid()}.sock"


def order(control: Path, request: dict[str, Any], started_by: str) -> dict[str, Any]:
    """Send a request and return the reply, or end the verb with an error.

    Args:
        control: unix socket, see `hil_sim.control`.
        request: with its verb.
        started_by: command that starts what should listen there.
    """
    from hil_sim.control_client import ask  # noqa: PLC0415 -- only verbs that ask need sockets

    try:
        reply = ask(control, request)
    except OSError as error:
        hint = f"start one with '{started_by}', or name its socket with --control"
        fail(f"no simulator listens at {control}: {error.strerror or error}", hint, UNAVAILABLE)
    if not reply["ok"]:
        fail(str(reply["error"]), "", REFUSED)
    return reply


def fail(error: str, hint: str, code: int) -> NoReturn:
    """Say what is wrong and end with a code."""
    typer.echo(f"error: {error}" + (f"\nhint: {hint}" if hint else ""), err=True)
    raise typer.Exit(code)
